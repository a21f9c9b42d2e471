"""The cases of run_ops.py: for each operator and opset the nodes that are tried.

A case is one node. Its inputs are arrays; `Const` ones are initializers. `dims`
marks sizes that the model leaves open: {input: [1 or None, ...]}; equal sizes
share a symbol there.
"""

import functools
import warnings
from dataclasses import dataclass, field

import numpy as np
import onnx.defs

# The opsets that qopt reads.
FIRST, LAST = 7, 28


@dataclass
class Const:
    value: np.ndarray


@dataclass
class Case:
    op: str
    inputs: list
    attributes: dict = field(default_factory=dict)
    outputs: int = 1
    dims: dict = field(default_factory=dict)
    # Relative to the largest expected value; with `cancels` to the one that the
    # magnitudes of the inputs have: a sum is as exact as its terms are large.
    tolerance: float = 2e-6
    cancels: bool = False


class Cases:
    """Collects the cases of one opset; `since` has the operators that change there, with their version."""

    def __init__(self, opset, since):
        self.opset = opset
        self.since = since
        self.random = np.random.default_rng(opset)
        self.all = []

    def has(self, op, version):
        return self.since.get(op, 99) >= version

    def make(self, shape, dtype="float32", low=-3, high=3):
        if dtype == "bool":
            return np.asarray(self.random.random(shape) < 0.5)
        if dtype.startswith("float"):
            return np.asarray(self.random.uniform(low, high, shape), dtype=dtype)
        low = max(low, 0) if dtype.startswith("u") else low
        return np.asarray(self.random.integers(low, high, shape, dtype=dtype, endpoint=True))

    def add(self, op, *inputs, outputs=1, dims=None, tolerance=2e-6, cancels=False, **attributes):
        if op in self.since:
            self.all.append(Case(op, list(inputs), attributes, outputs, dims or {}, tolerance, cancels))


def ints(*values):
    return Const(np.array(values, dtype=np.int64))


@functools.cache
def schema_versions():
    """{operator: the versions of its schema that opsets 7..28 have}"""
    versions = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "" and schema.since_version <= LAST:
            versions.setdefault(schema.name, set()).add(schema.since_version)
    current = {op: max((v for v in own if v <= FIRST), default=LAST + 1) for op, own in versions.items()}
    return {op: {v for v in own if v >= min(FIRST, current[op])} for op, own in versions.items()}


def cases_of(opset, only=None):
    """Each version once: at its own opset, or at the first that we read."""
    from blocks import BLOCKS
    from layout import LAYOUT
    from pointwise import POINTWISE

    since = {}
    for op, versions in schema_versions().items():
        for version in versions:
            if max(version, FIRST) == opset and (not only or op in only):
                since[op] = version
    collected = Cases(opset, since)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group in [*POINTWISE, *LAYOUT, *BLOCKS]:
            group(collected)
    return collected.all

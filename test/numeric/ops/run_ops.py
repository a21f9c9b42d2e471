#!/usr/bin/env python3
"""Runs every operator at every version of its schema and compares with ONNX.

usage: run_ops.py --qopt BIN --work DIR [--isa ISA ...] [--only OP] [--opset N]

All nodes of an opset are one model of disconnected nodes, compiled once for all
ISA versions. What they give is compared with onnx.reference.ReferenceEvaluator
(Softmax before opset 13 with ONNX Runtime: the evaluator has only the newer
meaning): integers and booleans exactly, floats relative to the largest value.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import onnx
import onnx.defs
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from cases import GROUPS, Cases, Const

FIRST, LAST = 7, 28
IR_VERSION = 10


def schema_versions():
    """{operator: versions in 7..28 of the standard domain, and the one that 7 has}"""
    versions = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "" and schema.since_version <= LAST:
            versions.setdefault(schema.name, set()).add(schema.since_version)
    return versions


def cases_of(opset, only):
    since = {}
    for op, all_versions in schema_versions().items():
        fitting = [v for v in all_versions if v <= opset]
        if fitting and (not only or op in only):
            version = max(fitting)
            # Each version once: at its own opset, or at the first that we read.
            if version == opset or (opset == FIRST and version < FIRST):
                since[op] = version
    collected = Cases(opset, since)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group in GROUPS:
            group(collected)
    return collected.all


class Batch:
    """Cases of one opset as one model."""

    def __init__(self, opset, cases):
        self.opset, self.cases = opset, cases
        self.nodes, self.inputs, self.constants, self.feeds, self.names = [], [], [], {}, []
        for number, case in enumerate(cases):
            self.add(number, case)

    def add(self, number, case):
        names = []
        for i, value in enumerate(case.inputs):
            name = f"{case.op}_{number}_in{i}"
            if value is None:
                names.append("")
                continue
            names.append(name)
            if isinstance(value, Const):
                self.constants.append(numpy_helper.from_array(np.asarray(value.value), name))
                continue
            value = np.asarray(value)
            shape = list(value.shape)
            for d, is_open in enumerate(case.dims.get(i, [])):
                shape[d] = f"n{shape[d]}" if is_open else shape[d]
            kind = helper.np_dtype_to_tensor_dtype(value.dtype)
            self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
            self.feeds[name] = value
        outputs = [f"{case.op}_{number}_out{i}" for i in range(case.outputs)]
        self.names.append(outputs)
        self.nodes.append(helper.make_node(case.op, names, outputs, name=f"{case.op}_{number}", **case.attributes))

    def model(self, expected):
        outputs = []
        for case, names in zip(self.cases, self.names):
            open_sizes = any(any(sizes) for sizes in case.dims.values())
            for name in names:
                value = expected[name]
                kind = helper.np_dtype_to_tensor_dtype(value.dtype)
                shape = [None] * value.ndim if open_sizes else value.shape
                outputs.append(helper.make_tensor_value_info(name, kind, shape))
        graph = helper.make_graph(self.nodes, "ops", self.inputs, outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=IR_VERSION)

    def expected(self):
        results = {}
        for case, node, names in zip(self.cases, self.nodes, self.names):
            inputs = [v for v in self.inputs if v.name in node.input]
            constants = [v for v in self.constants if v.name in node.input]
            outputs = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in names]
            graph = helper.make_graph([node], "op", inputs, outputs, constants)
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=IR_VERSION)
            feeds = {v.name: self.feeds[v.name] for v in inputs}
            with np.errstate(all="ignore"):
                if case.op == "Softmax" and self.opset < 13:
                    values = run_onnxruntime(model, feeds)
                else:
                    values = ReferenceEvaluator(model).run(None, feeds)
            for name, value in zip(names, values):
                results[name] = np.asarray(value)
        return results


def run_onnxruntime(model, feeds):
    import onnxruntime

    for output in model.graph.output:
        output.type.tensor_type.elem_type = TensorProto.FLOAT
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def difference(got, wanted, tolerance):
    """What is wrong, or None."""
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        return f"expected {wanted.dtype}{list(wanted.shape)}, got {got.dtype}{list(got.shape)}"
    if not np.issubdtype(wanted.dtype, np.floating):
        wrong = np.count_nonzero(got != wanted)
        return f"{wrong} of {wanted.size} elements differ" if wrong else None
    got, wanted = got.astype(np.float64), wanted.astype(np.float64)
    if not np.array_equal(np.isnan(got), np.isnan(wanted)):
        return "NaN at other places"
    finite = np.isfinite(wanted)
    if not np.array_equal(got[~finite & ~np.isnan(wanted)], wanted[~finite & ~np.isnan(wanted)]):
        return "infinities at other places"
    if not finite.any():
        return None
    scale = max(np.abs(wanted[finite]).max(), 1e-30)
    worst = np.abs(got[finite] - wanted[finite]).max() / scale
    return None if worst <= tolerance else f"largest difference {worst:.2e} of the largest value, allowed {tolerance:.0e}"


def run_batch(arguments, batch, folder):
    """The messages of what failed."""
    folder.mkdir(parents=True, exist_ok=True)
    expected = batch.expected()
    model, artifact = folder / "model.onnx", folder / "model.qopt"
    onnx.save(batch.model(expected), model)
    compiled = subprocess.run(
        [arguments.qopt, "compile", str(model), "-o", str(artifact), "--force"], capture_output=True, text=True
    )
    if compiled.returncode:
        return [f"opset {batch.opset}: compile failed:\n{compiled.stderr}"]
    inputs = []
    for name, value in batch.feeds.items():
        file = folder / f"{name}.npy"
        np.save(file, value)
        inputs += ["--input", f"{name}={file}"]
    failures = []
    for isa in arguments.isa:
        output = folder / f"{isa}.npz"
        ran = subprocess.run(
            [arguments.qopt, "run", str(artifact), *inputs, "--output", str(output)],
            capture_output=True, text=True, env={**os.environ, "QOPT_ISA": isa},
        )
        if ran.returncode:
            failures.append(f"opset {batch.opset} {isa}: run failed: {ran.stderr}")
            continue
        results = np.load(output)
        for case, names in zip(batch.cases, batch.names):
            for name in names:
                wrong = difference(results[name], expected[name], case.tolerance)
                if wrong:
                    shown = {k: v for k, v in case.attributes.items() if not hasattr(v, "raw_data")}
                    shapes = [None if v is None else getattr(v, "value", v).shape for v in case.inputs]
                    failures.append(f"opset {batch.opset} {isa} {name} {shown} {shapes}: {wrong}")
    return failures


def runnable_isas():
    flags = set()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            flags = set(line.split(":")[1].split())
            break
    isas = ["x86-64"]
    if {"avx2", "fma", "f16c", "bmi2"} <= flags:
        isas.append("x86-64-v3")
    if {"avx512f", "avx512vl", "avx512bw", "avx512dq", "avx512cd"} <= flags:
        isas.append("x86-64-v4")
    return isas


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--qopt", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--isa", nargs="*", default=runnable_isas())
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--opset", nargs="*", type=int, default=range(FIRST, LAST + 1))
    arguments = parser.parse_args()
    failures, count = [], 0
    for opset in arguments.opset:
        cases = cases_of(opset, arguments.only)
        if not cases:
            continue
        count += len(cases)
        found = run_batch(arguments, Batch(opset, cases), arguments.work / f"opset{opset}")
        failures += found
        print(f"opset {opset}: {len(cases)} nodes, {len(found)} failures", flush=True)
    print("\n".join(failures))
    print(f"{count} nodes on {', '.join(arguments.isa)}: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

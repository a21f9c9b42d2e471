"""Checks that run_ops.py tries every operator of the supported files at every version of its schema."""

import os
import pathlib
import sys

import onnx
from cases import FIRST, LAST, cases_of, schema_versions

# The operators of the five files that the decoders and the encoder come from.
FILES = [
    "tinystories-7m/optimum-opset17", "tinystories-7m/dynamo-opset18", "tinystories-7m/dynamo-opset23",
    "tinystories-7m/dynamo-f16", "minilm-l6",
]  # fmt: skip
OPERATORS = set("""
    Add And Attention Cast Concat Constant ConstantOfShape Cos Div Equal Erf Expand Flatten Gather GatherND IsNaN
    LayerNormalization LessOrEqual MatMul Max Mul Neg Pow RMSNormalization Range Reciprocal ReduceMean Reshape
    RotaryEmbedding Shape Sigmoid Sin Slice Softmax Sqrt Squeeze Sub Transpose Unsqueeze Where
""".split())


def operators_of(graph):
    for node in graph.node:
        yield node.domain, node.op_type
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from operators_of(attribute.g)


def found_in_files():
    """The operators of the files that are there."""
    for name in FILES:
        path = pathlib.Path(os.environ["QOPT_MODELS"]) / name / "model.onnx"
        if path.exists():
            yield from operators_of(onnx.load(path, load_external_data=False).graph)
        else:
            print(f"{name} is missing: its operators are taken from the list")


wrong = [f"{op} of {domain or 'the standard domain'} is not listed" for domain, op in sorted(set(found_in_files()))
         if domain or op not in OPERATORS]  # fmt: skip
tried = {}
for opset in range(FIRST, LAST + 1):
    for case in cases_of(opset):
        tried.setdefault(case.op, set()).add(opset)
for op in sorted(OPERATORS):
    versions = {max(version, FIRST) for version in schema_versions()[op]}
    wrong += [f"{op} of opset {version} has no case" for version in sorted(versions - tried.get(op, set()))]
print("\n".join(wrong))
print(f"{len(OPERATORS)} operators, {sum(map(len, tried.values()))} versions of {len(tried)} operators are tried")
sys.exit(bool(wrong))

"""scale_weights.py MODEL OUT: the same decoder with weights multiplied, and Mul nodes that take it back.

All factors are powers of two, so every product is exact: folded, the weights are those of MODEL bit for bit.
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper

model = onnx.load(sys.argv[1])
graph = model.graph
random = np.random.default_rng(0)
weights = {tensor.name: tensor for tensor in graph.initializer}
nodes = []


def multiply(name, factor):
    """Multiplies a weight, which stays in its type."""
    values = numpy_helper.to_array(weights[name])
    scaled = (values.astype(np.float64) * factor).astype(values.dtype)
    assert np.array_equal(scaled.astype(np.float64) / factor, values.astype(np.float64)), f"{name}: not exact"
    weights[name].CopyFrom(numpy_helper.from_array(scaled, name))


def constant(name, values):
    graph.initializer.append(numpy_helper.from_array(np.asarray(values, np.float16), name))
    return name


def powers(count):
    return np.exp2(random.integers(-3, 0, count))


down_projections = norms = 0
for node in graph.node:
    weight = next((name for name in node.input if name in weights), "")
    if node.op_type == "MatMul" and weight and list(weights[weight].dims) == [768, 256]:
        columns, rows = powers(768), powers(256)
        multiply(weight, 1 / np.outer(columns, rows))
        scaled, result = f"{node.name}.input", node.output[0]
        nodes.append(helper.make_node("Mul", [node.input[0], constant(f"{node.name}.columns", columns)], [scaled], scaled))
        node.input[0], node.output[0] = scaled, f"{node.name}.output"
        nodes += [node, helper.make_node("Mul", [constant(f"{node.name}.rows", rows), node.output[0]], [result], f"{node.name}.scaled")]
        down_projections += 1
    elif node.op_type == "Mul" and weight.endswith("layernorm.weight"):
        multiply(weight, 4)
        result, node.output[0] = node.output[0], f"{node.name}.output"
        nodes += [node, helper.make_node("Div", [node.output[0], constant(f"{node.name}.four", 4)], [result], f"{node.name}.scaled")]
        norms += 1
    else:
        nodes.append(node)
assert down_projections == 8 and norms == 16, (down_projections, norms)
del graph.node[:]
graph.node.extend(nodes)
path = pathlib.Path(sys.argv[2])
path.parent.mkdir(parents=True, exist_ok=True)
onnx.save(model, path)

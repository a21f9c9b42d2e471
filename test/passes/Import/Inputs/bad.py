"""Writes ONNX files with one fault each: bad.py FOLDER."""

import os
import sys

import numpy as np
from onnx import TensorProto, helper as h, numpy_helper

OUT = sys.argv[1]
F32, I64 = TensorProto.FLOAT, TensorProto.INT64


def value(name, shape=(2, 3), dtype=F32):
    return h.make_tensor_value_info(name, dtype, shape)


def save(name, nodes, inputs=None, outputs=None, initializers=(), opset=17, ir=8, sparse=(), **fields):
    inputs = inputs if inputs is not None else [value("x")]
    outputs = outputs if outputs is not None else [value("y")]
    graph = h.make_graph(nodes, "g", inputs, outputs, list(initializers), sparse_initializer=list(sparse))
    imports = [h.make_opsetid("", opset)] if opset else []
    model = h.make_model(graph, ir_version=ir, opset_imports=imports, **fields)
    if not opset:
        del model.opset_import[:]
    with open(os.path.join(OUT, name + ".onnx"), "wb") as file:
        file.write(model.SerializeToString())
    return model


def external(name, location, offset=None, length=None, count=100):
    tensor = TensorProto(name="w", data_type=F32, dims=[count])
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", offset), ("length", length)):
        if text is not None:
            tensor.external_data.add(key=key, value=str(text))
    save(name, [h.make_node("Add", ["x", "w"], ["y"], name="sum")], [value("x", [count])],
         [value("y", [count])], [tensor])


relu = h.make_node("Relu", ["x"], ["y"], name="act")
os.makedirs(OUT, exist_ok=True)

# The container.
weight = numpy_helper.from_array(np.ones(1000, np.float32), "w")
whole = save("whole", [h.make_node("Add", ["x", "w"], ["y"])], [value("x", [1000])], [value("y", [1000])], [weight])
data = whole.SerializeToString()
for name, content in {
    "truncated": data[:2000],
    "text": b"hello, world\n" * 100,
    "zeros": bytes(1000),
    "empty": b"",
    "damaged": data[:20] + b"\x03\xff" + data[22:],
}.items():
    with open(os.path.join(OUT, name + ".onnx"), "wb") as file:
        file.write(content)
with open(os.path.join(OUT, "large.onnx"), "wb") as file:
    file.truncate((1 << 31) + 10)
os.makedirs(os.path.join(OUT, "folder.onnx"), exist_ok=True)

# Versions.
save("opset-new", [relu], opset=29)
save("opset-old", [relu], opset=6)
save("opset-none", [relu], opset=None)
save("ir-new", [relu], ir=15)
save("ir-old", [relu], ir=2)
model = save("no-graph", [relu])
model.ClearField("graph")
with open(os.path.join(OUT, "no-graph.onnx"), "wb") as file:
    file.write(model.SerializeToString())

# Names.
save("cyclic", [h.make_node("Add", ["x", "b"], ["a"], name="first"), h.make_node("Relu", ["a"], ["b"], name="second"),
                h.make_node("Relu", ["b"], ["y"], name="third")])
save("unsorted", [h.make_node("Relu", ["a"], ["y"], name="late"), h.make_node("Relu", ["x"], ["a"], name="early")])
save("undefined", [h.make_node("Relu", ["nowhere"], ["y"], name="act")])
save("undefined-output", [relu], outputs=[value("z")])
save("duplicate-value", [relu, h.make_node("Abs", ["x"], ["y"], name="again")])
save("duplicate-input", [relu], [value("x"), value("x")])
small = numpy_helper.from_array(np.ones(3, np.float32), "w")
save("duplicate-initializer", [relu], initializers=[small, small])
save("no-domain", [h.make_node("Relu", ["x"], ["y"], name="act", domain="ai.onnx.ml")])

# Nodes that break their schema, types and shapes that do not fit.
save("attribute", [h.make_node("Relu", ["x"], ["y"], name="act", alpha=1.0)])
save("arity", [h.make_node("Add", ["x"], ["y"], name="sum")])
save("shapes", [h.make_node("MatMul", ["x", "v"], ["y"], name="product")], [value("x", [2, 3]), value("v", [4, 5])],
     [value("y", [2, 5])])
save("types", [h.make_node("Add", ["x", "i"], ["y"], name="sum")], [value("x"), value("i", (2, 3), I64)])

# Element types, tensors.
save("string-input", [relu], [value("x"), value("s", ["n"], TensorProto.STRING)])
save("string-tensor", [relu], initializers=[h.make_tensor("s", TensorProto.STRING, [1], [b"text"])])
save("complex-input", [relu], [value("x"), value("c", ["n"], TensorProto.COMPLEX64)])
save("unknown-type", [relu], initializers=[TensorProto(name="w", data_type=99, dims=[2], raw_data=bytes(8))])
save("uint4-large", [relu],
     initializers=[TensorProto(name="w", data_type=TensorProto.UINT4, dims=[200], raw_data=bytes(100))])
save("negative", [relu], initializers=[TensorProto(name="w", data_type=F32, dims=[-2], raw_data=bytes(8))])
save("short-data", [relu], initializers=[TensorProto(name="w", data_type=F32, dims=[100], raw_data=bytes(300))])
save("sparse", [relu], sparse=[h.make_sparse_tensor(
    numpy_helper.from_array(np.ones(1, np.float32), "s"), numpy_helper.from_array(np.zeros(1, np.int64), "i"), [3])])
sequence = h.make_tensor_sequence_value_info("q", F32, [2])
save("sequence", [relu, h.make_node("SequenceConstruct", ["x"], ["q"], name="list")])
save("no-shape", [relu], [h.make_tensor_value_info("x", F32, None)])

# External data.
with open(os.path.join(OUT, "short.data"), "wb") as file:
    file.write(bytes(399))
external("external-missing", "missing.data")
external("external-short", "short.data")
external("external-offset", "short.data", offset=1 << 63, length=400)
external("external-length", "short.data", length=100)
external("external-number", "short.data", offset="ten")
external("external-absolute", "/etc/passwd", count=4)
external("external-climbing", "a/../../secret", count=4)
external("external-folder", "folder.onnx")
external("external-nowhere", None)
os.mkfifo(os.path.join(OUT, "pipe.data"))
os.symlink("/dev/zero", os.path.join(OUT, "device.data"))
for kind in ("pipe", "device"):
    external("external-" + kind, kind + ".data", offset=0, length=400)
    external("small-" + kind, kind + ".data", count=4)  # read at once

# Functions.
loop = h.make_function("local", "F", ["x"], ["y"], [h.make_node("F", ["x"], ["y"], domain="local")],
                       [h.make_opsetid("", 17), h.make_opsetid("local", 1)])
model = save("recursive", [h.make_node("F", ["x"], ["y"], name="call", domain="local")], functions=[loop])

"""Writes ONNX files that show what the import makes of them: good.py FOLDER."""

import os
import sys

import numpy as np
from onnx import TensorProto, helper as h, numpy_helper

OUT = sys.argv[1]
F32, F16, I64, BOOL = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64, TensorProto.BOOL


def value(name, shape=(2, 3), dtype=F32):
    return h.make_tensor_value_info(name, dtype, shape)


def array(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.array(values, dtype), name)


def save(name, nodes, inputs=None, outputs=None, initializers=(), opset=17, ir=8, domains=(), **fields):
    inputs = inputs if inputs is not None else [value("x")]
    outputs = outputs if outputs is not None else [value("y")]
    graph = h.make_graph(nodes, "g", inputs, outputs, list(initializers))
    imports = [h.make_opsetid("", opset)] + [h.make_opsetid(domain, 1) for domain in domains]
    model = h.make_model(graph, ir_version=ir, opset_imports=imports, **fields)
    with open(os.path.join(OUT, name + ".onnx"), "wb") as file:
        file.write(model.SerializeToString())


os.makedirs(OUT, exist_ok=True)

# Names of sizes; outputs that are inputs or constants; an initializer that is an input too.
save("interface", [h.make_node("Add", ["x", "w"], ["y"], name="sum")],
     [value("x", ["batch", "past + sequence", None, 4]), value("w", [4]), value("b", ["n m"], BOOL)],
     [value("y", ["batch", "past + sequence", None, 4]), value("x", ["batch", "past + sequence", None, 4]),
      value("w", [4])], [array("w", [1, 2, 3, 4])])

# Element types of constants, and where they stand.
large = np.arange(100)
save("constants", [
    h.make_node("Constant", [], ["i"], name="integer", value_int=7),
    h.make_node("Constant", [], ["l"], name="list", value_ints=[1, 2]),
    h.make_node("Constant", [], ["f"], name="float", value_float=0.5),
    h.make_node("Constant", [], ["t"], name="tensor", value=array("", large.reshape(10, 10))),
    h.make_node("Relu", ["x"], ["y"]),
], initializers=[
    array("bool", [True, False, True], bool), array("u8", [200, 1], np.uint8), array("half", [1.5], np.float16),
    h.make_tensor("bf16", TensorProto.BFLOAT16, [2], [1.0, -2.0]), h.make_tensor("u4", TensorProto.UINT4, [3], [1, 15, 7]),
    h.make_tensor("i64", I64, [2], [-1, 1 << 40]), array("none", np.zeros([0, 4])),
    h.make_tensor("floats", F32, [100], large), h.make_tensor("ints", I64, [100], large),
    array("raw", large, np.int32)])

# Subgraphs see the values around them; their constants are weights of the module.
then = h.make_graph([h.make_node("Add", ["x", "k"], ["t"], name="plus")], "then", [], [value("t", None)],
                    [array("k", [1, 2, 3])])
other = h.make_graph([h.make_node("Mul", ["x", "k"], ["t"], name="times")], "other", [], [value("t", None)],
                     [array("k", np.ones([100, 2, 3]))])
save("subgraphs", [h.make_node("If", ["c"], ["y"], name="choice", then_branch=then, else_branch=other)],
     [value("x"), value("c", [], BOOL)], [value("y", None)])

# Optional inputs and outputs that are absent; unknown operators and domains.
save("optional", [
    h.make_node("Clip", ["x", "", "m"], ["a"], name="clip"),
    h.make_node("Dropout", ["a"], ["b", ""], name="drop"),
    h.make_node("Mystery", ["b"], ["c"], name="unknown", power=2.0, words=["u", "v"]),
    h.make_node("Riddle", ["c"], ["y"], name="foreign", domain="com.example"),
], initializers=[array("m", 6)], domains=["com.example"])

# Functions: attributes by reference and default, nested calls, names that clash, an output that is an input.
inner = h.make_function("local", "Scale", ["v"], ["r"], [
    h.make_node("Constant", [], ["k"], name="k"),
    h.make_node("Mul", ["v", "k"], ["r"], name="product"),
], [h.make_opsetid("", 17)], attributes=["factor"])
inner.node[0].attribute.add(name="value_float", ref_attr_name="factor", type=1)
outer = h.make_function("local", "Twice", ["v", "w"], ["r", "v"], [
    h.make_node("Scale", ["v"], ["a"], name="scale", domain="local"),
    h.make_node("Softmax", ["a"], ["r"], name="soft"),
], [h.make_opsetid("", 17), h.make_opsetid("local", 1)], attribute_protos=[h.make_attribute("factor", 3.0)])
outer.node[0].attribute.add(name="factor", ref_attr_name="factor", type=1)
outer.node[1].attribute.add(name="axis", ref_attr_name="axis", type=2)
outer.attribute.append("axis")
save("functions", [
    h.make_node("Twice", ["x"], ["a", "same"], name="first", domain="local", axis=0),
    h.make_node("Twice", ["a"], ["y"], name="second", domain="local", factor=5.0),
], outputs=[value("y"), value("same")], domains=["local"], functions=[outer, inner])

# A function written for an older opset than the model's.
old = h.make_function("local", "Old", ["v"], ["r"], [h.make_node("Squeeze", ["v"], ["r"], name="squeeze", axes=[0])],
                      [h.make_opsetid("", 11)])
save("function-opset", [h.make_node("Old", ["x"], ["y"], name="call", domain="local")],
     [value("x", [1, 3])], [value("y", [3])], domains=["local"], functions=[old])

# Old schema versions.


def unary(node, **attributes):
    return h.make_node(node, ["x"], ["y"], name="node", **attributes)


save("squeeze-11", [unary("Unsqueeze", axes=[0, 2])], outputs=[value("y", None)], opset=11)
save("reduce-sum-11", [unary("ReduceSum", axes=[1], keepdims=0)], outputs=[value("y", None)], opset=11)
save("reduce-mean-17", [unary("ReduceMean", axes=[-1])], outputs=[value("y", None)], opset=17)
save("reduce-mean-18", [h.make_node("ReduceMean", ["x", "a"], ["y"], name="node")], outputs=[value("y", None)],
     initializers=[array("a", [-1], np.int64)], opset=18)
save("slice-9", [unary("Slice", starts=[1], ends=[3], axes=[1])], outputs=[value("y", None)], opset=9)
save("clip-6", [unary("Clip", max=6.0)], [value("x", [3], F16)], [value("y", [3], F16)], opset=10)
save("pad-2", [unary("Pad", pads=[0, 1, 0, 1], value=2.0)], outputs=[value("y", None)], opset=10)
save("split-11", [h.make_node("Split", ["x"], ["y", "z"], name="node", axis=1, split=[1, 2])],
     outputs=[value("y", None), value("z", None)], opset=11)
save("split-13", [h.make_node("Split", ["x"], ["y", "z"], name="node", axis=1)],
     outputs=[value("y", None), value("z", None)], opset=13, inputs=[value("x", [2, 4])])
save("topk-9", [h.make_node("TopK", ["x"], ["y", "i"], name="node", k=2)], outputs=[value("y", None)], opset=9)
save("dropout-10", [unary("Dropout", ratio=0.25)], opset=10)
save("softmax-11", [unary("Softmax")], opset=11)
save("softmax-13", [unary("Softmax")], opset=13)
image = dict(inputs=[value("x", [1, 1, 2, 2])], outputs=[value("y", None)])
save("upsample-7", [unary("Upsample", scales=[1.0, 1.0, 2.0, 2.0], mode="nearest")], opset=7, **image)
save("resize-10", [h.make_node("Resize", ["x", "s"], ["y"], name="node", mode="linear")],
     initializers=[array("s", [1, 1, 2, 2])], opset=10, **image)

# External data: through a link, past 4 GiB, without a length; small tensors are read.
os.makedirs(os.path.join(OUT, "blobs"), exist_ok=True)
with open(os.path.join(OUT, "blobs", "blob"), "wb") as file:
    file.truncate(5 << 30)
    file.seek(0)
    file.write(np.array([1, 2, 3], np.float32).tobytes())
link = os.path.join(OUT, "linked.data")
if not os.path.lexists(link):
    os.symlink(os.path.join("blobs", "blob"), link)


def external(name, shape, location, offset=None):
    tensor = TensorProto(name=name, data_type=F32, dims=shape, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    if offset is not None:
        tensor.external_data.add(key="offset", value=str(offset))
    return tensor


save("external", [h.make_node("Sum", ["x", "s", "w"], ["y"], name="sum")], [value("x", [100, 3])], [value("y", [100, 3])],
     [external("s", [3], "linked.data"), external("w", [100, 3], "unused/../blobs/blob", (4 << 30) + 16)])

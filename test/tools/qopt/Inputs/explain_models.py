"""Small models for `qopt explain`: what is not fused, and what cannot be compiled; a recipe for TinyStories."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F = TensorProto.FLOAT


def save(name, nodes, outputs, domains=(), constants={}, weight=(16, 16)):
    weights = [numpy_helper.from_array(np.ones(weight, np.float32), "w"),
               *(numpy_helper.from_array(np.array([value]), key) for key, value in constants.items())]
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info(n, F, ["n", weight[0]]) for n in "xy"],
        [helper.make_tensor_value_info(n, F, shape) for n, shape in outputs], weights)
    imports = [helper.make_opsetid("", 18), *(helper.make_opsetid(domain, 1) for domain in domains)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=9), f"{sys.argv[1]}/{name}.onnx")


save("remarks", [
    helper.make_node("MatMul", ["x", "w"], ["twice"], "used_twice"),
    helper.make_node("Add", ["twice", "y"], ["sum"], "sum"),
    helper.make_node("Neg", ["twice"], ["negated"], "neg"),
    helper.make_node("Transpose", ["y"], ["turned"], "turn", perm=[1, 0]),
    helper.make_node("MatMul", ["x", "turned"], ["scores"], "of_two"),
], [("sum", ["n", 16]), ("negated", ["n", 16]), ("scores", ["n", "n"])])
save("long", [helper.make_node("MatMul", ["x", "w"], ["z"], "long")], [("z", ["n", 3])], weight=(70000, 3))
save("refused", [
    helper.make_node("Det", ["w"], ["d"], "a_determinant"),
    helper.make_node("Neg", ["x"], ["negated"], "neg"),
    helper.make_node("Hardmax", ["x"], ["s"], "a_choice"),
], [("d", []), ("negated", ["n", 16]), ("s", ["n", 16])])
save("unknown_rank", [  # the half of what nobody knows the rank of is turned
    helper.make_node("Frobnicate", ["x"], ["u"], "an_invention"),
    helper.make_node("Slice", ["u", "eight", "sixteen", "last"], ["high"], "high"),
    helper.make_node("Slice", ["u", "zero", "eight", "last"], ["low"], "low"),
    helper.make_node("Neg", ["high"], ["negative"], "negative"),
    helper.make_node("Concat", ["negative", "low"], ["turned"], "turned", axis=-1),
    helper.make_node("Mul", ["turned", "x"], ["q"], "q"),
    helper.make_node("Mul", ["u", "x"], ["p"], "p"),
    helper.make_node("Add", ["p", "q"], ["z"], "sum"),
], [("z", ["n", 16])], constants={"zero": 0, "eight": 8, "sixteen": 16, "last": -1})
save("unknown_op", [helper.make_node("Frobnicate", ["x"], ["z"], "an_invention")], [("z", ["n", 16])])
save("unknown_domain", [helper.make_node("Scale", ["x"], ["z"], "a_stranger", domain="org.example")], [("z", ["n", 16])], ["org.example"])
with open(f"{sys.argv[1]}/down.yaml", "w") as file:
    file.write("""\
rules:
  - match: {role: head}
    format: int8-channel
    activations: int8-token
  - match: {path: "*.0.mlp.down_proj"}
    format: {codes: s4, block: 160, scale: f16}
    method: {name: rtn, steps: 20}
    activations: int8-block
""")

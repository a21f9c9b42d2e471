"""product.py FILE [NAME]: a product of dynamic rows, whose number has a name, 512 x 256, as ONNX."""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

rows = sys.argv[2] if len(sys.argv) > 2 else "rows"
weight = np.random.default_rng(1).standard_normal((512, 256)).astype(np.float32)
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [rows, size]) for name, size in (("x", 512), ("y", 256)))
graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], "product", [x], [y],
                          [numpy_helper.from_array(weight, "w")])
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), sys.argv[1])

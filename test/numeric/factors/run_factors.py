"""run_factors.py DIR: constant factors beside weights, folded into them and not, compared with ONNX's reference.

One model of disconnected parts is compiled with and without folding (--no-fusion), with floats and with codes. In f32
an output may be off by 1e-5 of its largest value: the weights are rounded once for each factor, which is as much as
the products' own rounding; folded and unfolded are held to the same bound. With codes of 8 bits each weight is off by
at most 1/254 of the largest of its row, and the sum of 96 such errors of both signs by much less than 96 of them: the
bound is 1e-2. The manifest says which weights have factors: those that are expected, and none without folding.
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

# Constants of up to 64 elements are no weights of the file.
K, N, SMALL = 96, 80, 40
TOLERANCE = {"f32": 1e-5, "w8": 1e-2}
ROWS = [1, 7]


class Parts:
    """The parts of the model, and the factors that each weight is expected to have."""

    def __init__(self):
        self.random = np.random.default_rng(0)
        self.nodes, self.constants, self.outputs, self.factors = [], [], [], {}

    def constant(self, name, shape=(), low=-1.0, high=1.0, factors=None, value=None):
        values = self.random.uniform(low, high, shape) if value is None else value
        self.constants.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        if factors:
            self.factors[name] = factors
        return name

    def node(self, op, *inputs, **attributes):
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def product(self, name, columns=N, factors=None, x="x"):
        return self.node("MatMul", x, self.constant(name, (K, columns), factors=factors))

    def rms_norm(self, scale):
        square = self.node("Pow", "x", self.constant(f"{scale}.two", value=2))
        mean = self.node("ReduceMean", square, axes=[-1], keepdims=1)
        root = self.node("Sqrt", self.node("Add", mean, self.constant(f"{scale}.epsilon", value=1e-5)))
        return self.node("Mul", self.node("Div", "x", root), scale)

    def output(self, name, value, columns):
        self.nodes.append(helper.make_node("Identity", [value], [name], name))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", columns]))

    def model(self):
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", K]),
                  helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])]
        graph = helper.make_graph(self.nodes, "parts", inputs, self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.checker.check_model(model, full_check=True)
        return model


def folded_parts(parts):
    c = parts.constant
    scale = parts.rms_norm(c("rms.scale", K, factors=["columns"]))
    parts.output("rms", parts.node("Mul", scale, c("rms.factor", value=1.7)), K)

    scale, bias = c("layer.scale", K, factors=["columns"]), c("layer.bias", K, factors=["columns"])
    normal = parts.node("LayerNormalization", "x", scale, bias, axis=-1)
    parts.output("layer", parts.node("Mul", c("layer.factor", (1, K), 0.5, 3), normal), K)

    parts.output("vector", parts.node("Mul", parts.product("vector.w", factors=["rows"]), c("vector.factor", N, -4, 4)), N)
    parts.output("quotient", parts.node("Div", parts.product("quotient.w", factors=["rows"]), c("eight", value=-8)), N)

    sum_ = parts.node("Add", parts.product("bias.w", factors=["rows"]), c("bias.b", N, -20, 20, factors=["columns"]))
    parts.output("bias", parts.node("Mul", sum_, c("bias.factor", N, 0.1, 2)), N)

    small = parts.node("Add", c("small.b", SMALL, -20, 20), parts.product("small.w", SMALL, factors=["rows"]))
    parts.output("small", parts.node("Mul", small, c("small.factor", SMALL, 0.1, 2)), SMALL)
    parts.factors["constant.scaled"] = ["columns"]

    input_ = parts.node("Mul", "x", c("columns.factor", K, 0.25, 2))
    parts.output("columns.a", parts.product("columns.a.w", factors=["columns"], x=input_), N)
    parts.output("columns.b", parts.product("columns.b.w", SMALL, factors=["columns"], x=input_), SMALL)

    both = parts.product("both.w", factors=["rows", "columns"], x=parts.node("Mul", c("both.half", (1, 1), value=0.3), "x"))
    both = parts.node("Mul", parts.node("Mul", both, c("both.scalar", value=[0.7])), c("both.vector", N, -2, 2))
    parts.output("both", both, N)

    rows = parts.node("Gather", c("table", (64, K), factors=["columns"]), "ids")
    parts.output("embedding", parts.node("Mul", rows, c("root", value=np.sqrt(K))), K)

    weight, bias = c("gemm.w", (N, K), factors=["rows"]), c("gemm.b", N, -20, 20, factors=["columns"])
    parts.output("gemm", parts.node("Gemm", "x", weight, bias, alpha=0.3, beta=1.5, transB=1), N)


def other_parts(parts):
    """The same nodes where nothing folds."""
    c = parts.constant
    twice = parts.product("twice.w")
    parts.output("twice", parts.node("Sub", parts.node("Mul", twice, c("twice.factor", value=3)), twice), N)
    parts.output("third", parts.node("Div", parts.product("third.w"), c("three", value=3)), N)
    table = c("tied.table", (64, K))
    rows = parts.node("Mul", parts.node("Gather", table, "ids"), c("tied.factor", value=0.4))
    parts.output("tied.rows", rows, K)
    parts.output("tied.head", parts.node("MatMul", "x", parts.node("Transpose", table, perm=[1, 0])), 64)
    parts.output("tensors", parts.node("Mul", parts.product("left.w"), parts.product("right.w")), N)


def compile_model(model, artifact, recipe, options):
    subprocess.run(["qopt", "compile", model, "-o", artifact, "--recipe", recipe, "--target", "host", "--force", *options],
                   check=True, capture_output=True, text=True)
    weights = json.loads((artifact / "manifest.json").read_text())["weights"]
    return {w["name"].removesuffix(".transposed"): w["factors"] for w in weights if "factors" in w}


def run(artifact, feeds, folder):
    np.savez(folder / "inputs.npz", **feeds)
    subprocess.run(["qopt", "run", artifact, "--input", folder / "inputs.npz", "--output", folder / "outputs.npz"],
                   check=True, capture_output=True, text=True)
    with np.load(folder / "outputs.npz") as outputs:
        return dict(outputs)


def largest_difference(got, expected):
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    return np.abs(got - expected).max() / np.abs(expected).max()


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    parts = Parts()
    folded_parts(parts)
    other_parts(parts)
    model = parts.model()
    path = folder / "model.onnx"
    onnx.save(model, path)
    names = [output.name for output in model.graph.output]
    random = np.random.default_rng(1)
    batches = [{"x": random.standard_normal((n, K)).astype(np.float32), "ids": random.integers(0, 64, n)} for n in ROWS]
    evaluator = ReferenceEvaluator(model)
    failures = []
    for recipe, tolerance in TOLERANCE.items():
        for way, options in {"folded": [], "unfolded": ["--no-fusion"]}.items():
            artifact = folder / f"{recipe}-{way}.qopt"
            found = compile_model(path, artifact, recipe, options)
            wanted = parts.factors if way == "folded" else {}
            if found != wanted:
                failures.append(f"{recipe} {way}: expected factors {wanted}, got {found}")
            for feeds in batches:
                outputs = run(artifact, feeds, folder)
                for name, expected in zip(names, evaluator.run(None, feeds)):
                    worst = largest_difference(outputs[name], expected)
                    if not worst <= tolerance:
                        failures.append(f"{recipe} {way} {name}, {len(feeds['x'])} rows: {worst:.2e}, allowed {tolerance:.0e}")
    print("\n".join(failures))
    print(f"{len(names)} outputs, {len(TOLERANCE)} recipes, folded and not: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""odd_shapes.py [--all]: codes of matrices that fit no group, no step and no panel.

Products [M, K] x [N, K] and rows of a table that also is the weight of a product, compiled with recipes of every kind
and compared with numpy, which computes in double from what the codes in the artifact mean. int8 and bf16 activations
are made of the inputs by numpy too, as lib/Formats/Activations.h says, so that these products are held as tightly as
those of floats. A sum of K products has an error of at most K roundings, each half a unit in the last of 24 bits of
what the products amount to, where a weight counts as scale * (index + |zero|), both from the least code on, as kernels
subtract the zero's part from the sum; some more for the factors behind it.

Without --all: some recipes, each for one ISA version, in turn, and fewer shapes. With it: all for all of this machine.
"""

import argparse
import pathlib
import re
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import common
from codes import coded_weights
from low_bit import artifact_isas, machine_isas
from qopt_runtime import Model

# (N, K): of MatMul, the weight [K, N] in the file; of Gemm [N, K], with a bias; of the tied table.
# Constants of up to 64 elements are no weights.
PRODUCTS = [(9, 8), (7, 20), (33, 40), (64, 100), (50, 104), (31, 200), (1, 72), (65, 1), (96, 31), (32, 65)]
GEMMS = [(37, 72), (33, 8), (1, 100), (40, 296)]
QUICK_PRODUCTS, QUICK_GEMMS = [(9, 8), (7, 20)], [(1, 200)]
TABLE = (37, 40)
ROWS = [1, 3, 8, 33]
# What a rule says, and the activations.
RECIPES = {
    "w4": ("int4-g64", "f32"),
    "w4a16": ("int4-g64", "bf16"),
    "w4a8": ("int4-g64", "int8-block"),
    "w4a8-token": ("int4-g64", "int8-token"),
    "w8a8": ("{codes: s8, block: channel, scale: f32}", "int8-token"),
    "w3": ("int3-g64", "f32"),
    "int2-g16": ("int2-g16", "f32"),
    "int2-g16-a8": ("int2-g16", "int8-block"),
    "int8-tensor": ("int8-tensor", "f32"),
    "int8-tensor-a8": ("int8-tensor", "int8-token"),
    "float-zero": ("{codes: u4, block: 32, scale: bf16, zero: f16}", "f32"),
    "float-zero-a8": ("{codes: u5, block: 96, scale: f16, zero: bf16}", "int8-block"),
    "midpoint": ("{codes: u7, block: 128, scale: f32, zero: midpoint}", "bf16"),
}
QUICK = ["w4", "w8a8", "w3", "int2-g16", "int8-tensor", "float-zero-a8"]
UNIT = 2.0**-24  # half of the last of 24 bits


def make_model(path, products, gemms):
    random = np.random.default_rng(0)
    nodes, inputs, outputs, constants = [], {}, [], []

    def product(op, N, K, **attributes):
        name = f"{op}_{N}x{K}"
        weight = random.standard_normal((N, K)).astype(np.float32) * np.exp2(random.integers(-3, 2, (N, 1))).astype(np.float32)
        constants.append(numpy_helper.from_array(np.ascontiguousarray(weight if op == "Gemm" else weight.T), name + ".weight"))
        operands = [f"x_{K}", name + ".weight"]
        if op == "Gemm":
            constants.append(numpy_helper.from_array(random.standard_normal(N).astype(np.float32), name + ".bias"))
            operands.append(name + ".bias")
        inputs[f"x_{K}"] = K
        nodes.append(helper.make_node(op, operands, [name], name, **attributes))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["m", N]))

    for N, K in products:
        product("MatMul", N, K)
    for N, K in gemms:
        product("Gemm", N, K, transB=1)
    N, K = TABLE
    constants.append(numpy_helper.from_array(random.standard_normal((N, K)).astype(np.float32), "table"))
    nodes.append(helper.make_node("Gather", ["table", "ids"], ["rows"], "embedding"))
    nodes.append(helper.make_node("Transpose", ["table"], ["turned"], "turn", perm=[1, 0]))
    nodes.append(helper.make_node("MatMul", [f"x_{K}", "turned"], ["head"], "head"))
    inputs[f"x_{K}"] = K
    outputs += [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["m", K]), helper.make_tensor_value_info("head", TensorProto.FLOAT, ["m", N])]
    graph = helper.make_graph(
        nodes, "shapes", [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["m", K]) for name, K in inputs.items()]
        + [helper.make_tensor_value_info("ids", TensorProto.INT64, ["m"])], outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return {constant.name: numpy_helper.to_array(constant) for constant in constants}


def held(x, activations, block):
    """The input of a product as its codes or bits mean it, in f32 steps."""
    if activations == "f32":
        return x
    if activations == "bf16":
        bits = x.view(np.uint32)
        return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view(np.float32)
    result = np.zeros_like(x, np.float64)
    step = block if activations == "int8-block" and block > 0 else x.shape[1]
    for begin in range(0, x.shape[1], step):
        part = x[:, begin : begin + step]
        largest = np.abs(part).max(axis=1, keepdims=True)
        safe = np.where(largest < 2.0**-100, np.float32(np.inf), largest)
        codes = np.rint(part * (np.float32(127) / safe))
        result[:, begin : begin + step] = codes.astype(np.float64) * (np.where(np.isinf(safe), np.float32(0), safe) / np.float32(127))
    return result


def check(report, label, weight, got, wanted, magnitude, roundings):
    bound = roundings * UNIT * magnitude + 1e-37
    error = np.abs(got.astype(np.float64) - wanted)
    worst = (error / bound).max()
    report.check(np.isfinite(got).all() and worst <= 1, f"{label}: error is {worst:.2f} of its bound, at {np.unravel_index((error / bound).argmax(), error.shape)}")
    return worst


def run_recipe(report, recipe, model, constants, artifact, path):
    activations, worst = RECIPES[recipe][1], 0.0
    weights = {weight.name.removesuffix(".transposed"): weight for weight in coded_weights(model, path, artifact)}
    expected = {name for name in constants if not name.endswith(".bias")}
    report.check(weights.keys() == expected, f"{recipe}: codes of {sorted(weights)}, expected {sorted(expected)}")
    report.check(all(weight.padding_is_zero for weight in weights.values()), f"{recipe}: codes or scales outside of a matrix")
    names = [name.removesuffix(".weight") for name in weights if name != "table"] + ["head"]
    for isa in artifact_isas(artifact):
        session = Model(artifact, isa).session(threads=2)
        for M in ROWS:
            random = np.random.default_rng(M)
            inputs = {f"x_{weight.K}": random.standard_normal((M, weight.K)).astype(np.float32) for weight in weights.values()}
            if M > 1:
                for x in inputs.values():
                    x[1] = 0  # a row without a largest element
            inputs["ids"] = np.arange(M) * 5 % TABLE[0]
            got = session.run(inputs, [*names, "rows"])
            table = weights["table"]
            worst = max(worst, check(report, f"{recipe} {isa} rows", table, got["rows"], table.values()[inputs["ids"]],
                                     table.magnitudes()[inputs["ids"]], 2))
            for name in names:
                weight = weights.get(name + ".weight", table)
                x = held(inputs[f"x_{weight.K}"], activations, weight.format.block).astype(np.float64)
                bias = constants.get(name + ".bias", np.zeros(1)).astype(np.float64)
                worst = max(worst, check(report, f"{recipe} {isa} {name} of {M} rows", weight, got[name], x @ weight.values().T + bias,
                                         np.abs(x) @ weight.magnitudes().T + np.abs(bias), weight.K + 8))
    return worst


def bad_ids(report, folder, artifact, widths):
    """An id outside of the table ends `qopt run` with an error that names it."""
    inputs = {f"x_{K}": np.zeros((2, K), np.float32) for K in widths}
    for bad in (TABLE[0], 2**40, -TABLE[0] - 1):
        arguments = []
        for name, array in (inputs | {"ids": np.array([3, bad])}).items():
            np.save(folder / f"{name}.npy", array)
            arguments += ["--input", f"{name}={folder / name}.npy"]
        result = common.qopt("run", artifact, *arguments, "--output", folder / "out.npz", check=False)
        report.check(result.returncode == 1 and re.search(r"error: .*(ids|embedding|index|Gather)", result.stderr),
                     f"id {bad}: exit code {result.returncode}\n{result.stderr}")
        report.check(not (folder / "out.npz").exists(), f"id {bad}: an output was written")
        print(f"id {bad}: {result.stderr.strip()}")


parser = argparse.ArgumentParser()
parser.add_argument("--all", action="store_true")
options = parser.parse_args()
report = common.Report()
machine = machine_isas()
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    model = folder / "shapes.onnx"
    products, gemms = (PRODUCTS, GEMMS) if options.all else (QUICK_PRODUCTS, QUICK_GEMMS)
    constants = make_model(model, products, gemms)
    for number, recipe in enumerate(RECIPES if options.all else QUICK):
        format, activations = RECIPES[recipe]
        path, artifact = folder / f"{recipe}.yaml", folder / f"{recipe}.qopt"
        path.write_text(f"rules:\n  - match: {{}}\n    format: {format}\n    activations: {activations}\n")
        target = ",".join(machine) if options.all else machine[-1 - number % len(machine)]
        common.qopt("compile", model, "-o", artifact, "--recipe", path, "--target", target, "--threads", 2)
        worst = run_recipe(report, recipe, model, constants, artifact, path)
        print(f"{recipe:14} {' '.join(artifact_isas(artifact))}: largest error {worst:.2f} of its bound", flush=True)
    bad_ids(report, folder, artifact, {K for _, K in [*products, *gemms, TABLE]})
report.finish()

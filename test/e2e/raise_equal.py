"""After Raise the decoder files are one network: same operations, weights and canonical paths.

Only `empty_row` of qopt.attention differs (mean in dynamo-opset18 and dynamo-f16, zero in the others), scales agree to
1e-6, and dynamo-f16 differs from dynamo-opset18 by its scale and types alone.
"""

import re
import sys

import common
from mlir_text import Module


def raised(name):
    """The module after the last pass of Raise."""
    path = common.onnx_path(name)
    result = common.qopt("compile", path, "--emit=qopt", "--target", "host")
    if result.returncode:
        sys.exit(f"{name}: {result.stderr}")
    return Module(result.stdout, path.parent, widen=name == "dynamo-f16")


def compare(report, one, other, names):
    report.check(one.functions.keys() == other.functions.keys(), f"{names}: functions {sorted(one.functions)} and {sorted(other.functions)}")
    report.check(sorted(one.weights.values()) == sorted(other.weights.values()), f"{names}: weights differ")
    report.check(one.paths == other.paths, f"{names}: canonical paths differ: {sorted(one.paths ^ other.paths)[:5]}")
    for function in one.functions.keys() & other.functions.keys():
        (signature, operations), (other_signature, other_operations) = one.functions[function], other.functions[function]
        report.check(signature == other_signature, f"{names}: @{function} takes or gives something else:\n{signature}\n{other_signature}")
        only = [sorted(set(a) - set(b)) for a, b in ((operations, other_operations), (other_operations, operations))]
        report.check(operations == other_operations, f"{names}: @{function} has {len(operations)} and {len(other_operations)} operations, "
                     + "of their own " + " | ".join(f"{len(x)}: {x[0][:300] if x else ''}" for x in only))


report = common.Report()
modules = {name: raised(name) for name in common.DECODERS}
first = modules["dynamo-opset18"]
report.check(set(first.functions) == {"prefill", "decode"}, f"functions {sorted(first.functions)}")
report.check(len(first.paths) >= 8 * 7 + 2, f"{len(first.paths)} canonical paths")
for name, module in modules.items():
    print(name, {f: len(o) for f, (_, o) in module.functions.items()}, len(module.weights), "weights", len(module.paths), "paths")
    report.check(len(set(module.weights.values())) == len(module.weights), f"{name}: a weight is there twice")
    scales = {key: float(value) for (kind, key), value in module.attributes.items() if kind == "scale"}
    rows = {value for (kind, _), value in module.attributes.items() if kind == "empty_row"}
    report.check(len(scales) >= 8, f"{name}: {len(scales)} scales")
    expected = 0.124973 if name == "dynamo-f16" else 0.125
    tolerance = 1e-5 if name == "dynamo-f16" else 1e-6
    report.check(all(abs(scale / expected - 1) <= tolerance for scale in scales.values()), f"{name}: scales {set(scales.values())}")
    wanted = "mean" if name in ("dynamo-opset18", "dynamo-f16") else "zero"
    report.check(all(wanted in row for row in rows) and rows, f"{name}: empty_row {rows}, expected {wanted}")
    if name != "dynamo-opset18":
        compare(report, first, module, f"dynamo-opset18 and {name}")
report.finish()

"""Runs every operator at every version of its schema on every ISA version and compares with ONNX.

usage: run_ops.py --work DIR [--first OPSET] [--last OPSET] [--isa ISA ...] [--only OPERATOR ...]

All nodes of an opset are one model of disconnected nodes, compiled once for all ISA versions. What they give is
compared with onnx.reference.ReferenceEvaluator (Softmax before opset 13 with ONNX Runtime): integers and booleans
exactly, floats relative to the largest value.
"""

import argparse
import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from batch import Batch, value_of
from cases import FIRST, LAST, cases_of

from e2e.common import machine_isas

# Two correct results of half precision can be neighbours, where the f32 numbers
# before the rounding lie on either side of a tie.
HALF_STEP = 2**-10


def difference(got, wanted, scale, tolerance):
    """What is wrong, or None."""
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        return f"expected {wanted.dtype}{list(wanted.shape)}, got {got.dtype}{list(got.shape)}"
    if not np.issubdtype(wanted.dtype, np.floating):
        wrong = np.count_nonzero(got != wanted)
        return f"{wrong} of {wanted.size} elements differ" if wrong else None
    if wanted.dtype == np.float16 and tolerance:
        tolerance = max(tolerance, HALF_STEP)
    got, wanted, scale = (values.astype(np.float64) for values in (got, wanted, scale))
    if not np.array_equal(np.isnan(got), np.isnan(wanted)):
        return "NaN at other places"
    finite = np.isfinite(wanted)
    if not np.array_equal(got[~finite & ~np.isnan(wanted)], wanted[~finite & ~np.isnan(wanted)]):
        return "infinities at other places"
    if not finite.any():
        return None
    largest = max(np.abs(scale[np.isfinite(scale)]).max(), 1e-30)
    worst = np.abs(got[finite] - wanted[finite]).max() / largest
    return None if worst <= tolerance else f"largest difference {worst:.2e} of the largest value, allowed {tolerance:.0e}"


def describe(case):
    shown = {k: v for k, v in case.attributes.items() if not isinstance(v, onnx.TensorProto)}
    kinds = [given if given is None else f"{value_of(given).dtype}{list(value_of(given).shape)}" for given in case.inputs]
    return f"{shown} {kinds} open {case.dims}"


def run_batch(batch, folder, isas):
    """The messages of what failed."""
    folder.mkdir(parents=True, exist_ok=True)
    expected = batch.expected()
    scales = batch.scales(expected)
    model, artifact = folder / "model.onnx", folder / "model.qopt"
    onnx.save(batch.model(expected), model)
    compiled = subprocess.run(["qopt", "compile", model, "-o", artifact, "--force"], capture_output=True, text=True)
    if compiled.returncode:
        return [f"opset {batch.opset}: compile failed:\n{compiled.stderr}"]
    np.savez(folder / "inputs.npz", **batch.feeds)
    failures = []
    for isa in isas:
        output = folder / f"{isa}.npz"
        ran = subprocess.run(
            ["qopt", "run", artifact, "--input", folder / "inputs.npz", "--output", output, "--threads", "1"],
            capture_output=True, text=True, env={**os.environ, "QOPT_ISA": isa},
        )  # fmt: skip
        if ran.returncode:
            failures.append(f"opset {batch.opset} {isa}: run failed with {ran.returncode}: {ran.stderr}")
            continue
        results = np.load(output)
        for case, names in zip(batch.cases, batch.names):
            for name in names:
                wrong = difference(results[name], expected[name], scales[name], case.tolerance)
                if wrong:
                    failures.append(f"opset {batch.opset} {isa} {name} {describe(case)}: {wrong}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--last", type=int, default=LAST)
    parser.add_argument("--isa", nargs="*", default=machine_isas())
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    failures, count = [], 0
    for opset in range(arguments.first, arguments.last + 1):
        cases = cases_of(opset, arguments.only)
        if not cases:
            continue
        count += len(cases)
        found = run_batch(Batch(opset, cases), arguments.work / f"opset{opset}", arguments.isa)
        failures += found
        print(f"opset {opset}: {len(cases)} nodes, {len(found)} failures", flush=True)
    print("\n".join(failures))
    print(f"{count} nodes on {', '.join(arguments.isa)}: {len(failures)} failures")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())

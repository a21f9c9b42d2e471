"""Calls whose data are wrong end with an error that names the node, on each ISA version; never with a crash."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from batch import Batch
from cases import Case

from e2e.common import machine_isas

OPSET = 18
work = pathlib.Path(sys.argv[1])
work.mkdir(parents=True, exist_ok=True)
failures = []


def run(case, feeds, expected=None):
    """Compiles the case and calls it with other inputs; without an expected value, an error is expected."""
    batch = Batch(OPSET, [case])
    model, artifact, output = work / "model.onnx", work / "model.qopt", work / "output.npz"
    onnx.save(batch.model(batch.expected()), model)
    subprocess.run(["qopt", "compile", model, "-o", artifact, "--force"], check=True, capture_output=True)
    np.savez(work / "inputs.npz", **dict(zip(batch.feeds, feeds)))
    for isa in machine_isas():
        command = ["qopt", "run", artifact, "--input", work / "inputs.npz", "--output", output]
        ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "QOPT_ISA": isa})
        if expected is not None:
            is_fine = ran.returncode == 0 and np.array_equal(next(iter(np.load(output).values())), expected)
        else:
            is_fine = ran.returncode == 1 and f"{case.op}_0: index out of range" in ran.stderr
        if not is_fine:
            failures.append(f"{case.op} {[feed.shape for feed in feeds]} {isa}: {ran.returncode} {ran.stderr}")


def positions(*values):
    return np.array(values, np.int64)


table, row = np.ones((3, 5), np.float32), positions(0)
both = {0: [1, None], 1: [1]}
gather = Case("Gather", [table, row], dims=both)
for wrong in (3, -4, 2**40, -(2**63)):
    run(gather, [table, positions(0, wrong)])
    run(gather, [table, positions(*[0] * 40, wrong, *[0] * 7)])
columns = Case("Gather", [table.T.copy(), row], {"axis": 1}, dims={0: [None, 1], 1: [1]})
run(columns, [table.T.copy(), positions(*[2] * 40, 3)])
run(Case("GatherND", [table, positions(0, 0).reshape(1, 2)], dims={1: [1, None]}), [table, positions(2, 5).reshape(1, 2)])
# Rows of nothing, too long for anything behind them to be read.
long = np.ones((2, 2**22), np.float32)
run(Case("Gather", [long, row], dims=both), [long[:0], row])
run(Case("GatherND", [long, row.reshape(1, 1)], dims={0: [1, None]}), [long[:0], row.reshape(1, 1)])
# ONNX leaves open what the mean of no integers is.
numbers = np.ones((2, 3), np.int64)
run(Case("ReduceMean", [numbers], {"keepdims": 0}, dims={0: [1, None]}), [numbers[:0]], np.array(0))

print("\n".join(failures))
sys.exit(bool(failures))

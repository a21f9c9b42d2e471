"""same_bytes.py [--all]: one model and one recipe give one artifact, byte for byte but for measured.json, whatever the
number of threads and whatever code of its own the compiler runs (QOPT_ISA chooses that of its solvers too).

Without --all: recipe w4a8 for x86-64-v3. With it: all recipes for all ISA versions.
"""

import argparse
import itertools
import os
import pathlib
import tempfile

import common


def contents(artifact):
    return {path.name: path.read_bytes() for path in artifact.iterdir() if path.name != "measured.json"}


parser = argparse.ArgumentParser()
parser.add_argument("--all", action="store_true")
options = parser.parse_args()
report = common.Report()
model = common.onnx_path("dynamo-opset18")
with tempfile.TemporaryDirectory() as name:
    for recipe in ["w8", "w8a8", "w4", "w4a16", "w4a8", "w3", "w2"] if options.all else ["w4a8"]:
        first = None
        for number, (isa, threads) in enumerate(zip(common.machine_isas(), itertools.cycle((1, 2)))):
            artifact = pathlib.Path(name) / f"{recipe}-{number}.qopt"
            common.qopt("compile", model, "-o", artifact, "--recipe", recipe, "--threads", threads,
                        "--target", "all" if options.all else "x86-64-v3", env={**os.environ, "QOPT_ISA": isa})
            made = contents(artifact)
            first = first or made
            report.check(made.keys() == first.keys(), f"{recipe}, QOPT_ISA {isa}, {threads} threads: files {sorted(made)}, expected {sorted(first)}")
            for file in made.keys() & first.keys():
                report.check(made[file] == first[file], f"{recipe}, QOPT_ISA {isa}, {threads} threads: {file} differs")
report.finish()

"""fused_equal.py [--all] [--work DIR]: kernels of codes lose nothing.

KL(artifact || the same codes run in float) over windows of the evaluation text, in double, from f32 logits. The
reference is the ONNX file with the values that the codes mean in place of the weights, computed by ONNX Runtime in f32.
Bounds, mean of all positions: 1e-6 for f32 activations; 2e-5 for bf16 ones, which is all that rounding them may cost,
as the reference does not round. For int8 activations the figure is what these cost. (A reference that rounds them too
says nothing: a float beside a tie becomes another code, that one changes more of them, and after some layers the noise
of the two has nothing in common. Single products are compared so in odd_shapes.py.)

Without --all: 4 windows, and a pair of recipe and ISA version each so that all of both are there.
"""

import argparse
import pathlib
import tempfile

import numpy as np

import common
from codes import coded_weights
from low_bit import CODES, Reference, artifact_isas, compile_model, divergences, machine_isas, windows
from qopt_runtime import Model

RECIPES = {"w8": "f32", "w8a8": "int8-token", "w4": "f32", "w4a16": "bf16", "w4a8": "int8-block", "w3": "f32", "w2": "f32"}
BOUNDS = {"f32": 1e-6, "bf16": 2e-5, "int8-token": 0.0012, "int8-block": 0.0006}
QUICK = {"w8": ["x86-64"], "w8a8": ["x86-64-v4-vnni", "x86-64-v4-amx"], "w4": ["x86-64-v3"], "w4a16": ["x86-64-v4", "x86-64-v4-amx"],
         "w4a8": ["x86-64-v3", "x86-64-v4-amx"], "w3": ["x86-64-v4"], "w2": ["x86-64-v3"]}
BATCH = 4


def compare(model, recipe, artifact, tokens, report):
    weights = coded_weights(model, recipe, artifact)
    report.check(all(weight.padding_is_zero for weight in weights), f"{recipe}: codes or scales outside of a matrix")
    reference = Reference(model, weights)
    isas = artifact_isas(artifact)
    sessions = {isa: Model(artifact, isa).session(batch=BATCH, threads=2) for isa in isas}
    parts = {isa: [] for isa in isas}
    for begin in range(0, len(tokens), BATCH):
        batch = tokens[begin : begin + BATCH]
        expected = reference.logits(batch)[:, :-1]
        for isa, session in sessions.items():
            session.reset()
            parts[isa].append(divergences(session.prefill(batch)[:, :-1], expected))
    for isa in isas:
        figures, bound = np.concatenate(parts[isa]), BOUNDS[RECIPES[recipe]]
        print(f"{recipe:5} {isa:14} KL mean {figures.mean():.2e}, largest {figures.max():.1e}, bound {bound:.1e}", flush=True)
        report.check(-1e-12 <= figures.mean() <= bound, f"{recipe} {isa}: KL {figures.mean():.3e}, bound {bound}")


parser = argparse.ArgumentParser()
parser.add_argument("--all", action="store_true")
parser.add_argument("--work", type=pathlib.Path)
options = parser.parse_args()
report = common.Report()
model = common.onnx_path("dynamo-opset18")
with tempfile.TemporaryDirectory() as temporary:
    folder = options.work or pathlib.Path(temporary)
    machine = machine_isas()
    for recipe, isas in QUICK.items():
        target = "all" if options.all else ",".join(isa for isa in isas if isa in machine) or machine[0]
        artifact = compile_model(model, recipe, folder, target)
        if options.all and RECIPES[recipe].startswith("int8"):
            report.check(set(CODES) & set(machine) <= set(artifact_isas(artifact)), f"{recipe}: versions {artifact_isas(artifact)}")
        compare(model, recipe, artifact, windows(320 if options.all else BATCH), report)
report.finish()

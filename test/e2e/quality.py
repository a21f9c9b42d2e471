"""quality.py [--all] [--work DIR]: what low-bit formats cost the model, by `qopt eval`.

KL divergence from the f32 artifact, and perplexity. Embedding and head are f32 but in the rows that end in " all"; in those
of kv all weights are. With
--all on the whole evaluation text (81,600 predictions), to the bounds that plain tools reach. Without, some of the rows
on every 20th window (4,080 predictions), to the same bounds: the codes are the same bytes everywhere, and on these
windows the figures are 2 to 6 % below those of the whole text.
"""

import argparse
import json
import pathlib
import tempfile

import numpy as np

import common
from low_bit import compile_model, machine_isas, windows

INTEGER = "{{codes: u{0}, block: {1}, scale: f16, zero: u{0}}}"
SYMMETRIC = "{{codes: s{0}, block: {1}, scale: f16}}"
ROWS = "{codes: s8, block: channel, scale: f32}"
# Format, activations, bound of KL.
CASES = {
    "w8": (ROWS, "f32", 0.000085),
    "w8 block 64": (INTEGER.format(8, 64), "f32", 0.00005),
    "w4": (INTEGER.format(4, 64), "f32", 0.0125),
    "w4 symmetric": (SYMMETRIC.format(4, 64), "f32", 0.0135),
    "w4 block 32": (INTEGER.format(4, 32), "f32", 0.0098),
    "w3": (INTEGER.format(3, 64), "f32", 0.057),
    "w8a8": (ROWS, "int8-token", 0.0009),
    "w4a8": (INTEGER.format(4, 64), "int8-block", None),
}
# Built-in recipes, which have embedding and head of 8 bits, the case of the same linears, and how much more it may be.
WHOLE = {"w8": ("w8", 0.0002), "w8a8": ("w8a8", 0.0004), "w4": ("w4", 0.0002), "w4a8": ("w4a8", 0.0004), "w3": ("w3", 0.0002)}
PERPLEXITY = {"w8a8": 0.0012}  # relative to f32
QUICK = ["w4", "w4 symmetric", "w8a8"]
CACHES = {"kv f16": ("f16", 0.000001), "kv int8": ("int8-channel", 0.0001)}  # weights f32


def write_recipe(folder, name, format, activations):
    path = folder / (name.replace(" ", "-") + ".yaml")
    path.write_text(f"activations: {activations}\nrules:\n  - match: {{role: head}}\n    format: f32\n"
                    f"  - match: {{}}\n    format: {format}\n    method: {{name: rtn, search: mse}}\n")
    return path


def evaluate(artifact, reference, tokens):
    return json.loads(common.qopt("eval", artifact, "--reference", reference, "--tokens", tokens, "--threads", 1, "--json").stdout)


parser = argparse.ArgumentParser()
parser.add_argument("--all", action="store_true")
parser.add_argument("--work", type=pathlib.Path)
options = parser.parse_args()
report = common.Report()
model = common.onnx_path("dynamo-opset18")
isa = machine_isas()[-1]
with tempfile.TemporaryDirectory() as temporary:
    folder = options.work or pathlib.Path(temporary)
    (folder / "whole").mkdir(exist_ok=True)
    reference = common.artifact("dynamo-opset18")
    if not reference.exists():
        reference = compile_model(model, "f32", folder)
    tokens = folder / "tokens.npy"
    np.save(tokens, windows()[:: 1 if options.all else 20].ravel())
    measured = {}

    def check(name, artifact, bound, kind=""):
        figures = measured[name + kind] = evaluate(artifact, reference, tokens)
        ppl = figures["perplexity"] / figures["reference"]["perplexity"] - 1
        print(f"{name + kind:14} KL {figures['kl']:.6f} (bound {bound and round(bound, 6)}), median {figures['kl_median']:.6f}, "
              f"99 % {figures['kl_p99']:.5f}, perplexity {figures['perplexity']:.4f} ({100 * ppl:+.3f} %), top-1 {figures['top1']:.4f}", flush=True)
        report.check(bound is None or -1e-9 <= figures["kl"] <= bound, f"{name + kind}: KL {figures['kl']:.7f}, bound {bound}")
        if name in PERPLEXITY and not kind:
            report.check(abs(ppl) <= PERPLEXITY[name], f"{name + kind}: perplexity {100 * ppl:+.4f} % from f32")

    for name in CASES if options.all else QUICK:
        format, activations, bound = CASES[name]
        recipe = write_recipe(folder, name, format, activations)
        check(name, compile_model(model, recipe, folder, isa), bound)
    for name, (format, bound) in CACHES.items():
        recipe = folder / (name.replace(" ", "-") + ".yaml")
        recipe.write_text(f"rules:\n  - match: {{role: kv_cache}}\n    format: {format}\n")
        check(name, compile_model(model, recipe, folder, isa), bound)
    for recipe, (name, more) in WHOLE.items() if options.all else []:
        check(recipe, compile_model(model, recipe, folder / "whole", isa), measured[name]["kl"] + more, " all")
report.finish()

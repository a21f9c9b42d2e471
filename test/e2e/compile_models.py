"""Compiles the test models; the other end-to-end tests use the artifacts. Prints the compile times."""

import json
import shutil
import time

import common

RECIPES = {name: ["f32"] for name in [*common.DECODERS, "minilm-l6"]}
RECIPES["dynamo-opset18"] = ["f32", "f16", "bf16"]

common.ARTIFACTS.mkdir(parents=True, exist_ok=True)
report = common.Report()
for name, recipes in RECIPES.items():
    for recipe in recipes if common.find_onnx(name) else []:
        target = common.artifact(name, recipe)
        shutil.rmtree(target, ignore_errors=True)
        begin = time.time()
        common.qopt("compile", common.onnx_path(name), "-o", target, "--recipe", recipe)
        seconds = time.time() - begin
        files = {path.name: path.stat().st_size for path in target.iterdir()}
        print(f"{name} {recipe}: {seconds:.2f} s, model.so {files['model.so']}, weights {files['weights.safetensors']} bytes")
        for wanted in ("model.so", "weights.safetensors", "model.h", "manifest.json"):
            report.check(wanted in files, f"{target.name} has no {wanted}")
        json.loads((target / "manifest.json").read_text())
        report.check(not list(common.ARTIFACTS.glob(f".*{target.name}*")), f"{target.name}: a temporary was left")
report.finish()

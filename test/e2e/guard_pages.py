"""Generated code touches no memory but what it is given: see guard_pages.cpp. Float artifacts and one of codes with int8
activations, and with caches of f16 and of codes; all ISA versions that this CPU has."""

import pathlib
import subprocess
import sys
import tempfile

import common

# Largest difference between ISA versions, relative: sums are in another order; where activations are rounded to 8 bits,
# that puts some of them on the other side of a boundary. Outputs of float16 alone make 2^-11.
FLOAT, CODES = 1e-3, 5e-2

program = sys.argv[1]
report = common.Report()


def run(artifact, tolerance):
    result = subprocess.run([program, artifact, str(tolerance)], capture_output=True, text=True)
    print(result.stdout, end="")
    report.check(result.returncode == 0, f"{artifact.name}: exit code {result.returncode}\n{result.stderr}")


for name in ["dynamo-f16", "minilm-l6"]:
    if common.find_onnx(name):
        run(common.artifact(name), FLOAT)
CACHES = """activations: int8-block
rules:
  - {match: {role: kv_cache, path: "model.layers.[0-3].*"}, format: f16}
  - {match: {role: kv_cache}, format: int8-channel}
  - {match: {}, format: int4-g64}
"""
with tempfile.TemporaryDirectory() as folder:
    caches = pathlib.Path(folder) / "caches.yaml"
    caches.write_text(CACHES)
    for recipe in ("w4a8", caches):
        codes = pathlib.Path(folder) / f"dynamo-f16-{pathlib.Path(recipe).stem}.qopt"
        common.qopt("compile", common.onnx_path("dynamo-f16"), "-o", codes, "--recipe", recipe, "--target", "all")
        run(codes, CODES)
report.finish()

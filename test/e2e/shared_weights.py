"""Two processes that run one artifact hold its weights once."""

import os
import re
import subprocess
import sys

import common

os.environ["PYTHONPATH"] = os.pathsep.join([os.path.dirname(os.path.abspath(__file__)), os.environ.get("PYTHONPATH", "")])

CHILD = """
import sys
import common
from qopt_runtime import Model
session = Model(sys.argv[1]).session(threads=1)
session.run(common.decoder_inputs("dynamo-opset18", 1, 0, 17, "none", False), ["logits"])
print("ready", flush=True)
sys.stdin.readline()
"""


def kilobytes(pid):
    """Sums over the mappings of weights.safetensors in a process."""
    sums, inside = {}, False
    for line in open(f"/proc/{pid}/smaps"):
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            inside = line.rstrip().endswith("weights.safetensors")
        elif inside and line.rstrip().endswith("kB"):
            key, value = line.split()[:2]
            sums[key.rstrip(":")] = sums.get(key.rstrip(":"), 0) + int(value)
    return sums


report = common.Report()
common.onnx_path("dynamo-opset18")
path = common.artifact("dynamo-opset18")
children = [subprocess.Popen([sys.executable, "-c", CHILD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(2)]
for child in children:
    report.check(child.stdout.readline() == "ready\n", "a child failed")
first, second = (kilobytes(child.pid) for child in children)
for child in children:
    child.communicate("\n")
    report.check(child.returncode == 0, f"a child ended with {child.returncode}")
print("Rss", first.get("Rss"), second.get("Rss"), "kB, Pss", first.get("Pss"), second.get("Pss"), "kB")
size = (path / "weights.safetensors").stat().st_size // 1024
report.check(first.get("Rss", 0) > size / 2, f"only {first.get('Rss')} kB of {size} kB are resident")
report.check(first["Pss"] + second["Pss"] <= 1.05 * max(first["Rss"], second["Rss"]), "the weights are resident twice")
for sums in (first, second):
    report.check(sums["Private_Dirty"] == 0, f"{sums['Private_Dirty']} kB of the weights were written to")
report.finish()

"""The model of the first steps: how long it takes to compile for all CPUs without AMX, what a key/value cache in int8 costs."""

import json
import statistics
import subprocess
import time

import common
from peers.decoder import FOLDER

MODEL = common.ROOT / "examples" / "tinystories"
TARGETS = "x86-64,x86-64-v3,x86-64-v4,x86-64-v4-vnni"
LONGEST, LARGEST = 6, 1e-4  # seconds, nats


def measure(options, ceilings, figures):
    model, threads, times = MODEL / "model.onnx", str(max(options.threads)), []
    for _ in range(options.runs):
        begin = time.perf_counter()
        subprocess.run(["qopt", "compile", model, "-o", options.work / "tinystories-compiled.qopt", "--recipe", "w4a8",
                        "--target", TARGETS, "--threads", threads, "--force"], check=True, stdin=subprocess.DEVNULL)
        times.append(time.perf_counter() - begin)
    figures.add("compile TinyStories w4a8", "longest time", int(threads), statistics.median(times), LONGEST, "s")
    int8, f16 = (common.compile_model(model, FOLDER / f"cache-{kind}.yaml", "host", options.work, f"tinystories-cache-{kind}")[0]
                 for kind in ("int8", "f16"))
    quality = subprocess.run(["qopt", "eval", int8, "--reference", f16, "--tokens", MODEL / "eval_tokens.npy", "--threads", threads,
                              "--json"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    figures.add("TinyStories, int8 cache", "largest KL", int(threads), json.loads(quality.stdout)["kl"], LARGEST, "nats")

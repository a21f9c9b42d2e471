"""Compiles the TinyStories model at f32, f16 and bf16 and prints what each costs and gives."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

import common

EXAMPLE = common.ROOT / "examples" / "tinystories"


def qopt(*arguments):
    result = subprocess.run(["qopt", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(result.returncode)
    return result.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    common.use_tools(parser)
    parser.add_argument("--out", type=pathlib.Path, default=common.ROOT / "build" / "demo", help="where the artifacts go")
    options = common.parse(parser)
    options.out.mkdir(parents=True, exist_ok=True)
    reference = options.out / "tinystories-f32.qopt"
    print(f"{'recipe':6} {'size MB':>8} {'perplexity':>10} {'KL to f32':>10} {'top-1':>7} {'compile s':>9} {'prefill':>9} {'decode':>9}  tokens/s",
          flush=True)
    rows = []
    for recipe in ("f32", "f16", "bf16"):
        artifact = options.out / f"tinystories-{recipe}.qopt"
        shutil.rmtree(artifact, ignore_errors=True)
        begin = time.perf_counter()
        qopt("compile", EXAMPLE / "model.onnx", "-o", artifact, "--recipe", recipe)
        seconds = time.perf_counter() - begin
        size = sum(path.stat().st_size for path in (artifact / "model.so", artifact / "weights.safetensors")) / 1e6
        quality = json.loads(qopt("eval", artifact, "--tokens", EXAMPLE / "eval_tokens.npy", "--reference", reference, "--json"))
        speed = json.loads(qopt("bench", artifact, "--prompt-lengths", 128, "--json"))
        row = {"recipe": recipe, "megabytes": size, "perplexity": quality["perplexity"], "kl": quality["kl"], "top1": quality["top1"],
               "compile_seconds": seconds, "prefill_tokens_per_second": speed["prefill"][0]["tokens_per_second"],
               "decode_tokens_per_second": speed["decode"]["tokens_per_second"]}
        rows.append(row)
        print(f"{recipe:6} {size:8.1f} {row['perplexity']:10.4f} {row['kl']:10.6f} {row['top1']:7.4f} {seconds:9.1f} "
              f"{row['prefill_tokens_per_second']:9.0f} {row['decode_tokens_per_second']:9.0f}", flush=True)
    common.write(options, "demo", rows)


if __name__ == "__main__":
    main()

"""Compiles the TinyStories model by several recipes, for the CPU that this runs on, and prints what each costs and gives,
and a story."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

import common

EXAMPLE = common.ROOT / "examples" / "tinystories"
PROMPT = "Once upon a time, there was a little dog"
RECIPES = ("f32", "bf16", "w8", "w8a8", "w4", "w4a8", "w3")


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
    print("bits: of a weight, with scales and zeros; linears: of the products but embedding and head, which w recipes hold in 8 bits\n"
          "KL, top-1: of the predictions to those of f32; artifacts have code for this CPU alone (--target host)\n"
          f"first token: of a new session, after the prompt '{PROMPT}'\n")
    print(f"{'recipe':6} {'size MB':>8} {'bits':>6} {'linears':>8} {'perplexity':>11} {'KL':>9} {'top-1':>7} {'compile s':>10} "
          f"{'prefill tokens/s':>17} {'decode tokens/s':>16} {'first token ms':>15}", flush=True)
    rows = []
    for recipe in RECIPES:
        artifact = options.out / f"tinystories-{recipe}.qopt"
        shutil.rmtree(artifact, ignore_errors=True)
        begin = time.perf_counter()
        qopt("compile", EXAMPLE / "model.onnx", "-o", artifact, "--recipe", recipe, "--target", "host")
        seconds = time.perf_counter() - begin
        common.evict(artifact)
        size = sum(path.stat().st_size for path in (artifact / "model.so", artifact / "weights.safetensors")) / 1e6
        quality = json.loads(qopt("eval", artifact, "--tokens", EXAMPLE / "eval_tokens.npy", "--reference", reference, "--json"))
        speed = json.loads(qopt("bench", artifact, "--prompt-lengths", 128, "--json"))
        first = json.loads(qopt("generate", artifact, "--prompt", PROMPT, "--max-tokens", 1, "--json"))["first_token_seconds"]
        row = {"recipe": recipe, "megabytes": size, "perplexity": quality["perplexity"], "kl": quality["kl"], "top1": quality["top1"],
               "bits_per_weight": quality["bits_per_weight"], "bits_per_weight_linears": quality["bits_per_weight_linears"],
               "compile_seconds": seconds, "prefill_tokens_per_second": speed["prefill"][0]["tokens_per_second"],
               "decode_tokens_per_second": speed["decode"]["tokens_per_second"], "first_token_seconds": first}
        rows.append(row)
        print(f"{recipe:6} {size:8.2f} {row['bits_per_weight']:6.2f} {row['bits_per_weight_linears']:8.2f} {row['perplexity']:11.4f} "
              f"{row['kl']:9.6f} {row['top1']:7.4f} {seconds:10.1f} {row['prefill_tokens_per_second']:17.0f} "
              f"{row['decode_tokens_per_second']:16.0f} {1e3 * first:15.1f}", flush=True)
    common.write(options, "demo", rows)
    print(f"\nw4a8, --temperature 0.7 --top-p 0.9 --seed 1:\n", flush=True)
    story = options.out / "tinystories-w4a8.qopt"
    subprocess.run(["qopt", "generate", story, "--prompt", PROMPT, "--max-tokens", "200", "--temperature", "0.7", "--top-p", "0.9",
                    "--seed", "1"], stdin=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()

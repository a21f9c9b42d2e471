"""The decoder of make_llama_1b.py: prefill in float32 against ONNX Runtime, decode in bfloat16 against a plain read.

Prefill of 512 tokens gives the logits of all positions on both sides: medians of interleaved runs, the same threads.
Decode is measured by `qopt bench`, which reads the artifact's own weights mapping in turn with it.
"""

import argparse
import json
import subprocess
import sys

import numpy as np

import common


def prefill(model, path, length, threads, seconds, least=3):
    """Figures of one row, of ours alone where ONNX Runtime is missing. Both sessions are gone when it returns: each holds gigabytes."""
    from qopt_runtime import LOGITS_ALL

    tokens = np.random.default_rng(0).integers(0, model.info.vocabulary, (1, length))
    logits = np.empty((1, length, model.info.vocabulary), np.float32)
    inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "position_ids": np.arange(length)[None],
              **{name: np.zeros((1, 8, 0, 64), np.float32) for name in model.inputs if name.startswith("past_")}}
    session, expected = model.session(context=length, threads=threads), None
    reference = common.onnxruntime_session(path, threads) if common.has_onnxruntime() else None

    def run():
        session.reset()
        session.prefill(tokens, which=LOGITS_ALL, logits=logits)

    def run_reference():
        nonlocal expected
        expected = reference.run(["logits"], inputs)[0]

    (own, *rest), runs = common.interleave([run, run_reference] if reference else [run], seconds, least)
    row = {"what": "prefill f32", "length": length, "threads": threads, "qopt_tokens_per_s": length / own, "runs": runs, "isa": model.isa}
    if rest:
        row |= {"onnxruntime_tokens_per_s": length / rest[0], "speed": rest[0] / own,
                "difference": float(np.abs(expected - logits).max() / np.abs(expected).max())}
    return row


def prefill_rows(path, options):
    from qopt_runtime import Model

    artifact, _ = common.compile_model(path, "f32", "host", options.work)
    model = Model(artifact)
    for threads in options.threads:
        row = prefill(model, path, options.length, threads, options.seconds)
        print("prefill {length} f32, {threads} threads: qopt {qopt_tokens_per_s:.1f} tokens/s ({runs} runs, {isa})".format(**row), end="")
        print(", onnxruntime {onnxruntime_tokens_per_s:.1f}, speed {speed:.2f}, largest difference {difference:.1e}".format(**row)
              if "speed" in row else "", flush=True)
        yield row


def decode_rows(path, options):
    artifact, _ = common.compile_model(path, "bf16", "host", options.work)
    for threads in options.threads:
        result = subprocess.run(["qopt", "bench", artifact, "--threads", str(threads), "--prompt-lengths", "32", "--json"], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True)
        if result.returncode:
            sys.exit(result.stderr)
        figures = json.loads(result.stdout)
        decoded = figures["decode"]
        print(f"decode bf16, {threads} threads: {decoded['tokens_per_second']:.2f} tokens/s, {decoded['bytes_per_second'] / 1e9:.1f} GB/s, "
              f"plain read {decoded['read_bytes_per_second'] / 1e9:.1f} GB/s, share {100 * decoded['bandwidth_share']:.0f} %", flush=True)
        yield {"what": "decode bf16", "threads": threads, "isa": figures["isa"], **decoded}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.use_tools(parser)
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--length", type=int, default=512, help="tokens of the prefill (default 512)")
    parser.add_argument("--threads", type=common.count(1024), nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=60, help="for each row of the prefill (default 60)")
    parser.add_argument("--only", choices=["prefill", "decode"])
    parser.add_argument("--work", type=common.pathlib.Path, default=common.WORK, help="where model and artifacts go, 15 GB")
    options = common.parse(parser)
    model = common.llama_1b(options.layers, options.work)
    rows = []
    if options.only != "decode":
        rows.extend(prefill_rows(model, options))
    if options.only != "prefill":
        rows.extend(decode_rows(model, options))
    common.write(options, "llama-1b", rows)


if __name__ == "__main__":
    try:
        main()
    except common.Missing as error:
        sys.exit(str(error))

"""Recipes of the decoder of make_llama_1b.py side by side: tokens/s of decode, in turn in one process, and the first token.

Decode goes on from 32 tokens; medians of interleaved runs. The first token is that of a process of its own, after one that
touched the file: from before the artifact is opened until the logits are there, less the median of the same prefill warm.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

import common

FIRST = """
import json, sys, time
import numpy as np
from qopt_runtime import LOGITS_LAST, Model
tokens = np.arange(1, 33)[None]
begin = time.perf_counter()
session = Model(sys.argv[1]).session(context=64, threads=int(sys.argv[2]))
session.prefill(tokens, which=LOGITS_LAST)
first = time.perf_counter() - begin
warm = []
for _ in range(7):
    session.reset()
    begin = time.perf_counter()
    session.prefill(tokens, which=LOGITS_LAST)
    warm.append(time.perf_counter() - begin)
print(json.dumps({"first": first, "warm": sorted(warm)[3]}))
"""


def decode_rows(artifacts, threads, seconds):
    from qopt_runtime import LOGITS_NONE, Model

    steps, sessions = 8, {}
    for recipe, path in artifacts.items():
        model = Model(path)
        session = model.session(context=128, threads=threads)
        session.prefill(np.arange(1, 33)[None], which=LOGITS_NONE)
        sessions[recipe] = (session, np.empty((1, model.info.vocabulary), np.float32))

    def runner(session, logits):
        def run():
            session.truncate(32)
            for step in range(steps):
                session.decode(np.array([step + 1]), logits)

        return run

    medians, runs = common.interleave([runner(*each) for each in sessions.values()], seconds, 5)
    first = None
    for recipe, median in zip(sessions, medians):
        first = first or median
        print(f"decode {recipe}, {threads} threads: {steps / median:.2f} tokens/s, {first / median:.2f} x {next(iter(sessions))} "
              f"({runs} runs)", flush=True)
        yield {"what": "decode", "recipe": recipe, "threads": threads, "tokens_per_s": steps / median, "ratio": first / median}


def first_token(recipe, path, threads, runs=5):
    """Seconds from open to the first logits beside those of a warm prefill."""
    results = []
    environment = dict(os.environ, PYTHONPATH=str(common.ROOT / "python"))
    for _ in range(runs + 1):
        output = subprocess.run([sys.executable, "-c", FIRST, path, str(threads)], env=environment, check=True, capture_output=True,
                                text=True).stdout
        results.append(json.loads(output))
    differences = [1e3 * (each["first"] - each["warm"]) for each in results[1:]]
    row = {"what": "first token", "recipe": recipe, "threads": threads, "milliseconds_beyond_prefill": statistics.median(differences),
           "warm_prefill_milliseconds": 1e3 * statistics.median(each["warm"] for each in results[1:])}
    print("first token {recipe}, {threads} threads: {milliseconds_beyond_prefill:.0f} ms beyond a warm prefill of 32 tokens, "
          "{warm_prefill_milliseconds:.0f} ms".format(**row), flush=True)
    return row


def resident():
    """Bytes of anonymous memory of this process, now and at most."""
    lines = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
    return 1024 * int(lines["RssAnon"].split()[0])


def long_prefill(recipe, path, length, threads):
    """Memory beside weights and cache that a long prompt takes."""
    from qopt_runtime import LOGITS_LAST, Model

    model = Model(path)
    session = model.session(context=length, threads=threads)
    tokens = np.random.default_rng(0).integers(0, model.info.vocabulary, (1, length))
    before = resident()
    begin = time.perf_counter()
    session.prefill(tokens, which=LOGITS_LAST)
    seconds = time.perf_counter() - begin
    memory = resident() - before - model.info.cache_bytes * length
    print(f"prefill of {length} tokens {recipe}, {threads} threads: {length / seconds:.1f} tokens/s, {memory / 1e6:.0f} MB beside "
          "weights and cache", flush=True)
    return {"what": "long prefill", "recipe": recipe, "threads": threads, "length": length, "tokens_per_s": length / seconds,
            "megabytes": memory / 1e6}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.use_tools(parser)
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--recipes", nargs="+", default=["bf16", "w8a8", "w4", "w4a8"], help="the first is what others are compared with")
    parser.add_argument("--threads", type=common.count(1024), nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=30, help="for decode with a number of threads (default 30)")
    parser.add_argument("--long", type=int, default=8192, help="tokens of the long prompt, 0: none (default 8192)")
    parser.add_argument("--work", type=common.pathlib.Path, default=common.WORK, help="where model and artifacts go, 15 GB")
    options = common.parse(parser)
    model = common.llama_1b(options.layers, options.work)
    artifacts = {}
    for recipe in options.recipes:
        artifacts[recipe], _ = common.compile_model(model, recipe, "host", options.work)
    rows = []
    for threads in options.threads:
        rows.extend(decode_rows(artifacts, threads, options.seconds))
        rows.append(first_token(options.recipes[-1], artifacts[options.recipes[-1]], threads))
    if options.long:
        rows.append(long_prefill(options.recipes[-1], artifacts[options.recipes[-1]], options.long, options.threads[-1]))
    common.write(options, "recipes", rows)


if __name__ == "__main__":
    try:
        main()
    except common.Missing as error:
        sys.exit(str(error))

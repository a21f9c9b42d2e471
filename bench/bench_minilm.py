"""Latency of the MiniLM encoder in float32 against ONNX Runtime: medians of interleaved runs, the same threads."""

import argparse
import sys

import numpy as np

import common


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    common.use_tools(parser)
    parser.add_argument("--seconds", type=float, default=15, help="for each row (default 15)")
    options = common.parse(parser)
    from qopt_runtime import Model

    path = common.test_model("minilm-l6")
    artifact, _ = common.compile_model(path, "f32")
    model, random, rows = Model(artifact), np.random.default_rng(0), []
    print(f"{'batch':>5} {'length':>6} {'threads':>7} {'qopt ms':>9} {'ort ms':>9} {'speed':>6}   ({model.isa})")
    for threads in (1, 2):
        session, reference = model.session(threads=threads), common.onnxruntime_session(path, threads)
        for batch, length in ((1, 128), (32, 128)):
            ones = np.ones((batch, length), np.int64)
            inputs = {"input_ids": random.integers(0, 30522, ones.shape), "attention_mask": ones, "token_type_ids": 0 * ones}
            (own, other), runs = common.interleave(
                [lambda: session.run(inputs, ["last_hidden_state"], copy=False), lambda: reference.run(None, inputs)], options.seconds)
            rows.append({"batch": batch, "length": length, "threads": threads, "qopt_ms": 1e3 * own, "onnxruntime_ms": 1e3 * other,
                         "speed": other / own, "runs": runs, "isa": model.isa})
            print(f"{batch:5} {length:6} {threads:7} {1e3 * own:9.2f} {1e3 * other:9.2f} {other / own:6.2f}")
    common.write(options, "minilm", rows)


if __name__ == "__main__":
    try:
        main()
    except common.Missing as error:
        sys.exit(str(error))

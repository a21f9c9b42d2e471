"""decoder.py inputs TOKENS FOLDER: writes what decoder.test feeds; decoder.py check FOLDER: compares what came out."""

import json
import pathlib
import sys

import numpy as np

ROWS, LENGTH = 2, 40
folder = pathlib.Path(sys.argv[-1])
if sys.argv[1] == "inputs":
    ids = np.load(sys.argv[2])[: ROWS * LENGTH]
    np.save(folder / "tokens.npy", ids)
    np.save(folder / "bad.npy", np.array([0, 4096], np.int32))
    inputs = {
        "input_ids": ids.reshape(ROWS, LENGTH).astype(np.int64),
        "attention_mask": np.ones((ROWS, LENGTH), np.int64),
        "position_ids": np.tile(np.arange(LENGTH), (ROWS, 1)),
    }
    # numpy's own compressed file, one array of it in Fortran order.
    np.savez_compressed(folder / "inputs.npz", **{**inputs, "input_ids": np.asfortranarray(inputs["input_ids"])})
    for name, array in inputs.items():
        np.save(folder / f"{name}.npy", array)
    sys.exit()

logits = np.load(folder / "out.npz")["logits"].astype(np.float64)
targets = np.load(folder / "tokens.npy").reshape(ROWS, LENGTH)[:, 1:].astype(np.int64)
shifted = logits[:, :-1] - logits[:, :-1].max(axis=-1, keepdims=True)
log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
perplexity = np.exp(-np.take_along_axis(log_p, targets[..., None], -1).mean())
figures = json.loads((folder / "eval.json").read_text())
# The file's logits are float16, those of eval are not: half a unit in the last of 11 bits of logits up to about 20.
assert abs(figures["perplexity"] / perplexity - 1) < 2e-3, (figures, perplexity)
assert figures["kl"] == 0 and figures["kl_max"] == 0 and figures["top1"] == 1, figures
assert figures["tokens"] == ROWS * (LENGTH - 1), figures
assert figures["perplexity"] == figures["reference"]["perplexity"], figures

size = sum(path.stat().st_size for path in (folder / "f32.qopt").iterdir())
assert figures["bytes"] == size
inspected = json.loads((folder / "inspect.json").read_text())
assert inspected["bytes"] == size
assert inspected["outputs"][0]["name"] == "logits" and inspected["outputs"][0]["dims"][2] == "4096"

bench = json.loads((folder / "bench.json").read_text())
assert [row["length"] for row in bench["prefill"]] == [8, 40], bench
assert all(row["tokens_per_second"] > 0 for row in bench["prefill"]), bench
decode = bench["decode"]
assert decode["context"] == 8 and decode["weight_bytes"] == inspected["weight_bytes"], bench
assert abs(decode["bytes_per_second"] / decode["read_bytes_per_second"] / decode["bandwidth_share"] - 1) < 1e-9, bench
assert 0 < decode["seconds_p50"] <= decode["seconds_p90"] <= decode["seconds_p99"], bench

# 8 layers of 786,432 weights multiply each token, the head's 4096 x 256 the last one; see config.json.
assert [row["operations"] for row in bench["prefill"]] == [2 * (row["length"] * 8 * 786432 + 4096 * 256) for row in bench["prefill"]], bench
for row in bench["prefill"]:
    share = row["operations"] / row["seconds"] / bench["fma_operations_per_second"]
    assert abs(row["fma_share"] / share - 1) < 1e-9, bench
# At least four lanes at 100 MHz.
assert bench["fma_operations_per_second"] > 8e8, bench

# Every loop once: together with what is outside they are the whole (a median of two runs is their mean, so sums hold).
prompt, token = bench["per_op"]
assert (prompt["phase"], prompt["length"], token["phase"], token["context"]) == ("prefill", 40, "decode", 8), bench
for phase, part in (prompt, 1e-6), (token, 0.7):
    loops = {loop["name"]: loop for loop in phase["loops"]}
    assert len(loops) == len(phase["loops"]), loops
    assert all(loop["seconds"] >= 0 and loop["nodes"] and loop["calls"] > 0 for loop in loops.values()), loops
    together = sum(loop["seconds"] for loop in loops.values()) + phase["seconds_outside"]
    assert abs(together / phase["seconds"] - 1) < part, (together, phase)
    assert [loop["seconds"] for loop in phase["loops"]] == sorted((loop["seconds"] for loop in loops.values()), reverse=True)
    for name, calls in ("lm_head", 1), ("model.layers.*.mlp.down_proj", 8), ("model.layers.*.self_attn.o_proj", 8):
        loop = loops[name]
        assert loop["calls"] == calls and loop["limit"] in ("memory", "compute"), loop
        assert 0 < loop["limit_share"] * loop["seconds"] <= loop["predicted_seconds"] * (1 + 1e-9), loop
    assert not [loop for name, loop in loops.items() if "(attention)" in name and "limit" in loop], loops
    assert "node_linear_56" in loops["lm_head"]["nodes"], loops["lm_head"]
# A token reads every product's weights, a prompt multiplies all but the head's with each of its tokens.
limit = sum(loop["limit_share"] * loop["seconds"] for loop in token["loops"] if "limit" in loop)
products = (8 * 786432 + 4096 * 256) * 4
assert limit <= products / decode["read_bytes_per_second"] * (1 + 1e-9), (limit, bench)
limit = sum(loop["limit_share"] * loop["seconds"] for loop in prompt["loops"] if loop.get("limit") == "compute")
assert limit <= bench["prefill"][-1]["operations"] / bench["fma_operations_per_second"] * (1 + 1e-9), (limit, bench)

first = bench["first_token"]
assert first["length"] == 8 and first["seconds_warm"] > 0 and first["seconds_prefill"] > 0, bench
# File systems in memory keep their files.
assert (first["seconds_cold"] is None) == (first["resident_share"] > 0.01), bench
memory = bench["memory"]
# Most weights have been read, nobody maps more than the file, and they are a part of what is resident.
assert 0.8 * inspected["weight_bytes"] < memory["weight_bytes"] < size + 65536, (memory, size)
assert memory["program_bytes"] > 0 and memory["weight_bytes"] + 1e6 < memory["peak_bytes"] < 1e9, memory

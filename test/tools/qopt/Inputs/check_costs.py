"""Reads `qopt explain --recipe w4 --costs --json` of TinyStories: times, bytes and choices of its products agree."""

import json
import sys

report = json.load(sys.stdin)
[costs] = report["costs"]
assert costs["isa"] == "x86-64-v4"
records = {node["weight"]["path"]: node["weight"] for node in report["nodes"] if "weight" in node}
assert sum(product["layers"] for product in costs["products"]) == 8 * 7 + 1 == len(records)
for phase, rows in ("decode", 1), ("prefill", 512):
    runs = [(product["layers"], product[phase]) for product in costs["products"]]
    assert abs(sum(layers * run["seconds"] for layers, run in runs) - costs[f"seconds_{phase}"]) < 1e-12
    for product in costs["products"]:
        run, record = product[phase], records[product["path"].replace("*", "3")]
        assert run["bytes"] == record["bytes"] and product["shape"] == record["shape"]
        assert run["rows"] == (1 if record["role"] == "head" else rows)
        assert run["operations"] == 2 * run["rows"] * record["shape"][0] * record["shape"][1]
        assert abs(run["seconds_memory"] - run["bytes"] / costs["bytes_per_second"]) < 1e-12
        assert run["seconds"] == max(run["seconds_memory"], run["seconds_compute"])
        assert run["limit"] == ("memory" if run["seconds_memory"] >= run["seconds_compute"] else "compute")
        assert run["unit"] == "fma" and run["one_pass"] == (run["rows"] <= 12)  # activations of w4 are f32

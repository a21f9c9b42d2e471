"""weights.py FOLDER: compares the manifest's weights with the file of weights, and what inspect and eval make of them."""

import json
import pathlib
import struct
import sys

folder = pathlib.Path(sys.argv[1])
weights = json.loads((folder / "m.qopt/manifest.json").read_text())["weights"]
with open(folder / "m.qopt/weights.safetensors", "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
stored = {name: tensor["data_offsets"][1] - tensor["data_offsets"][0] for name, tensor in header.items() if not name.startswith("__")}
assert {weight["name"]: weight["bytes"] for weight in weights} == stored

# Layers are one function in the code, and have paths of their own here.
of = {weight["path"]: weight for weight in weights if "path" in weight}
assert len(of) == 8 * 7 + 1, sorted(of)
assert of["model.layers.5.mlp.up_proj"] | {"name": "", "node": ""} == {
    "name": "", "node": "", "role": "gate_up", "path": "model.layers.5.mlp.up_proj", "shape": [768, 256], "source": "f16",
    "stored": "codes = u4, block = 64, scale = f16, zero = u4", "method": "rtn", "activations": "int8-block",
    "source_bytes": 768 * 256 * 2, "bytes": 768 * 256 // 2 + 768 * 4 * 2 + 768 * 4 // 2}
assert of["lm_head"]["tied"] == "model.embed_tokens" and of["lm_head"]["role"] == "head"

inspected = json.loads((folder / "inspect.json").read_text())
assert inspected["weights"] == weights
assert sum(role["bytes"] for role in inspected["roles"]) == sum(stored.values()) == inspected["weight_bytes"]
size = (folder / "m.qopt/weights.safetensors").stat().st_size
assert inspected["weight_bytes"] + inspected["weights_overhead_bytes"] == size
assert sum(weight["source_bytes"] for weight in weights) == 14688768
figures = json.loads((folder / "eval.json").read_text())
for found in (inspected, figures, figures["reference"]):
    assert found["bits_per_weight"] == sum(stored.values()) * 8 / (14688768 / 2), found
    assert found["bits_per_weight_linears"] == 4.3125, found

"""`qopt eval --per-layer`: SQNR and cosine of each node are those that numpy finds.

numpy has of a node its input and output in float, from ONNX Runtime on the file with these tensors as outputs, and the
values that the artifact's codes mean, unpacked by codes.py. Both sides compute in f32 or better, to 1e-6 of the signal;
the noise is at least 3e-3 of it (50 dB), so that 0.003 dB would be the difference if all errors went the same way. int8
codes of activations may differ where a value is close to a tie.
"""

import json
import pathlib
import tempfile

import numpy as np
import onnx

import common
from codes import coded_weights
from low_bit import compile_model

WINDOW, TOKENS = 100, 201  # a last window of one token
TOLERANCE = {"f32": 0.003, "int8-token": 0.01, "": 0.003}
report = common.Report()


def run(artifact, model, folder):
    np.save(folder / "tokens.npy", tokens())
    result = common.qopt("eval", artifact, "--tokens", folder / "tokens.npy", "--window", WINDOW, "--per-layer", model, "--json", "--threads", 2)
    return json.loads(result.stdout)


def tokens():
    return common.eval_tokens()[:TOKENS]


class FloatModel:
    """Inputs and outputs of nodes, by ONNX Runtime."""

    def __init__(self, path):
        self.file = onnx.load(path)
        self.nodes = {node.name: node for node in self.file.graph.node}

    def values(self, names):
        """Each node's input that is no weight, and its output, of all tokens."""
        import onnxruntime

        wanted = sorted({value for name in names for value in (self.input_of(name), self.nodes[name].output[0])})
        inputs = [i.name for i in self.file.graph.input]
        known = {output.name for output in self.file.graph.output}
        self.file.graph.output.extend(onnx.ValueInfoProto(name=value) for value in wanted if value not in known and value not in inputs)
        session = onnxruntime.InferenceSession(self.file.SerializeToString(), providers=["CPUExecutionProvider"])
        parts = {value: [] for value in wanted}
        for begin in range(0, TOKENS, WINDOW):
            ids = tokens()[None, begin : begin + WINDOW]
            feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "position_ids": np.arange(ids.shape[1])[None],
                    "token_type_ids": np.zeros_like(ids)}
            feed |= {name: np.zeros((1, common.KV_HEADS, 0, common.HEAD), np.float32) for name in inputs if name.startswith("past")}
            feed = {name: feed[name] for name in inputs}
            asked = [value for value in wanted if value not in inputs]
            results = feed | dict(zip(asked, session.run(asked, feed)))
            for value in wanted:
                # Positions have no batch.
                parts[value].append(results[value][0] if results[value].ndim > 1 else results[value])
        values = {value: np.concatenate(part) for value, part in parts.items()}
        return {name: (values[self.input_of(name)], values[self.nodes[name].output[0]]) for name in names}

    def input_of(self, name):
        node = self.nodes[name]
        return node.input[1] if node.op_type == "Gather" else node.input[0]


def figures(floats, codes):
    """SQNR in dB, mean cosine of rows."""
    floats, codes = floats.astype(np.float64), codes.astype(np.float64)
    sqnr = 10 * np.log10((floats**2).sum() / ((floats - codes) ** 2).sum())
    cosines = (floats * codes).sum(-1) / np.sqrt((floats**2).sum(-1) * (codes**2).sum(-1))
    return sqnr, cosines.mean()


def int8_rows(x):
    """What int8 codes of activations with a scale for each row mean."""
    scale = np.abs(x).max(-1, keepdims=True) / np.float32(127)
    return np.rint(x * (np.float32(1) / scale)).astype(np.float64) * scale


def check(name, recipe, folder):
    model = common.onnx_path(name)
    artifact = compile_model(model, recipe, folder, "host")
    layers = run(artifact, model, folder)["layers"]
    title = f"{name} {recipe}"
    records = json.loads((artifact / "manifest.json").read_text())["weights"]
    records = [record for record in records if "method" in record]
    tied = [record for record in records if "tied" in record]
    report.check(len(layers) == len(records) + len(tied), f"{title}: {len(layers)} layers of {len(records)} weights")
    sqnrs = [layer["sqnr"] for layer in layers]
    report.check(sqnrs == sorted(sqnrs), f"{title}: not sorted")
    values = {weight.name: weight.values() for weight in coded_weights(model, recipe, artifact)}
    float_model = FloatModel(model)
    unknown = [layer["node"] for layer in layers if layer["node"] not in float_model.nodes]
    report.check(not unknown, f"{title}: no nodes of the file: {unknown}")
    pairs = float_model.values([layer["node"] for layer in layers])
    worst = 0
    for layer in layers:
        node = float_model.nodes[layer["node"]]
        record = next((r for r in records if r["node"] == node.name), None) or next(r for r in tied if r["tied"] == layer["path"])
        report.check(record["stored"] == layer["format"], f"{title}: {node.name}: {layer['format']}, but the weight is {record['stored']}")
        weight = values[record["name"]]
        x, floats = pairs[node.name]
        if node.op_type == "Gather":
            codes = weight[x]
        else:
            codes = (int8_rows(x) if layer["activations"] == "int8-token" else x.astype(np.float64)) @ weight.T
        sqnr, cosine = figures(floats, codes)
        worst = max(worst, abs(sqnr - layer["sqnr"]))
        report.check(abs(sqnr - layer["sqnr"]) <= TOLERANCE[layer["activations"]], f"{title}: {node.name}: SQNR {layer['sqnr']}, numpy says {sqnr}")
        report.check(abs(cosine - layer["cosine"]) <= 1e-5, f"{title}: {node.name}: cosine {layer['cosine']}, numpy says {cosine}")
    print(f"{title}: {len(layers)} nodes, SQNR {sqnrs[0]:.2f} to {sqnrs[-1]:.2f} dB, numpy's differ by at most {worst:.4f} dB", flush=True)
    left = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    report.check(not left, f"{title}: left beside the artifact: {left}")
    return {layer["node"]: layer for layer in layers}


with tempfile.TemporaryDirectory() as temporary:
    folders = {name: pathlib.Path(temporary) / name for name in ("dynamo-opset18", "optimum-opset17", "minilm-l6")}
    for folder in folders.values():
        folder.mkdir()
    by_recipe = {recipe: check("dynamo-opset18", recipe, folders["dynamo-opset18"]) for recipe in ("w4", "w8", "w8a8")}
    for node, layer in by_recipe["w4"].items():
        eight, both = by_recipe["w8"][node], by_recipe["w8a8"][node]
        # Four bits are 24 dB, of which groups of 64 win some back.
        margin = 10 if layer["format"].startswith("codes = u4") else 0
        report.check(eight["sqnr"] >= layer["sqnr"] + margin, f"{node}: {eight['sqnr']} dB with w8, {layer['sqnr']} dB with w4")
        report.check(both["sqnr"] <= eight["sqnr"], f"{node}: {both['sqnr']} dB with w8a8, {eight['sqnr']} dB with w8")
    check("optimum-opset17", "w4", folders["optimum-opset17"])
    check("minilm-l6", "w8", folders["minilm-l6"])
report.finish()

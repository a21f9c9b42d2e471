"""per_layer.py model FOLDER: a small model of tokens; some of its weights are whole numbers, which 8 bits hold exactly.
per_layer.py check FOLDER MODEL.onnx: what `qopt eval --per-layer --json` says of a decoder."""

import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[2])


def make_model():
    random = np.random.default_rng(3)
    whole = random.integers(-127, 128, (2, 32, 32)).astype(np.float32)
    whole[:, 0], whole[:, :, 0] = -128, -128  # the largest of each row and column, so that the scale is 1
    table, first = whole
    weights = {"table": table, "first": first / 128, "second": random.standard_normal((32, 32)).astype(np.float32)}
    nodes = [
        helper.make_node("Gather", ["table.weight", "input_ids"], ["taken"], "take"),
        helper.make_node("MatMul", ["taken", "first.weight"], ["a"], "same"),
        helper.make_node("MatMul", ["a", "second.weight"], ["b"], "same"),
        helper.make_node("Neg", ["b"], ["y"], "negate"),
    ]
    graph = helper.make_graph(
        nodes, "tokens", [helper.make_tensor_value_info("input_ids", TensorProto.INT32, ["batch", "sequence"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", "sequence", 32])],
        [numpy_helper.from_array(value, f"{name}.weight") for name, value in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "tokens.onnx")
    np.save(folder / "tokens.npy", random.integers(0, 32, 21))
    np.save(folder / "one.npy", np.array([1]))


def check():
    read = lambda name: json.loads((folder / name).read_text())
    result, halves = read("w4.json"), read("halves.json")
    assert set(result) == {"model", "tokens", "window", "isa", "layers"}, set(result)
    assert (result["tokens"], result["window"]) == (70, 40)
    names = {node.name for node in onnx.load(sys.argv[3], load_external_data=False).graph.node}
    assert len(result["layers"]) == 8 * 7 + 2
    for layer in result["layers"]:
        assert list(layer) == ["node", "path", "format", "activations", "sqnr", "cosine"], layer
        assert layer["node"] in names, layer
        assert 10 < layer["sqnr"] < 60 and 0.9 < layer["cosine"] < 1, layer
    figures = [layer["sqnr"] for layer in result["layers"]]
    assert figures == sorted(figures)
    eight = [layer["format"] for layer in result["layers"] if layer["format"].startswith("codes = s8")]
    assert len(eight) == 2, eight
    # Of a recipe in a file; what is not of codes is no layer.
    assert {layer["path"] for layer in halves["layers"]} == {f"model.layers.{i}.mlp.down_proj" for i in range(8)}, halves
    assert {layer["activations"] for layer in halves["layers"]} == {"int8-block"}, halves


{"model": make_model, "check": check}[sys.argv[1]]()

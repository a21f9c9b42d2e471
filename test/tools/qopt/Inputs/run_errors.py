"""run_errors.py model FOLDER: a decoder of one layer, its inputs, good and bad; run_errors.py ABI|TABLE MODEL.SO N: changes a field."""

import ctypes
import pathlib
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper as h, numpy_helper

VOCABULARY, WIDTH, HEADS, CONTEXT = 24, 32, 2, 8
HEAD = WIDTH // HEADS
I64, F32 = TensorProto.INT64, TensorProto.FLOAT


def value(name, dtype, *shape):
    return h.make_tensor_value_info(name, dtype, shape)


def weight(random, name, *shape):
    return numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), name)


def save_model(folder):
    random = np.random.default_rng(5)
    weights = [weight(random, "table", VOCABULARY, WIDTH), weight(random, "head", WIDTH, VOCABULARY)]
    weights += [weight(random, f"w_{part}", WIDTH, WIDTH) for part in "qkvo"]
    weights += [numpy_helper.from_array(np.array(shape), name) for name, shape in {"split": [0, 0, HEADS, HEAD], "join": [0, 0, WIDTH]}.items()]
    nodes = [h.make_node("Gather", ["table", "input_ids"], ["x"], "embedding")]
    nodes += [h.make_node("MatMul", ["x", f"w_{part}"], [part], f"project_{part}") for part in "qkv"]
    for part in "qkv":
        nodes += [h.make_node("Reshape", [part, "split"], [f"{part}_split"]), h.make_node("Transpose", [f"{part}_split"], [f"{part}_heads"], perm=[0, 2, 1, 3])]
    nodes += [h.make_node("Concat", [f"past_key_values.0.{name}", f"{name[0]}_heads"], [f"present.0.{name}"], axis=2) for name in ("key", "value")]
    nodes += [
        h.make_node("Attention", ["q_heads", "present.0.key", "present.0.value"], ["mixed_heads"], "attention"),
        h.make_node("Transpose", ["mixed_heads"], ["mixed_split"], perm=[0, 2, 1, 3]),
        h.make_node("Reshape", ["mixed_split", "join"], ["mixed"]),
        h.make_node("MatMul", ["mixed", "w_o"], ["o"], "project_o"),
        h.make_node("Add", ["x", "o"], ["sum"], "residual"),
        h.make_node("MatMul", ["sum", "head"], ["logits"], "project_head"),
    ]
    past = ["batch", HEADS, "past", HEAD]
    present = ["batch", HEADS, "total", HEAD]
    graph = h.make_graph(
        nodes, "decoder",
        [value("input_ids", I64, "batch", "sequence"), value("past_key_values.0.key", F32, *past), value("past_key_values.0.value", F32, *past)],
        [value("logits", F32, "batch", "sequence", VOCABULARY), value("present.0.key", F32, *present), value("present.0.value", F32, *present)],
        weights)
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 23)], ir_version=10), folder / "decoder.onnx")
    (folder / "config.json").write_text(f'{{"max_position_embeddings": {CONTEXT}}}\n')


def save_inputs(folder):
    ids = np.arange(6, dtype=np.int64).reshape(2, 3)
    past = np.zeros((2, HEADS, 4, HEAD), np.float32)
    arrays = {
        "ids": ids, "past": past,
        "ids-int32": ids.astype(np.int32), "ids-rank": ids[0], "ids-batch": np.tile(ids, (2, 1)), "ids-large": ids + 19,
        "ids-negative": ids - 3, "past-head": past[..., :8], "past-short": past[:, :, :3], "past-long": np.zeros((2, HEADS, 6, HEAD), np.float32),
        "past-float16": past.astype(np.float16),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def change_table(path, field, value):
    """Overwrites a 32-bit field at the start of `qopt_artifact`, found by the address of the symbol in the loaded file."""
    class Info(ctypes.Structure):
        _fields_ = [("file", ctypes.c_char_p), ("base", ctypes.c_void_p), ("symbol", ctypes.c_char_p), ("address", ctypes.c_void_p)]

    library, info = ctypes.CDLL(path), Info()
    ctypes.CDLL(None).dladdr(ctypes.byref(ctypes.c_uint32.in_dll(library, "qopt_artifact")), ctypes.byref(info))
    at = info.address - info.base
    code = bytearray(pathlib.Path(path).read_bytes())
    headers, = struct.unpack_from("<Q", code, 32)
    size, count = struct.unpack_from("<HH", code, 54)
    segments = [struct.unpack_from("<IIQQQQ", code, headers + i * size) for i in range(count)]
    offset = next(s[2] + at - s[3] for s in segments if s[0] == 1 and s[3] <= at < s[3] + s[5])
    struct.pack_into("<I", code, offset + {"ABI": 0, "TABLE": 4}[field], value)
    pathlib.Path(path).unlink()  # the old file is mapped
    pathlib.Path(path).write_bytes(code)


if sys.argv[1] == "model":
    save_model(pathlib.Path(sys.argv[2]))
    save_inputs(pathlib.Path(sys.argv[2]))
else:
    change_table(sys.argv[2], sys.argv[1], int(sys.argv[3]))

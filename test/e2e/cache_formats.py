"""Caches of f16 and int8: what present_* give back of past_*, bytes, bits for any number of threads, and decoding that goes
on from a prefix. Accuracy is quality.py's."""

import pathlib
import tempfile

import common
import numpy as np
from low_bit import compile_model
from qopt_runtime import LOGITS_LAST, LOGITS_NONE, Model

MODEL = "dynamo-opset18"
BYTES = {"f32": 4 * common.HEAD, "f16": 2 * common.HEAD, "int8-channel": common.HEAD + 4}  # of a key or value of a head
report = common.Report()


def stored(format, past):
    """lib/Formats/Activations.h and FloatTypes.h: each step is rounded to f32."""
    if format == "f16":
        return past.astype(np.float16).astype(np.float32)
    largest = np.abs(past).max(axis=-1, keepdims=True)
    codes = np.rint(past * (np.float32(127) / largest))
    return codes * (largest / np.float32(127))


def check_run(format, model):
    """The whole signature: past_* are rounded, present_* hold what was, and the bits are those of any number of threads."""
    sessions = [model.session(batch=3, context=1024, threads=threads) for threads in (1, 2, 3)]
    for batch, past, sequence in ((1, 63, 1), (3, 5, 40), (3, 900, 1)):
        inputs = common.decoder_inputs(MODEL, batch, past, sequence, "left", False)
        results = [session.run(inputs, list(model.outputs)) for session in sessions]
        for key, value in results[0].items():
            same = all(value.tobytes() == other[key].tobytes() for other in results[1:])
            report.check(same, f"{format} {model.isa} past {past}: {key} depends on the threads")
            if key.startswith("present"):
                expected = stored(format, inputs[key.replace("present", "past_key_values")])
                report.check(np.array_equal(value[:, :, :past], expected), f"{format} {model.isa} past {past}: {key} is not its past")


def check_prefix(format, model):
    """Steps behind a prefix leave nothing in it."""
    tokens = np.random.default_rng(1).integers(0, common.VOCABULARY, (2, 90))
    session = model.session(batch=2, context=128)
    session.prefill(tokens[:, :40], which=LOGITS_NONE)
    for step in range(5):
        session.decode(tokens[:, step])
    session.truncate(40)
    again = session.prefill(tokens[:, 40:], which=LOGITS_LAST)
    session.reset()
    session.prefill(tokens[:, :40], which=LOGITS_NONE)
    once = session.prefill(tokens[:, 40:], which=LOGITS_LAST)
    report.check(np.array_equal(again, once), f"{format} {model.isa}: what was truncated is seen")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for format, size in BYTES.items():
        path = common.artifact(MODEL)
        if format != "f32":
            recipe = folder / f"{format}.yaml"
            recipe.write_text(f"rules:\n  - match: {{role: kv_cache}}\n    format: {format}\n")
            path = compile_model(common.onnx_path(MODEL), recipe, folder)
        expected = 2 * common.LAYERS * common.KV_HEADS * size
        report.check(Model(path).info.cache_bytes == expected, f"{format}: {Model(path).info.cache_bytes} bytes, expected {expected}")
        for isa in common.machine_isas() if format != "f32" else []:
            model = Model(path, isa)
            check_run(format, model)
            check_prefix(format, model)
report.finish()

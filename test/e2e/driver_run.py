"""`qopt run` with npy files: the same numbers as through the library, present_* when fetched, bits that do not depend
on the number of threads."""

import tempfile
import pathlib

import numpy as np

import common
from qopt_runtime import Model


def run(path, inputs, folder, fetch, threads):
    arguments = []
    for name, array in inputs.items():
        np.save(folder / f"{name}.npy", array)
        arguments += ["--input", f"{name}={folder / name}.npy"]
    for name in fetch:
        arguments += ["--fetch", name]
    output = folder / f"out{threads}.npz"
    output.unlink(missing_ok=True)
    common.qopt("run", path, *arguments, "--output", output, "--threads", threads)
    with np.load(output) as file:
        return dict(file)


report = common.Report()
for name in ["dynamo-opset18", "dynamo-f16", "minilm-l6"]:
    common.onnx_path(name)
    path = common.artifact(name)
    if name == "minilm-l6":
        inputs, fetch = common.encoder_inputs(3, 33), ["last_hidden_state"]
    else:
        inputs = common.decoder_inputs(name, 3, 5, 17, "left", True)
        fetch = ["logits", "present.0.key", "present.7.value"]
    with tempfile.TemporaryDirectory() as folder:
        results = [run(path, inputs, pathlib.Path(folder), fetch, threads) for threads in (1, 2, 3)]
    library = Model(path).session(batch=3, threads=2).run(inputs, fetch)
    for threads, result in zip((1, 2, 3), results):
        report.check(set(result) == set(fetch), f"{name}: outputs {sorted(result)}, expected {sorted(fetch)}")
        for key in fetch:
            same = key in result and result[key].dtype == library[key].dtype and np.array_equal(result[key], library[key])
            report.check(same, f"{name}: {key} with --threads {threads} is not what the library gives with 2")
report.finish()

"""What the end-to-end tests share: models, artifacts, inputs, ONNX Runtime's outputs."""

import functools
import os
import pathlib
import subprocess
import sys

import numpy as np

SKIPPED = 77
BUILD = pathlib.Path(os.environ.get("QOPT_BUILD", "."))
MODELS = pathlib.Path(os.environ["QOPT_MODELS"])
ARTIFACTS = BUILD / "test" / "artifacts"
ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "tinystories"
DECODERS = ["optimum-opset17", "dynamo-opset18", "dynamo-opset23", "dynamo-f16"]
LAYERS, KV_HEADS, HEAD, VOCABULARY = 8, 2, 64, 4096

# What each ISA version asks of /proc/cpuinfo.
ISAS = {
    "x86-64": set(),
    "x86-64-v3": {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"},
    "x86-64-v4": {"avx", "avx2", "fma", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
}


def machine_isas():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    flags = set(next(line for line in lines if line.startswith("flags")).split()[2:])
    return [isa for isa, wanted in ISAS.items() if wanted <= flags]


def find_onnx(name):
    """The ONNX file of a test model, or None. The repository itself carries dynamo-f16."""
    if name == "dynamo-f16":
        return EXAMPLE / "model.onnx"
    path = MODELS / (name if name == "minilm-l6" else f"tinystories-7m/{name}") / "model.onnx"
    return path if path.exists() else None


def onnx_path(name):
    """As find_onnx; ends the test as skipped where the file is missing, as failed in continuous integration."""
    path = find_onnx(name)
    if not path:
        print(f"skipped: {name} is missing")
        sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
    return path


def qopt(*arguments, check=True, **options):
    """Runs the driver; text of both streams in the result."""
    result = subprocess.run(["qopt", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if check and result.returncode:
        sys.exit(f"qopt {' '.join(map(str, arguments))}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result


def artifact(name, recipe="f32"):
    """Where the test `e2e-compile` leaves the artifact of a model; ends the test as onnx_path does."""
    onnx_path(name)
    return ARTIFACTS / f"{name}-{recipe}.qopt"


@functools.cache
def onnxruntime_session(name, threads=2):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(onnx_path(name)), options, providers=["CPUExecutionProvider"])


def reference(name, inputs):
    """All outputs of ONNX Runtime by name."""
    session = onnxruntime_session(name)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def eval_tokens():
    return np.load(EXAMPLE / "eval_tokens.npy").astype(np.int64)


def padded_mask(batch, past, sequence, padding):
    """[batch, past + sequence]: row b has 5 b tokens less than the longest. "left": the first ones are padding;
    "right": the last ones, of the past and of the new tokens, as when a padded batch goes on."""
    mask = np.ones((batch, past + sequence), np.int64)
    for row in range(1, batch):
        if padding == "left":
            mask[row, : min(5 * row, past + sequence - 1)] = 0
        elif padding == "right":
            mask[row, past + max(1, sequence - 5 * row) :] = 0
            mask[row, max(1, past - 5 * row) : past] = 0
    return mask


def position_ids(mask, sequence):
    return np.maximum(np.cumsum(mask, axis=1) - 1, 0)[:, -sequence:]


def decoder_inputs(name, batch, past, sequence, padding, real, seed=0):
    """Inputs of a decoder in the dtypes of the file; `real`: text, and the past that ONNX Runtime makes of it."""
    random = np.random.default_rng(seed + 1000 * past + sequence)
    total = past + sequence
    mask = padded_mask(batch, past, sequence, padding)
    if real:
        ids = np.stack([eval_tokens()[256 * row : 256 * row + total] if total <= 256 else eval_tokens()[300 * row : 300 * row + total]
                        for row in range(batch)])
    else:
        ids = random.integers(0, VOCABULARY, (batch, total))
    dtype = np.float16 if name == "dynamo-f16" else np.float32
    shape = (batch, KV_HEADS, past, HEAD)
    names = [f"past_key_values.{layer}.{kind}" for layer in range(LAYERS) for kind in ("key", "value")]
    if real and past:
        empty = {n: np.zeros((batch, KV_HEADS, 0, HEAD), dtype) for n in names}
        first = {"input_ids": ids[:, :past], "attention_mask": mask[:, :past], "position_ids": position_ids(mask[:, :past], past), **empty}
        made = reference(name, first)
        caches = {n: made[n.replace("past_key_values", "present")] for n in names}
    else:
        caches = {n: random.standard_normal(shape).astype(dtype) for n in names}
    return {"input_ids": ids[:, past:], "attention_mask": mask, "position_ids": position_ids(mask, sequence), **caches}


def encoder_inputs(batch, sequence, seed=0):
    """Inputs of minilm-l6: rows of unequal lengths, padded right; row 1 of a batch also has two segments."""
    random = np.random.default_rng(seed + sequence)
    ids = random.integers(0, 30522, (batch, sequence))
    mask = np.ones((batch, sequence), np.int64)
    types = np.zeros((batch, sequence), np.int64)
    for row in range(1, batch):
        mask[row, max(1, sequence - sequence * row // 4) :] = 0
        types[row, sequence // 2 :] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def difference(expected, got, where):
    """Largest difference where `where` (leading dimensions) holds, relative to the largest expected value there."""
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    assert expected.shape == got.shape, f"expected shape {expected.shape}, but got {got.shape}"
    expected, got = expected[where], got[where]
    if not np.isfinite(got).all():
        return np.inf
    largest = np.abs(expected).max(initial=0)
    return np.abs(expected - got).max(initial=0) / (largest or 1)


def compare_decoder(expected, got, mask, sequence):
    """Largest relative difference of (logits, present) at unmasked positions."""
    seen = mask.astype(bool)
    logits = difference(expected["logits"], got["logits"], seen[:, -sequence:])
    present = 0.0
    for name in expected:
        if name.startswith("present"):
            present = max(present, difference(expected[name].swapaxes(1, 2), got[name].swapaxes(1, 2), seen))
    return logits, present


class Report:
    """Counts checks; its exit code says whether all held."""

    def __init__(self):
        self.checks, self.failures = 0, 0

    def check(self, holds, text):
        self.checks += 1
        if not holds:
            self.failures += 1
            print("FAILED:", text)

    def finish(self):
        print(f"{self.checks} checks, {self.failures} failed")
        sys.exit(bool(self.failures or not self.checks))

"""What users get wrong at run time and on command lines: exit code 1, a message that says what and where, nothing
half-written. The messages are pinned."""

import contextlib
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile

import numpy as np

import common

report = common.Report()
ONNX = common.onnx_path("dynamo-f16")
ARTIFACT = common.artifact("dynamo-f16")


def fails(label, message, *arguments, **options):
    """The driver ends with code 1 and one error that matches; `message` is a regular expression."""
    result = common.qopt(*arguments, check=False, **options)
    text = result.stderr
    report.check(result.returncode == 1, f"{label}: exit code {result.returncode}, expected 1\n{text}")
    report.check(re.search(message, text), f"{label}: expected /{message}/, but got\n{text}")
    report.check("PLEASE submit" not in text and "Stack dump" not in text, f"{label}: crashed\n{text}")


def save(folder, arrays):
    """Arguments --input for the arrays."""
    arguments = []
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
        arguments += ["--input", f"{name}={folder / name}.npy"]
    return arguments


def bad_tensors(folder):
    good = common.decoder_inputs("dynamo-f16", 1, 3, 4, "none", False)
    ids, mask, key = good["input_ids"], good["attention_mask"], good["past_key_values.0.key"]
    without = {name: array for name, array in good.items() if name != "attention_mask"}
    too_long = common.decoder_inputs("dynamo-f16", 1, 500, 13, "none", False)
    cases = {
        "wrong name": ({**good, "inputs": ids}, r"the model has no input 'inputs' \(it has input_ids, attention_mask, position_ids, "),
        "missing input": (without, r"input 'attention_mask' is missing"),
        "wrong dtype": ({**good, "input_ids": ids.astype(np.int32)}, r"input 'input_ids' expects dtype int64, but got int32"),
        "wrong dtype of a cache": ({**good, "past_key_values.0.key": key.astype(np.float32)},
                                   r"input 'past_key_values\.0\.key' expects dtype float16, but got float32"),
        "wrong rank": ({**good, "input_ids": ids[0]}, r"input 'input_ids' expects rank 2, but got 1"),
        "short mask": ({**good, "attention_mask": mask[:, :5]}, r"input 'attention_mask' expects dimension 1 to be .*, but got 5|attention_mask"),
        "two batches": ({**good, "position_ids": np.tile(good["position_ids"], (2, 1))},
                        r"input 'position_ids' expects dimension 0 to be \w+ = 1, but got 2"),
        "wrong head size": ({**good, "past_key_values.0.key": key[..., :32]},
                            r"input 'past_key_values\.0\.key' expects dimension 3 to be 64, but got 32"),
        "caches of two lengths": ({**good, "past_key_values.3.value": key[:, :, :2]},
                                  r"input 'past_key_values\.3\.value' expects dimension 2 to be \w+ = 3, but got 2"),
        "token id too large": ({**good, "input_ids": ids * 0 + 4096},
                               r"input 'input_ids' has token id 4096 at \[0, 0\], but the vocabulary has 4096"),
        "token id negative": ({**good, "input_ids": ids * 0 - 1}, r"input 'input_ids' has token id -1 at \[0, 0\]"),
        "context overflow": (too_long, r"500 past and 13 new time steps exceed the session's context of 512"),
    }
    output = folder / "out.npz"
    for label, (arrays, message) in cases.items():
        fails(label, message, "run", ARTIFACT, *save(folder, arrays), "--output", output)
        report.check(not output.exists(), f"{label}: an output was written")
    inputs = save(folder, good)
    fails("unknown output", r"the model has no output 'logit'", "run", ARTIFACT, *inputs, "--output", output, "--fetch", "logit")
    fails("no npy file", r"input_ids\.npy", "run", ARTIFACT, *inputs[2:], "--input", "input_ids=input_ids.npy", "--output", output)
    (folder / "text.npy").write_text("no array")
    fails("not npy", r"text\.npy", "run", ARTIFACT, *inputs[2:], "--input", f"input_ids={folder}/text.npy", "--output", output)
    fails("output in no folder", r"nowhere/out\.npz.*No such file or directory", "run", ARTIFACT, *inputs, "--output", folder / "nowhere/out.npz")
    if os.path.exists("/dev/full"):
        fails("full output", r"/dev/full.*No space left on device", "run", ARTIFACT, *inputs, "--output", "/dev/full")


def table_offset(code):
    """Where the bytes of qopt_artifact lie in a shared object."""
    sections, = struct.unpack_from("<Q", code, 0x28)
    size, count = struct.unpack_from("<HH", code, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", code, sections + i * size) for i in range(count)]
    symbols = next(h for h in headers if h[1] == 11)  # SHT_DYNSYM
    strings = headers[symbols[6]]
    for at in range(symbols[4], symbols[4] + symbols[5], 24):
        name, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", code, at)
        if code[strings[4] + name :].startswith(b"qopt_artifact\0"):
            return headers[section][4] + value - headers[section][3]
    raise ValueError("no qopt_artifact")


def damaged(folder, name, file, change):
    """A copy of the artifact with one file changed."""
    copy = folder / name
    shutil.copytree(ARTIFACT, copy)
    data = bytearray((copy / file).read_bytes())
    (copy / file).write_bytes(change(data))
    return copy


def bad_artifacts(folder):
    def patched(position, value):
        def change(code):
            struct.pack_into("<I", code, table_offset(code) + position, value)
            return code

        return change

    inputs = save(folder, common.decoder_inputs("dynamo-f16", 1, 0, 2, "none", False))
    cases = {
        "truncated weights": ("weights.safetensors", lambda data: data[:-1], r"weights\.safetensors: truncated or resized weights file \(expects \d+ bytes, but got \d+\)"),
        "resized weights": ("weights.safetensors", lambda data: data + b"\0", r"weights\.safetensors: truncated or resized weights file"),
        "empty weights": ("weights.safetensors", lambda data: b"", r"weights\.safetensors: truncated or resized weights file"),
        "other weights": ("weights.safetensors", lambda data: b"\xff" + data[1:], r"weights\.safetensors: not the weights file of this artifact"),
        "other ABI": ("model.so", patched(0, 99), r"model\.so: made by another version of qopt \(ABI 99, this runtime has ABI \d+\); compile the model again"),
        "other table": ("model.so", patched(4, 8), r"model\.so: made by another version of qopt \(a table of 8 bytes"),
        "truncated code": ("model.so", lambda data: data[: len(data) // 2], r"model\.so: truncated shared object"),
        "empty code": ("model.so", lambda data: b"", r"model\.so: not a 64-bit shared object"),
        "text as code": ("model.so", lambda data: b"#!/bin/sh\n" * 100, r"model\.so: not a 64-bit shared object"),
    }
    for label, (file, change, message) in cases.items():
        copy = damaged(folder, label.replace(" ", "-"), file, change)
        fails(label, message, "run", copy, *inputs, "--output", folder / "out.npz")
        shutil.rmtree(copy)
    fails("no artifact", r"cannot open .*nothing\.qopt: No such file or directory", "run", folder / "nothing.qopt", *inputs, "--output", folder / "o.npz")
    fails("a file as artifact", r"expects an artifact, which is a directory", "run", ONNX, *inputs, "--output", folder / "o.npz")
    fails("an unknown ISA", r"QOPT_ISA expects a version of the code that the artifact holds \(x86-64-v4, x86-64-v3, x86-64\), but got z80", "run", ARTIFACT, *inputs,
          "--output", folder / "o.npz", env={**os.environ, "QOPT_ISA": "z80"})


def bad_commands(folder):
    existing = folder / "existing"
    existing.mkdir()
    (existing / "keep").write_text("mine")
    read_only = folder / "file"
    read_only.write_text("")
    output = folder / "x.qopt"
    fails("unknown recipe", r"unknown recipe 'w4x'; expects a YAML file or one of f32, f16, bf16", "compile", ONNX, "-o", output, "--recipe", "w4x")
    fails("unknown target", r"unknown target 'mips'; expects one of all, host, x86-64", "compile", ONNX, "-o", output, "--target", "mips")
    fails("aarch64", r"target 'aarch64' is not yet supported", "compile", ONNX, "-o", output, "--target", "aarch64")
    fails("cuda", r"target 'cuda-sm_90' is not yet supported", "compile", ONNX, "-o", output, "--target", "x86-64,cuda-sm_90")
    fails("no output", r"expects -o, the name of the output", "compile", ONNX)
    fails("existing output", r"existing' exists; --force replaces an artifact", "compile", ONNX, "-o", existing)
    fails("existing foreign output", r"existing' is not an artifact, and is not replaced", "compile", ONNX, "-o", existing, "--force", "--target", "host")
    report.check((existing / "keep").read_text() == "mine", "a foreign folder was changed")
    fails("output in no folder", r"cannot create '.*nowhere/x\.qopt': No such file or directory", "compile", ONNX, "-o", folder / "nowhere/x.qopt", "--target", "host")
    fails("output below a file", r"cannot create '.*file/x\.qopt': Not a directory", "compile", ONNX, "-o", read_only / "x.qopt", "--target", "host")
    fails("no model", r"nothing\.onnx", "compile", folder / "nothing.onnx", "-o", output)
    fails("unknown option", r"unknown option '--recpie'; did you mean '--recipe'\?", "compile", ONNX, "--recpie", "f32")
    fails("unknown command", r"unknown command 'comple'; qopt -h lists them", "comple")
    fails("unknown stage", r"unknown stage 'ptx'; expects one of onnx, qopt, linalg, llvm, asm, obj, shared", "compile", ONNX, "--emit=ptx")
    fails("no tokens", r"nothing\.npy", "eval", ARTIFACT, "--tokens", folder / "nothing.npy", "--json")
    report.check(not output.exists(), "an artifact appeared")


@contextlib.contextmanager
def small_device(folder, size):
    """A file system of `size` bytes, or None where it cannot be made."""
    target = folder / "small"
    target.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", target], capture_output=True).returncode == 0
    try:
        yield target if made else None
    finally:
        if made:
            subprocess.run(["umount", target], check=True)


def full_device(folder):
    with small_device(folder, 1 << 20) as device:
        if not device:
            print("full device: not tried, it needs the right to mount")
            return
        fails("full device", r"No space left on device", "compile", ONNX, "-o", device / "x.qopt", "--target", "host")
        report.check(not list(device.iterdir()), f"full device: left {list(device.iterdir())}")
        ids = common.eval_tokens()[:200][None]
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "position_ids": np.arange(200)[None]}
        fails("full device for outputs", r"No space left on device", "run", ARTIFACT, *save(folder, inputs), "--output", device / "out.npz")
        report.check(not list(device.iterdir()), f"full device for outputs: left {list(device.iterdir())}")


with tempfile.TemporaryDirectory() as name:
    for part in (bad_tensors, bad_artifacts, bad_commands, full_device):
        folder = pathlib.Path(name) / part.__name__
        folder.mkdir()
        part(folder)
report.finish()

"""Makes the test models once, in $QOPT_MODELS, with $QOPT_SHARED/models/make.py."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

NAMES = ["optimum-opset17", "dynamo-opset18", "dynamo-opset23", "dynamo-f16", "genai-fp32", "qdq-int8", "minilm-l6"]
SKIPPED = 77

models = pathlib.Path(os.environ["QOPT_MODELS"])
maker = pathlib.Path(os.environ["QOPT_SHARED"]) / "models" / "make.py"


def folder(name):
    return name if name == "minilm-l6" else f"tinystories-7m/{name}"


def complete(name, sums):
    path = models / folder(name) / "model.onnx"
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sums[f"{folder(name)}/model.onnx"]


def main():
    if not maker.exists():
        print(f"{maker} is missing: the tests that want its models are skipped")
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    text = (maker.parent / "SHA256SUMS").read_text()
    stamp = models / ".complete"
    models.mkdir(parents=True, exist_ok=True)
    with open(models / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = "\n".join([*NAMES, text])
        if stamp.exists() and stamp.read_text() == done:
            return 0
        sums = dict(reversed(line.split()) for line in text.splitlines())
        missing = [name for name in NAMES if not complete(name, sums)]
        with tempfile.TemporaryDirectory(dir=models) as work:
            if missing:
                subprocess.run([sys.executable, maker, work, *missing], check=True)
            for name in missing:
                target = models / folder(name)
                shutil.rmtree(target, ignore_errors=True)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(pathlib.Path(work) / folder(name), target)
        stamp.write_text(done)
    return 0


sys.exit(main())

"""tamper.py ARTIFACT: changes a byte of one file, cuts one, removes one, adds one."""

import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
with open(folder / "weights.safetensors", "r+b") as weights:
    weights.seek(5_000_000)
    byte = weights.read(1)[0]
    weights.seek(5_000_000)
    weights.write(bytes([byte ^ 1]))
(folder / "model.h").write_bytes((folder / "model.h").read_bytes()[:20])
(folder / "config.json").unlink()
(folder / "extra.txt").write_text("extra\n")

"""Prints the ```mlir blocks of a Markdown file, split as qopt-opt --split-input-file reads them."""

import pathlib
import re
import sys

blocks = re.findall(r"^```mlir\n(.*?)^```$", pathlib.Path(sys.argv[1]).read_text(), re.MULTILINE | re.DOTALL)
if not blocks:
    sys.exit(f"{sys.argv[1]}: no ```mlir block")
print("\n// -----\n\n".join(blocks), end="")

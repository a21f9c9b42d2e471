"""Checks the house rules: layering, header guards, formatting, no path of one machine, no test forgotten."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Third-party libraries that plain C++ may use (MLIR is not one of them).
LIBRARIES = {"onnx", "google", "Eigen", "unicode", "lld", "sentencepiece"}
SYSTEM = {"sys", "linux"}

# Directory -> what it may include besides itself. Every arrow points down.
MAY_INCLUDE = {
    "include": set(),
    "lib": {"qopt", "llvm"} | LIBRARIES,
    "dialects": {"lib", "qopt", "llvm", "mlir"},
    "passes": {"dialects", "lib", "qopt", "llvm", "mlir"},
    "tools": {"passes", "dialects", "lib", "qopt", "llvm", "mlir"},
    "runtime": {"qopt"},
}
INCLUDE = re.compile(r'^\s*#?\s*include\s+[<"](\w+)/', re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(?:work|root|tmp)(?:/|\b)")
LONG = 400


def layering(top, path):
    text = path.read_text()
    name = path.relative_to(ROOT)
    for used in sorted(set(INCLUDE.findall(text)) - MAY_INCLUDE[top] - {top} - SYSTEM):
        yield f"{name}: {top}/ must not include {used}/"
    guard = "QOPT_" + re.sub(r"\W", "_", str(name.with_suffix(""))).upper()
    if path.suffix in {".h", ".td"} and f"#ifndef {guard}_{path.suffix[1:].upper()}\n" not in text:
        yield f"{name}: header guard must be {guard}_{path.suffix[1:].upper()}"
    if path.suffix in {".h", ".cpp", ".c"}:
        first = text.split("\n", 1)[0]
        if not re.match(rf"(//|/\*)===- {re.escape(path.name)} - ", first):
            yield f"{name}: the first line must say what {path.name} is"


def files(*tops):
    for top in tops:
        yield from (path for path in sorted((ROOT / top).rglob("*")) if path.is_file())


def machine_paths():
    texts = {".h", ".c", ".cpp", ".td", ".py", ".txt", ".cmake", ".in", ".sh", ".mlir", ".test", ".md", ".json"}
    own = pathlib.Path(__file__).resolve()
    for path in files(*MAY_INCLUDE, "test", "bench", "python", "cmake", "docs"):
        if path.suffix in texts and path != own and "__pycache__" not in path.parts:
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if MACHINE_PATH.search(line):
                    yield f"{path.relative_to(ROOT)}:{number}: names a path of one machine"


def forgotten_tests():
    listed = (ROOT / "test" / "CMakeLists.txt").read_text().replace(")", " ").split()
    for path in (ROOT / "test").rglob("*/CMakeLists.txt"):
        folder = str(path.parent.relative_to(ROOT / "test"))
        stands_alone = "\nproject(" in path.read_text()
        if folder not in listed and not stands_alone:
            yield f"test/CMakeLists.txt: does not add {folder}"


sources = [path for path in files(*MAY_INCLUDE) if path.suffix in {".h", ".c", ".cpp", ".td"}]
found = [p for path in sources for p in layering(path.relative_to(ROOT).parts[0], path)]
found += [*machine_paths(), *forgotten_tests()]
print("\n".join(found))
for path in sources:
    lines = path.read_text().count("\n")
    if lines > LONG:
        print(f"warning: {path.relative_to(ROOT)}: {lines} lines, is there a second subject in it?")
tests = [path for path in files("test", "bench") if path.suffix in {".h", ".c", ".cpp"}]
formatted = [str(path) for path in sources + tests if path.suffix != ".td"]
format_check = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *formatted])
sys.exit(bool(found) or format_check.returncode)

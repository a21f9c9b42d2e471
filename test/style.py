"""style.py [ROOT]: checks the house rules: layering, includes, header guards, formatting, no path of one machine, no test
forgotten."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()

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
# Whose headers stand in quotes, as ours do; all others are in angle brackets.
QUOTED = {"llvm", "llvm-c", "mlir", "lld"}
INCLUDE = re.compile(r'^[ \t]*#?[ \t]*include\s*([<"])([^>"\n]+)[>"]', re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(?:work|root|tmp)(?:/|\b)")
LONG = 400


def layering(top, path):
    text = path.read_text()
    name = path.relative_to(ROOT)
    used = {target.split("/")[0] for _, target in INCLUDE.findall(text) if "/" in target}
    for folder in sorted(used - MAY_INCLUDE[top] - {top} - SYSTEM):
        yield f"{name}: {top}/ must not include {folder}/"
    guard = "QOPT_" + re.sub(r"\W", "_", str(name.with_suffix(""))).upper()
    if path.suffix in {".h", ".td"} and f"#ifndef {guard}_{path.suffix[1:].upper()}\n" not in text:
        yield f"{name}: header guard must be {guard}_{path.suffix[1:].upper()}"
    if path.suffix in {".h", ".cpp", ".c"}:
        first = text.split("\n", 1)[0]
        if not re.match(rf"(//|/\*)===- {re.escape(path.name)} - ", first):
            yield f"{name}: the first line must say what {path.name} is"


def is_own(target):
    """Whether it is a header of ours, written from the root, or made from one of our .td files."""
    path = ROOT / target
    if ".." in path.parts:
        return False
    return path.is_file() or (ROOT / "include" / target).is_file() or ("/" in target and path.suffix == ".inc" and path.parent.is_dir())


def rank(path, mark, target):
    """Where it stands: the file's own header first, then as clang-format sorts a block."""
    if target == str(path.relative_to(ROOT).with_suffix(".h")):
        return 0
    return 3 if mark == "<" else 2 if target.startswith("llvm/") else 1


def includes(path):
    name, text = path.relative_to(ROOT), path.read_text()
    last, lines = 0, INCLUDE.findall(text)
    for mark, target in lines:
        is_quoted = is_own(target) or target.split("/")[0] in QUOTED
        if mark == '"' and not is_quoted:
            yield f"{name}: \"{target}\" is no path from the root; headers of other libraries are in <>"
        if mark == "<" and is_quoted:
            yield f"{name}: <{target}> must be in quotes"
        if target.endswith(".inc") or path.suffix == ".td":
            continue  # where the text of it belongs
        if rank(path, mark, target) < last:
            yield f"{name}: {target} stands too late: own header, ours and mlir, llvm, then <>"
        last = max(last, rank(path, mark, target))
    using = re.search(r"^using namespace", text, re.MULTILINE)
    if using and path.suffix == ".h":
        yield f"{name}: a header must not use a namespace"
    if using and any(not target.endswith(".inc") for _, target in INCLUDE.findall(text[using.start():])):
        yield f"{name}: uses a namespace before the last include"


def files(*tops):
    for top in tops:
        yield from (path for path in sorted((ROOT / top).rglob("*")) if path.is_file())


def machine_paths():
    texts = {".h", ".c", ".cpp", ".td", ".py", ".txt", ".cmake", ".in", ".sh", ".mlir", ".test", ".md", ".json"}
    own = pathlib.Path(__file__).resolve()
    for path in files(*MAY_INCLUDE, "test", "bench", "python", "cmake", "docs", "examples"):
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
# A project of its own includes as its users do.
tests = [path for path in files("test", "bench") if path.suffix in {".h", ".c", ".cpp"}]
found += [p for path in sources + tests if "project" not in path.parts for p in includes(path)]
found += [*machine_paths(), *forgotten_tests()]
print("\n".join(found))
for path in sources:
    lines = path.read_text().count("\n")
    if lines > LONG:
        print(f"warning: {path.relative_to(ROOT)}: {lines} lines, is there a second subject in it?")
examples = [path for path in files("examples") if path.suffix in {".h", ".c", ".cpp"}]
formatted = [str(path) for path in sources + tests + examples if path.suffix != ".td"]
format_check = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *formatted])
sys.exit(bool(found) or format_check.returncode)

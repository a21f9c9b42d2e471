"""The documentation is whole: the reference has every pass and op that there is, links lead somewhere, the guide's
commands and options exist."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
REFERENCE = pathlib.Path(os.environ["QOPT_BUILD"]) / "docs"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("dialects/*/README.md"))]
OPTION = re.compile(r"(?<![\w-])(--?[a-z][a-z-]*)")
found = []


def expect(holds, text):
    if not holds:
        found.append(text)


def help_of(*command):
    return subprocess.run([*command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout


def sections(file):
    """Heading -> what stands below it, of the ops or passes of a generated page."""
    parts = re.split(r"^### `-?([\w.-]+)`.*$", (REFERENCE / file).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def check_passes():
    """qopt-opt lists what is registered; the pipelines are no passes."""
    listed = dict(re.findall(r"^ +--(qopt-[\w-]+?(?<!-pipeline)) +- +(.+)$", help_of("qopt-opt", "--help"), re.MULTILINE))
    written = sections("passes.md")
    expect(len(listed) > 20, f"qopt-opt lists few passes: {listed}")
    expect(set(listed) == set(written), f"passes.md and qopt-opt differ in {set(listed) ^ set(written)}")
    for name, text in written.items():
        expect(f"_{listed.get(name)}_" in text, f"passes.md: {name} has another summary")
        expect("```mlir" in text, f"passes.md: {name} has no example")


def check_ops():
    for dialect, folder in {"qopt": "QOpt", "onnx": "ONNX"}.items():
        source = "".join(path.read_text() for path in (ROOT / "dialects" / folder).glob("*.td"))
        defined = {f"{dialect}.{name}" for name in re.findall(r'^def \w+Op : \w+<"(\w+)"', source, re.MULTILINE)}
        written = sections(f"{dialect}.md")
        expect(defined and defined == set(written), f"{dialect}.md and dialects/{folder}/*.td differ in {defined ^ set(written)}")
        for name, text in written.items():
            expect(re.search(r"^_[A-Z].+_$", text, re.MULTILINE), f"{dialect}.md: {name} has no summary")
            expect("```mlir" in text, f"{dialect}.md: {name} has no example")


def anchors(page):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_links():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            expect(target.exists(), f"{page.relative_to(ROOT)}: {link} does not exist")
            expect(not anchor or not target.exists() or anchor in anchors(target), f"{page.relative_to(ROOT)}: {link} has no such heading")
    contents = (ROOT / "docs" / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        expect(page.name == "README.md" or f"({page.name})" in contents, f"docs/README.md does not list {page.name}")


def check_commands():
    """Each command has a section of the guide, whose options are its own; so have the commands of other pages."""
    names = re.findall(r"^  (\w+)  ", help_of("qopt", "-h"), re.MULTILINE)
    options = {name: set(OPTION.findall(help_of("qopt", name, "-h"))) for name in names}
    guide = (ROOT / "docs" / "guide.md").read_text()
    for name in names:
        section = re.search(rf"^## {name}: .*?(?=^## )", guide, re.MULTILINE | re.DOTALL)
        expect(section, f"guide.md: no section '{name}: ...'")
        used = OPTION.findall(" ".join(re.findall(r"`(-[^`]*)`", section[0]))) if section else []
        expect(set(used) <= options[name], f"guide.md: qopt {name} has no {set(used) - options[name]}")
    for page in PAGES:
        for name, rest in re.findall(r"^ +(?:\$ )?qopt (\w+) (.*)$", page.read_text(), re.MULTILINE):
            unknown = set(OPTION.findall(rest)) - options.get(name, set())
            expect(name in options and not unknown, f"{page.relative_to(ROOT)}: qopt {name} has no {unknown or 'such command'}")


check_passes()
check_ops()
check_links()
check_commands()
print("\n".join(found))
sys.exit(bool(found))

"""The parts of bench/bench_peers.py that need no peer: the file that llama.cpp is given, verdicts, the plot, codes of blocks."""

import ctypes
import io
import mmap
import pathlib
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

import numpy as np

BENCH = pathlib.Path(__file__).resolve().parents[1] / "bench"
sys.path.insert(0, str(BENCH))
import common
from peers import gguf, graphs
from peers.figures import GOALS, Figures, plot


def read_header(file):
    """Metadata, {name: (dims, type, offset)} and where the data begin, as the format's description has them."""
    take = lambda form: struct.unpack("<" + form, file.read(struct.calcsize("<" + form)))
    text = lambda: file.read(take("Q")[0]).decode()
    assert file.read(4) == b"GGUF"
    version, num_tensors, num_values = take("IQQ")
    assert version == 3
    values = {}
    for _ in range(num_values):
        name, kind = text(), take("I")[0]
        values[name] = text() if kind == 8 else take({4: "I", 6: "f"}[kind])[0]
    tensors = {}
    for _ in range(num_tensors):
        name, rank = text(), take("I")[0]
        tensors[name] = (take(f"{rank}Q"), *take("IQ"))
    return values, tensors, -(-file.tell() // 32) * 32


def test_gguf():
    shapes = {"norm": (3,), "matrix": (5, 7), "last": (2, 2)}
    header, offsets = gguf.header(shapes, {"a": "text", "b": 7, "c": 0.5})
    values, tensors, begin = read_header(io.BytesIO(header))
    assert values == {"a": "text", "b": 7, "c": 0.5}
    # Innermost dimension first; 12 and 70 bytes, each at a multiple of 32.
    assert tensors == {"norm": ((3,), 0, 0), "matrix": ((7, 5), 1, 32), "last": ((2, 2), 1, 128)}
    assert begin == len(header) and offsets == {"norm": 0, "matrix": 32, "last": 128}
    elements = sum(int(np.prod(dims)) for name, dims in gguf.shapes(16).items() if "norm" not in name)
    assert elements == 973_078_528 + 262_668_288


def verdict(what, against, value, threads=1):
    figures = Figures()
    figures.add(what, against, threads, value, 1, "unit")
    return figures[0].verdict()


def test_verdicts():
    key = ("prefill w8a8", "llama.cpp Q8_0")
    goal, floor = GOALS[key][1]
    assert [verdict(*key, value) for value in (goal, floor, floor - 0.01)] == ["goal", "floor", "BELOW"]
    cost = ("decode w4a8 after 4096", "reading the cache")
    assert [verdict(*cost, value) for value in (1.15, 1.4, 1.41)] == ["goal", "floor", "BELOW"]
    assert verdict("decode w4a8", "llama.cpp Q4_K_M", 0.1) == ""


def test_reports():
    figures = Figures()
    figures.add("prefill w4a8", "llama.cpp Q4_0", 1, 30, 10, "tokens/s")
    figures.add("prefill w4a8", "VNNI peak", 1, 50, 100, "GOP/s", 0.51)
    figures.add("a < b", "ONNX Runtime", 2, 5, 10, "texts/s")
    lines = figures.table().splitlines()
    assert lines[1].split() == "prefill w4a8 llama.cpp Q4_0 1 30 10 tokens/s 3.00x 2.70x 2.10x goal".split(), lines[1]
    assert lines[2].split() == "prefill w4a8 VNNI peak 1 50 100 GOP/s 51 % 72 % 60 % BELOW".split(), lines[2]
    assert [row["value"] for row in figures.rows()] == [3, 0.51, 0.5]
    figures.add("a < b", "ONNX Runtime", 1, 10, 10, "texts/s")
    figures.add("prefill w4a8", "llama.cpp Q4_0", 2, 30, None, "tokens/s")
    assert figures.table().splitlines()[-1].split() == "prefill w4a8 llama.cpp Q4_0 2 30 - tokens/s - 2.70x 2.10x".split()
    assert figures.rows()[-1]["value"] is None
    root = xml.fromstring(plot(figures, "a & b"))
    bars = [float(each.get("width")) for each in root.findall("{*}rect") if "%" not in each.get("width")]
    assert len(bars) == 3 and abs(bars[0] / bars[1] - 6) < 0.01 and abs(bars[0] / bars[2] - 3) < 0.01, bars
    labels = [each.text for each in root.findall("{*}text")]
    assert labels.count("a < b / ONNX Runtime") == labels.count("0.50x") == 1, labels


def in_memory(path):
    """How many pages of a file are in the page cache."""
    with open(path, "rb") as file:
        data = np.frombuffer(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ), np.uint8)
    pages = np.zeros(-(-data.size // mmap.PAGESIZE), np.uint8)
    failed = ctypes.CDLL(None).mincore(*map(ctypes.c_void_p, (data.ctypes.data, data.size, pages.ctypes.data)))
    assert not failed
    return int((pages & 1).sum())


def test_pages():
    with tempfile.TemporaryDirectory(dir=common.ROOT / "build") as folder:
        path = pathlib.Path(folder) / "file"
        path.write_bytes(bytes(1 << 20))
        assert in_memory(path) == (1 << 20) // mmap.PAGESIZE
        common.evict(path.parent)
        kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True).stdout.strip()
        assert kind == "tmpfs" or in_memory(path) == 0, kind
        form = "{:x}-{:x} r--s 00000000 fe:00 7 /a b\nRss: {} kB\nFilePmdMapped: {} kB\nVmFlags: rd sh\n"
        path.write_text("".join(form.format(begin, begin + 0x1000, *sizes) for begin, *sizes in (
            (0x1000, 8, 8), (0x2000, 4000, 3000), (0x3000, 0, 0))))
        assert [common.huge_share(address, path) for address in (0x1fff, 0x2000, 0x2fff, 0x3000)] == [1, 0.75, 0.75, 0]


def test_blocks():
    weights = np.random.default_rng(0).standard_normal((graphs.K, graphs.N), np.float32)
    codes, scales = graphs.quantize_blocks(weights, 32)
    values = np.stack([codes & 15, codes >> 4], -1).reshape(graphs.N, graphs.K // 32, 32).astype(np.float32) - 8
    found = (values * scales[..., None]).reshape(graphs.N, graphs.K).T
    # Half a step, or a whole one where the other sign has one code less.
    step = np.repeat(np.abs(scales), 32, 1).T
    assert (np.abs(found - weights) <= 1.0001 * step).all() and np.abs(found - weights).mean() < 0.3 * step.mean()


def test_options():
    """What cannot be is refused before anything is measured."""
    script = BENCH / "bench_peers.py"
    for option, value in (("--threads", "0"), ("--threads", "257"), ("--runs", "0"), ("--runs", "x"), ("--json", script / "x"), ("--plot", BENCH)):
        result = subprocess.run([sys.executable, script, option, value, "--qopt", "no-such-program"], capture_output=True, text=True)
        assert result.returncode == 2 and f"error: argument {option}: " in result.stderr.splitlines()[-1], (option, value, result.stderr)


for test in (test_gguf, test_verdicts, test_reports, test_pages, test_blocks, test_options):
    test()

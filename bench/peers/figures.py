"""What the peers' benchmark found: figures beside the goals that they are measured by, as a table, as JSON and as a plot."""

import ctypes
import dataclasses
import statistics
from html import escape

import common

# What is measured, against what: {threads: (goal, floor)}. None: no goal.
GOALS = {
    ("decode w4a8", "plain read"): {1: (0.92, 0.85), 2: (0.94, 0.88)},
    ("decode w8a8", "plain read"): {1: (0.90, 0.85), 2: (0.95, 0.90)},
    ("decode w4a16", "plain read"): {1: (0.62, 0.50), 2: (0.82, 0.70)},
    ("decode w4", "plain read"): {1: (0.55, 0.42), 2: (0.75, 0.60)},
    ("decode w4a8 AVX2", "plain read"): {1: (0.85, None), 2: (0.85, None)},
    ("decode w4a8 head int4", "llama.cpp Q4_0"): {1: (1.65, 1.4)},
    ("decode w4a8", "llama.cpp Q4_0"): {1: (1.4, 1.25)},
    ("decode w8a8", "llama.cpp Q8_0"): {1: (1.5, 1.35)},
    ("prefill w4a8", "llama.cpp Q4_0"): {1: (2.7, 2.1), 2: (2.7, 2.1)},
    ("prefill w8a8", "llama.cpp Q8_0"): {1: (3.5, 2.7), 2: (3.5, 2.7)},
    ("prefill w4a8 AVX2", "llama.cpp Q4_0"): {1: (1.5, 1.2), 2: (1.5, 1.2)},
    ("prefill w4a8", "VNNI peak"): {1: (0.72, 0.60), 2: (0.72, 0.60)},
    ("prefill w8a8", "VNNI peak"): {1: (0.80, 0.70), 2: (0.80, 0.70)},
    ("prefill w4", "FMA peak"): {1: (0.80, 0.65), 2: (0.80, 0.65)},
    ("prefill w4a16", "vdpbf16ps peak"): {1: (0.70, 0.50), 2: (0.70, 0.50)},
    ("prefill w4a8", "1 thread"): {2: (1.9, None)},
    ("prefill f32, all logits", "ONNX Runtime fp32"): {1: (1.0, 0.9), 2: (1.0, 0.9)},
    ("layer int4 block 32, 1 row", "ONNX Runtime int4"): {1: (1.3, 1.1), 2: (1.3, 1.1)},
    ("layer int4 block 32, 128 rows", "ONNX Runtime int4"): {1: (2.3, 1.9), 2: (2.3, 1.9)},
    ("layer int4 block 32, 512 rows", "ONNX Runtime int4"): {1: (2.3, 1.9), 2: (2.3, 1.9)},
    ("layer int4 block 128, 1 row", "ONNX Runtime int4"): {1: (1.0, 0.9), 2: (1.0, 0.9)},
    ("layer int4 block 128, 128 rows", "ONNX Runtime int4"): {1: (1.8, 1.5), 2: (1.8, 1.5)},
    ("layer int4 block 128, 512 rows", "ONNX Runtime int4"): {1: (1.8, 1.5), 2: (1.8, 1.5)},
    ("layer int8, 128 rows", "ONNX Runtime int8"): {1: (1.07, 1.0), 2: (1.15, 1.05)},
    ("layer int8, 512 rows", "ONNX Runtime int8"): {1: (1.07, 1.0), 2: (1.15, 1.05)},
    ("MiniLM w8a8, batch 1", "ONNX Runtime"): {1: (1.5, 1.15), 2: (1.5, 1.15)},
    ("MiniLM w8a8, batch 32", "ONNX Runtime"): {1: (1.5, 1.15), 2: (1.5, 1.15)},
    ("MiniLM f32, batch 1", "ONNX Runtime fp32"): {1: (1.1, 1.0), 2: (1.1, 1.0)},
    ("MiniLM f32, batch 32", "ONNX Runtime fp32"): {1: (1.1, 1.0), 2: (1.1, 1.0)},
    ("decode w4a8, 16 rows", "VNNI peak"): {1: (0.75, 0.60), 2: (0.75, 0.60)},
    ("decode w4a8, 4 rows", "1 row"): {2: (1.4, None)},
    ("decode w4a8 after 4096", "reading the cache"): {1: (1.15, 1.4), 2: (1.15, 1.4)},
    ("decode w4a8 after 4096, f16 cache", "reading the cache"): {1: (1.15, 1.4), 2: (1.15, 1.4)},
    ("decode w4a8 after 4096, int8 cache", "reading the cache"): {1: (1.15, 1.4), 2: (1.15, 1.4)},
    ("compile w4a8", "longest time"): {2: (1.0, None)},
    ("compile TinyStories w4a8", "longest time"): {2: (1.0, None)},
    ("TinyStories, int8 cache", "largest KL"): {1: (1.0, None), 2: (1.0, None)},
    ("decode w4a8, one core busy", "idle"): {2: (0.4, None)},
    ("prefill w4a8, one core busy", "idle"): {2: (0.4, None)},
}
# Times and errors that are compared: here less is better.
COSTS = {"1 row", "reading the cache", "llama-quantize", "longest time", "largest KL"}
SHARES = {"plain read", "VNNI peak", "FMA peak", "vdpbf16ps peak", "idle"}
PEERS = ("llama.cpp", "ONNX Runtime")


@dataclasses.dataclass
class Figure:
    """`value` is ours over theirs, unless it is the median of what was compared at once; None, as `theirs`, of a missing peer."""

    what: str
    against: str
    threads: int
    ours: float
    theirs: float | None
    unit: str
    value: float | None
    goal: float | None
    floor: float | None

    def text(self, number):
        if number is None:
            return ""
        return f"{100 * number:.0f} %" if self.against in SHARES else f"{number:.2f}x"

    def verdict(self):
        if self.value is None:
            return ""
        sign = -1 if self.against in COSTS else 1
        for name, bound in (("goal", self.goal), ("floor", self.floor)):
            if bound is not None and sign * self.value >= sign * bound:
                return name
        return "" if self.goal is None else "BELOW"


class Figures(list):
    """`artifacts`: {name: the code that runs, the least share of the weights' mapping that was in huge pages} of all that were measured."""

    def __init__(self):
        self.artifacts = {}

    def note(self, path, model):
        """Of a model whose weights have just been read."""
        share = common.huge_share(ctypes.cast(model.info.weights, ctypes.c_void_p).value)
        before = self.artifacts.get(path.stem, {"huge_pages": 1})
        self.artifacts[path.stem] = {"isa": model.isa, "huge_pages": min(share, before["huge_pages"])}

    def add(self, what, against, threads, ours, theirs, unit, value=None):
        goal, floor = GOALS.get((what, against), {}).get(threads, (None, None))
        if value is None and theirs is not None:
            value = ours / theirs
        self.append(Figure(what, against, threads, ours, theirs, unit, value, goal, floor))

    def rows(self):
        return [dataclasses.asdict(each) | {"verdict": each.verdict()} for each in self]

    def table(self):
        cells = [("what", "against", "threads", "ours", "theirs", "", "figure", "goal", "floor", "reaches")]
        cells += [(each.what, each.against, str(each.threads), f"{each.ours:.4g}", "-" if each.theirs is None else f"{each.theirs:.4g}", each.unit, each.text(each.value) or "-",
                   each.text(each.goal), each.text(each.floor), each.verdict()) for each in self]
        widths = [max(map(len, column)) for column in zip(*cells)]
        left = {0, 1, 5, 9}
        return "\n".join("  ".join(cell.ljust(width) if i in left else cell.rjust(width)
                                   for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in cells)


COLORS = ("#9ecae1", "#3182bd", "#08519c", "#08306b")


def plot(figures, title):
    """An SVG of bars: our speed over a peer's, for each number of threads."""
    rows = {}
    for each in figures:
        if each.against.startswith(PEERS) and each.value is not None:
            rows.setdefault(f"{each.what} / {each.against}", {})[each.threads] = each.value
    counts = sorted({threads for row in rows.values() for threads in row})
    scale = 420 / max([1, *(value for row in rows.values() for value in row.values())])
    left, top, bar = 390, 60, 11
    y, lines = top, []
    for label, row in rows.items():
        lines.append(f'<text x="{left - 8}" y="{y + bar * len(row) / 2 + 4}" text-anchor="end">{escape(label)}</text>')
        for threads, value in row.items():
            color = COLORS[counts.index(threads) % len(COLORS)]
            lines.append(f'<rect x="{left}" y="{y}" width="{value * scale:.1f}" height="{bar}" fill="{color}"/>'
                         f'<text x="{left + value * scale + 4:.1f}" y="{y + 9}" font-size="10">{value:.2f}x</text>')
            y += bar
        y += 8
    legend = "".join(f'<tspan fill="{COLORS[i % len(COLORS)]}" dx="12">&#9632;</tspan> {threads} thread{"s" * (threads > 1)}'
                     for i, threads in enumerate(counts))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + 480} {y}" font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="white"/><text x="10" y="20" font-size="14">{escape(title)}</text>',
        f'<text x="{left}" y="42">{legend}</text>', *lines,
        f'<line x1="{left + scale:.1f}" x2="{left + scale:.1f}" y1="{top - 6}" y2="{y}" stroke="black"/></svg>\n'])


class Samples(dict):
    """Lists of samples by any key."""

    def add(self, key, value):
        self.setdefault(key, []).append(value)

    def median(self, *key):
        return statistics.median(self[key])

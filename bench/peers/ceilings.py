"""Ceilings of the machine, measured by ceilings.c: arithmetic in registers, plain reads of memory."""

import ctypes
import hashlib
import os
import pathlib
import subprocess
import sys

import common
from peers.figures import Samples

SOURCE = pathlib.Path(__file__).with_name("ceilings.c")
COMPILER = "/usr/lib/llvm-22/bin/clang"
MAX_THREADS = 256  # as ceilings.c has it
UNITS = {"fp32": "fp32 FMA", "int8": "VNNI vpdpbusd", "bf16": "vdpbf16ps", "tiles": "AMX tdpbusd"}


def load():
    """The compiled source, from the cache. What -march=native means is another thing on another CPU."""
    key = hashlib.sha256(SOURCE.read_bytes() + " ".join(sorted(common.cpu_flags())).encode()).hexdigest()[:16]
    path = common.CACHE / "peers" / f"ceilings-{key}.so"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        subprocess.run([COMPILER, "-O3", "-march=native", "-shared", "-fPIC", "-pthread", SOURCE, "-o", partial], check=True)
        partial.rename(path)
    library = ctypes.CDLL(path)
    library.measurePeak.argtypes, library.measurePeak.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_double
    library.measureRead.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int]
    library.measureRead.restype = ctypes.c_double
    return library


class Ceilings:
    """Samples of all peaks."""

    def __init__(self):
        self.library, self.samples = load(), Samples()

    def measure(self, threads):
        """{unit: operations a second}, right now."""
        peaks = {name: self.library.measurePeak(unit, threads) for unit, name in enumerate(UNITS)}
        if min(peaks.values()) < 0:
            sys.exit(f"{threads} threads cannot be started")
        for name, value in peaks.items():
            self.samples.add((name, threads), value)
        return peaks

    def read(self, model, size, threads):
        """Seconds to read the last `size` bytes of an artifact's mapping, where its tensors lie one after the other."""
        data = ctypes.cast(model.info.weights, ctypes.c_void_p).value
        seconds = self.library.measureRead(data + model.info.weights_bytes - size, size, threads)
        if seconds <= 0:
            sys.exit(f"{threads} threads cannot be started")
        self.samples.add(("read", threads), size / seconds)
        return seconds

    def rows(self):
        """Medians of all samples; 0 of a unit that this CPU lacks."""
        return [{"ceiling": UNITS.get(name, "plain read of weights"), "unit": "GB/s" if name == "read" else "GOP/s", "threads": threads,
                 "median": self.samples.median(name, threads) / 1e9, "least": min(samples) / 1e9, "most": max(samples) / 1e9}
                for (name, threads), samples in self.samples.items()]

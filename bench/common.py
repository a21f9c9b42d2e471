"""What the benchmarks share: the machine, interleaved timing, the tools."""

import argparse
import functools
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
CACHE = pathlib.Path(os.environ.get("QOPT_CACHE") or pathlib.Path.home() / ".cache" / "qopt")
MODELS = CACHE / "models"
WORK = CACHE / "bench"
sys.path.insert(0, str(ROOT / "python"))
# What generated code uses (runtime/cpu.c chooses by them), as /proc/cpuinfo calls it.
FEATURES = ("avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8",
            "amx_bf16")


class Missing(Exception):
    """Something that a measurement needs is not on this machine."""


def count(most):
    """A type of options: from 1 to `most`."""

    def convert(text):
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"expects a number from 1 to {most}, but got {text}")
        return int(text)

    return convert


def output_file(text):
    """A type of options: a file that can be written when all is measured."""
    path = pathlib.Path(text)
    if path.is_dir() or not path.parent.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text}: cannot be written")
    return path


def use_tools(parser):
    """Adds --qopt and --json to a parser."""
    parser.add_argument("--qopt", default=str(ROOT / "build/clang/bin/qopt"), help="the driver (default build/clang/bin/qopt)")
    parser.add_argument("--json", metavar="FILE", type=output_file, help="also writes the figures there")


def parse(parser):
    options = parser.parse_args()
    folder = pathlib.Path(options.qopt).resolve().parent
    if not shutil.which(options.qopt):
        sys.exit(f"{options.qopt}: no such program; build it first, or name another with --qopt")
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return options


def cpu_fields():
    """What /proc/cpuinfo says of the first CPU."""
    fields = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    return fields


def cpu_flags():
    return set(cpu_fields().get("flags", "").split())


def machine():
    fields, flags = cpu_fields(), cpu_flags()
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {
        "cpu": fields.get("model name", platform.machine()), "cpus": len(os.sched_getaffinity(0)),
        "cache": fields.get("cache size", "?"), "memory_mb": memory, "features": [f for f in FEATURES if f in flags],
        "system": platform.platform(),
    }


def test_model(name):
    path = MODELS / name / "model.onnx"
    if not path.exists():
        raise Missing(f"{path}: no such model; the test 'models' makes it")
    return path


def llama_1b(layers, work=WORK):
    """The decoder of make_llama_1b.py, made once."""
    path = work / f"llama-1b-{layers}" / "model.onnx"
    if not path.exists():
        template = test_model("tinystories-7m/dynamo-opset18")
        subprocess.run([sys.executable, ROOT / "bench/make_llama_1b.py", path.parent, "--layers", str(layers), "--template", template],
                       check=True)
    return path


def evict(path):
    """Drops a file, or those in a folder, from the page cache. What was just written lies there in small pages; mapped anew it is
    read back in huge ones, as after a restart, and so a plain read of it is a third faster."""
    for each in [path] if path.is_file() else path.iterdir():
        with open(each, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def huge_share(address, smaps="/proc/self/smaps"):
    """How much of what is resident of the mapping at an address is mapped in huge pages, from 0 to 1."""
    sizes, inside = {}, False
    for line in pathlib.Path(smaps).read_text().splitlines():
        key, *rest = line.split()
        if not key.endswith(":"):
            begin, end = (int(each, 16) for each in key.split("-"))
            inside = begin <= address < end
        elif inside:
            sizes[key] = rest[0]
    return int(sizes.get("FilePmdMapped:", 0)) / max(int(sizes["Rss:"]), 1)


def compile_model(model, recipe, target="all", work=WORK, name=None):
    """Compiles unless the artifact is newer than the compiler, the model and the recipe, where that is a file; returns (path,
    seconds or None), with nothing of it in memory."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{name or f'{model.parent.name}-{recipe}'}.qopt"
    sources = [pathlib.Path(shutil.which("qopt")), model, *([recipe] if isinstance(recipe, pathlib.Path) else [])]
    manifest = path / "manifest.json"
    if manifest.exists() and manifest.stat().st_mtime > max(source.stat().st_mtime for source in sources):
        evict(path)
        return path, None
    begin = time.perf_counter()
    subprocess.run(["qopt", "compile", model, "-o", path, "--recipe", recipe, "--target", target, "--force"],
                   check=True, stdin=subprocess.DEVNULL)
    seconds = time.perf_counter() - begin
    evict(path)
    return path, seconds


def interleave(functions, seconds=10.0, least=5):
    """Runs each function in turn until the time is up; median seconds of each.

    The pause before each run lets the other's idle threads stop spinning (ONNX Runtime's do so for tens of milliseconds).
    Short functions run once more in front of the run that counts: a virtual machine's CPUs wake up slowly."""

    def measure(function):
        begin = time.perf_counter()
        function()
        return time.perf_counter() - begin

    is_short = [measure(function) < 0.2 for function in functions]
    times = [[] for _ in functions]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[-1]) < least:
        for function, short, own in zip(functions, is_short, times):
            time.sleep(0.1)
            if short:
                function()
            own.append(measure(function))
    return [statistics.median(own) for own in times], len(times[0])


@functools.cache
def has_onnxruntime():
    try:
        import onnxruntime
    except ImportError as error:
        print(f"ONNX Runtime is missing: {error}", flush=True)
        return False
    return True


def onnxruntime_session(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def write(options, name, rows, **more):
    figures = {"benchmark": name, "machine": machine(), **more, "rows": rows}
    print(f"machine: {figures['machine']['cpu']}, {figures['machine']['cpus']} CPUs, {' '.join(figures['machine']['features'])}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")

"""llama.cpp as the source package llama-cpp-python on PyPI has it: built once, kept in the cache, timed by its own llama-bench."""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

import common

PACKAGE, VERSION = "llama-cpp-python", "0.3.36"
FOLDER = common.CACHE / "peers" / f"llama.cpp-{VERSION}"
TOOLS = ("llama-bench", "llama-quantize")
# GCC 12 forgets the stores to the configuration of the tiles: its _tile_loadconfig does not say that it reads memory.
LOAD_CONFIG = "_tile_loadconfig(&tc);"
KEEP_STORES = 'asm volatile("" : : "m"(tc) : "memory"); '
# Switches of a build that is not native, and the feature of /proc/cpuinfo that each needs.
SWITCHES = {"GGML_SSE42": "sse4_2", "GGML_AVX": "avx", "GGML_AVX2": "avx2", "GGML_FMA": "fma", "GGML_F16C": "f16c",
            "GGML_BMI2": "bmi2", "GGML_AVX512": "avx512f", "GGML_AVX512_VBMI": "avx512vbmi", "GGML_AVX512_VNNI": "avx512_vnni",
            "GGML_AVX512_BF16": "avx512_bf16", "GGML_AVX_VNNI": "avx_vnni"}


def builds():
    """{name: switches of cmake}: as its users build it, and where that takes AMX also without."""
    features = common.cpu_flags()
    result = {"native": ["-DGGML_NATIVE=ON"]}
    if "amx_int8" in features:
        result["without AMX"] = ["-DGGML_NATIVE=OFF", *(f"-D{switch}=ON" for switch, feature in SWITCHES.items() if feature in features)]
    return result


def step(what, command, log):
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(error, file=log)
        raise common.Missing(f"it cannot be {what}, see {log.name}") from error


def fetch(folder, log):
    """The source, unpacked in `folder`; returns where it is."""
    step("downloaded", [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-binary", PACKAGE, "--no-deps",
                        "-d", folder, f"{PACKAGE}=={VERSION}"], log)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, [member for member in file if "/vendor/llama.cpp/" in member.name])
    (source,) = folder.glob("*/vendor/llama.cpp")
    file = source / "ggml/src/ggml-cpu/amx/mmq.cpp"
    text = file.read_text()
    assert text.count(LOAD_CONFIG) == 1
    file.write_text(text.replace(LOAD_CONFIG, KEEP_STORES + LOAD_CONFIG))
    return source


@functools.cache
def build():
    """{name: folder of the tools}, without those that cannot be had, which a line says; takes some minutes where the cache lacks
    them, or has them from another CPU."""
    made_on = json.dumps(sorted(common.cpu_flags()))
    folders = {name: FOLDER / name.replace(" ", "-") for name in builds()}
    is_made = lambda folder: (folder / ".cpu").exists() and (folder / ".cpu").read_text() == made_on
    missing = {name: folder for name, folder in folders.items() if not is_made(folder)}
    try:
        if missing:
            make(missing, made_on)
    except common.Missing as error:
        print(f"llama.cpp is missing: {error}", flush=True)
    return {name: folder for name, folder in folders.items() if is_made(folder)}


def make(folders, made_on):
    """Builds the tools in {name: folder}."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as work, open(FOLDER / "log", "w") as log:
        source, objects = fetch(pathlib.Path(work), log), pathlib.Path(work) / "objects"
        for name, folder in folders.items():  # in one folder: only few objects depend on the switches
            print(f"building llama.cpp {name} (some minutes, once)", flush=True)
            for command in (["cmake", "-S", source, "-B", objects, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_COMPILER=gcc",
                             "-DCMAKE_CXX_COMPILER=g++", "-DBUILD_SHARED_LIBS=OFF", "-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_SERVER=OFF",
                             "-DLLAMA_BUILD_APP=OFF", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", *builds()[name]],
                            ["cmake", "--build", objects, f"-j{os.cpu_count()}", "--target", *TOOLS]):
                step("built", command, log)
            folder.mkdir(exist_ok=True)
            for tool in TOOLS:
                shutil.copy2(objects / "bin" / tool, folder)
            (folder / ".cpu").write_text(made_on)


def run(tool, *arguments):
    """What a tool writes to its standard output."""
    result = subprocess.run([tool, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{tool.name} {' '.join(map(str, arguments))}: exit code {result.returncode}\n{result.stderr[-2000:]}")
    return result.stdout


def quantize(folder, source, path, kind, threads):
    """Writes `path` once, of the f16 file `source`."""
    if not path.exists():
        partial = path.with_suffix(".partial")
        run(folder / "llama-quantize", source, partial, kind, threads)
        partial.rename(path)


def bench(folder, path, threads, prompt, decoded):
    """Tokens a second of a prefill of `prompt` tokens and of `decoded` ones after nothing, in a process of its own that warms up."""
    rows = json.loads(run(folder / "llama-bench", "-m", path, "-t", threads, "-p", prompt, "-n", decoded, "-r", 1, "-o", "json"))
    speed = {row["n_gen"]: row["avg_ts"] for row in rows}
    return speed[0], speed[decoded]

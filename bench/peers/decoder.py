"""The decoder of make_llama_1b.py: decode and prefill against llama.cpp and against what the machine can do."""

import dataclasses
import itertools
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time

import numpy as np

import common
from make_llama_1b import FFN, HEAD, HEADS, HIDDEN, KV_HEADS, VOCABULARY
from peers import gguf, llama_cpp
from peers.figures import Samples

LAYERS, PROMPT, DECODED, SHORT, LONG = 16, 512, 64, 8, 4096
# Multiplications and additions of a token in the products of the layers, and in the head.
BODY = 2 * LAYERS * (2 * HIDDEN * HEADS * HEAD + 2 * HIDDEN * KV_HEADS * HEAD + 3 * HIDDEN * FFN)
HEAD_OPERATIONS = 2 * HIDDEN * VOCABULARY
KINDS = ("Q4_0", "Q4_K_M", "Q8_0")
CACHES = ("f16", "int8")
FOLDER = pathlib.Path(__file__).parent


@dataclasses.dataclass
class Subject:
    """A recipe, the unit whose peak its prefill is measured by, the files of llama.cpp that it is compared with and in what, the
    code that it is compiled to."""

    recipe: str | pathlib.Path
    unit: str | None = None
    peak: str | None = None
    peers: tuple[str, ...] = ()
    speeds: tuple[str, ...] = ("decode", "prefill")
    isa: str | None = None


SUBJECTS = {
    "w4a8": Subject("w4a8", "int8", "VNNI peak", ("Q4_0", "Q4_K_M")),
    "w4a8 head int4": Subject(FOLDER / "w4a8-head4.yaml", peers=("Q4_0", "Q4_K_M"), speeds=("decode",)),
    "w4a8 AVX2": Subject("w4a8", peers=("Q4_0",), isa="x86-64-v3"),
    "w4": Subject("w4", "fp32", "FMA peak"),
    "w4a16": Subject("w4a16", "bf16", "vdpbf16ps peak"),
    "w8a8": Subject("w8a8", "int8", "VNNI peak", ("Q8_0",)),
}


def artifact(name, options):
    subject, file = SUBJECTS[name], f"llama-{name.replace(' ', '-')}"
    return common.compile_model(common.llama_1b(LAYERS), subject.recipe, subject.isa or "host", options.work, file)[0]


def gguf_source():
    """The file in f16, made once. The weights are random: this is about speed."""
    path = common.CACHE / "peers" / f"llama-1b-{LAYERS}" / "f16.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        gguf.write(path, LAYERS)
    return path


def gguf_files(tool, options):
    """{kind: file}, made once."""
    source = gguf_source()
    files = {kind: source.with_name(f"{kind}.gguf") for kind in KINDS}
    for kind, path in files.items():
        llama_cpp.quantize(tool, source, path, kind, max(options.threads))
        common.evict(path)
    return files


class Decoder:
    """An opened artifact, timed with any number of threads."""

    def __init__(self, path, isa=None):
        from qopt_runtime import Model

        self.path, self.model = path, Model(path, isa)
        with open(path / "weights.safetensors", "rb") as file:
            header = json.loads(file.read(*struct.unpack("<Q", file.read(8))))
        self.weight_bytes = sum(end - begin for name, tensor in header.items() if not name.startswith("__")
                                for begin, end in [tensor["data_offsets"]])

    def session(self, threads, context=PROMPT + DECODED, batch=1):
        return Timed(self.model.session(batch=batch, context=context, threads=threads), batch)


class Timed:
    """A session whose calls return seconds."""

    def __init__(self, session, batch):
        self.session, self.batch = session, batch
        self.logits = np.empty((batch, session.model.info.vocabulary), np.float32)
        self.random = np.random.default_rng(0)

    def tokens(self, *dims):
        return self.random.integers(0, self.session.model.info.vocabulary, dims)

    def prefill(self, length):
        """Of an empty cache; the last token's logits."""
        from qopt_runtime import LOGITS_LAST

        tokens = self.tokens(self.batch, length)
        self.session.reset()
        begin = time.perf_counter()
        self.session.prefill(tokens, which=LOGITS_LAST, logits=self.logits)
        return time.perf_counter() - begin

    def decode(self, count):
        tokens = self.tokens(count, self.batch)
        begin = time.perf_counter()
        for each in tokens:
            self.session.decode(each, self.logits)
        return time.perf_counter() - begin

    def decode_after(self, length, count):
        self.session.truncate(length)
        return self.decode(count)


def measure_own(decoder, session, subject, threads, ceilings, samples, key):
    """One sample of prefill beside the peak of the unit that it uses, and of decode in turn with reads of the same weights."""
    time.sleep(0.1)
    peaks = ceilings.measure(threads)
    seconds = session.prefill(PROMPT)
    rate = (PROMPT * BODY + HEAD_OPERATIONS) / seconds
    samples.add((*key, "prefill"), PROMPT / seconds)
    samples.add((*key, "rate"), rate / 1e9)
    if peak := peaks.get(subject.unit):
        samples.add((*key, "peak"), peak / 1e9)
        samples.add((*key, "peak share"), rate / peak)
    session.prefill(SHORT)
    decoded, read, parts = 0, 0, 4
    for _ in range(parts):
        decoded += session.decode(DECODED // parts) / DECODED
        read += ceilings.read(decoder.model, decoder.weight_bytes, threads) / parts
    samples.add((*key, "decode"), 1 / decoded)
    samples.add((*key, "bandwidth"), decoder.weight_bytes / decoded / 1e9)
    samples.add((*key, "read"), decoder.weight_bytes / read / 1e9)
    samples.add((*key, "read share"), read / decoded)


def measure_peer(folder, path, threads, samples, key):
    for what, speed in zip(("prefill", "decode"), llama_cpp.bench(folder, path, threads, PROMPT, DECODED)):
        samples.add((*key, what), speed)


def measure_speed(options, ceilings, figures):
    folders = llama_cpp.build()
    files = gguf_files(next(iter(folders.values())), options) if folders else {}
    decoders = {name: Decoder(artifact(name, options), subject.isa) for name, subject in SUBJECTS.items()}
    samples, tasks = Samples(), []
    for threads in options.threads:  # what is compared is measured one after the other
        for name, subject in SUBJECTS.items():
            session = decoders[name].session(threads)
            session.prefill(PROMPT)
            tasks.append((measure_own, decoders[name], session, subject, threads, ceilings, samples, (name, threads)))
            for kind in subject.peers if name in ("w4a8", "w8a8") else ():
                tasks += [(measure_peer, folder, files[kind], threads, samples, (build, kind, threads)) for build, folder in folders.items()]
    complete = 0
    try:
        while complete < options.runs:
            begin = time.perf_counter()
            for function, *arguments in tasks:
                function(*arguments)
            complete += 1
            print(f"speed of the decoder: run {complete} of {options.runs}, {time.perf_counter() - begin:.0f} s", flush=True)
    finally:
        for decoder in decoders.values():
            figures.note(decoder.path, decoder.model)
        if complete:
            report_speed(options, folders, samples, figures)


def report_speed(options, folders, samples, figures):
    for threads in options.threads:
        for name, subject in SUBJECTS.items():
            own = name, threads
            figures.add(f"decode {name}", "plain read", threads, samples.median(*own, "bandwidth"), samples.median(*own, "read"), "GB/s",
                        samples.median(*own, "read share"))
            if (*own, "peak share") in samples:
                figures.add(f"prefill {name}", subject.peak, threads, samples.median(*own, "rate"), samples.median(*own, "peak"), "GOP/s",
                            samples.median(*own, "peak share"))
            for kind, build, what in itertools.product(subject.peers, llama_cpp.builds(), subject.speeds):
                figures.add(f"{what} {name}", f"llama.cpp {kind}" + f" {build}" * (build != "native"), threads, samples.median(*own, what),
                            samples.median(build, kind, threads, what) if build in folders else None, "tokens/s")
        if threads > 1 and 1 in options.threads:
            figures.add("prefill w4a8", "1 thread", threads, samples.median("w4a8", threads, "prefill"),
                        samples.median("w4a8", 1, "prefill"), "tokens/s")


def measure_batches(options, ceilings, figures):
    """Rows that are decoded together, against one."""
    decoder, samples, steps, batches = Decoder(artifact("w4a8", options)), Samples(), 16, (1, 4, 16)
    sessions = {(batch, threads): decoder.session(threads, SHORT + steps, batch) for threads in options.threads for batch in batches}
    for session in sessions.values():
        session.prefill(SHORT)
    for _ in range(options.runs):
        for (batch, threads), session in sessions.items():
            time.sleep(0.1)
            peak = ceilings.measure(threads)["int8"]
            seconds = session.decode_after(SHORT, steps) / steps
            samples.add((batch, threads, "seconds"), seconds)
            if peak:
                samples.add((batch, threads, "rate"), batch * (BODY + HEAD_OPERATIONS) / seconds / 1e9)
                samples.add((batch, threads, "peak"), peak / 1e9)
    figures.note(decoder.path, decoder.model)
    for threads in options.threads:
        for batch in batches[1:]:
            figures.add(f"decode w4a8, {batch} rows", "1 row", threads, 1e3 * samples.median(batch, threads, "seconds"),
                        1e3 * samples.median(1, threads, "seconds"), "ms")
        if (16, threads, "rate") in samples:
            figures.add("decode w4a8, 16 rows", "VNNI peak", threads, samples.median(16, threads, "rate"),
                        samples.median(16, threads, "peak"), "GOP/s")


def cached_artifact(cache, options):
    """w4a8 with other caches than f32."""
    name = f"w4a8-cache-{cache}"
    return common.compile_model(common.llama_1b(LAYERS), FOLDER / f"{name}.yaml", "host", options.work, f"llama-{name}")[0]


def measure_context(options, ceilings, figures):
    """A token after a long context takes longer by the time that it takes to read the cache."""
    decoders = {"": Decoder(artifact("w4a8", options))}
    decoders |= {f", {cache} cache": Decoder(cached_artifact(cache, options)) for cache in CACHES}
    samples, steps = Samples(), 8
    for threads in options.threads:
        sessions = {name: (decoder.session(threads, LONG + steps), decoder.session(threads, SHORT + steps)) for name, decoder in decoders.items()}
        for long, short in sessions.values():
            long.prefill(LONG), short.prefill(SHORT)
        for _ in range(options.runs):
            for name, (long, short) in sessions.items():
                time.sleep(0.1)
                decoder, key = decoders[name], (name, threads)
                samples.add((*key, "more"), (long.decode_after(LONG, steps) - short.decode_after(SHORT, steps)) / steps)
                samples.add((*key, "speed"), decoder.weight_bytes / ceilings.read(decoder.model, decoder.weight_bytes, threads))
        for name, decoder in decoders.items():
            figures.note(decoder.path, decoder.model)
            cache = decoder.model.info.cache_bytes * (LONG - SHORT)
            figures.add(f"decode w4a8 after {LONG}{name}", "reading the cache", threads, 1e3 * samples.median(name, threads, "more"),
                        1e3 * cache / samples.median(name, threads, "speed"), "ms")


def measure_neighbour(options, ceilings, figures):
    """Another process keeps one core busy, every second time."""
    decoder, samples, threads = Decoder(artifact("w4a8", options)), Samples(), max(options.threads)
    session = decoder.session(threads)
    session.prefill(PROMPT)
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        os.sched_setaffinity(child.pid, {max(os.sched_getaffinity(0))})
        for _ in range(options.runs):
            for state, which in (("idle", signal.SIGSTOP), ("one core busy", signal.SIGCONT)):
                child.send_signal(which)
                time.sleep(0.1)
                samples.add((state, "prefill"), PROMPT / session.prefill(PROMPT))
                session.prefill(SHORT)
                samples.add((state, "decode"), DECODED / session.decode(DECODED))
    finally:
        child.kill()
        child.wait()
    figures.note(decoder.path, decoder.model)
    for what in ("decode", "prefill"):
        figures.add(f"{what} w4a8, one core busy", "idle", threads, samples.median("one core busy", what), samples.median("idle", what),
                    "tokens/s")


def measure_compile(options, ceilings, figures):
    """All ISA versions, with little memory, against llama-quantize from f16; both files are in memory."""
    folders, path, threads, samples = llama_cpp.build(), common.llama_1b(LAYERS), max(options.threads), Samples()
    own, other = options.work / "compiled.qopt", options.work / "quantized.gguf"
    commands = {"own": ["prlimit", "--data=1500000000", "qopt", "compile", path, "-o", own, "--recipe", "w4a8", "--threads", str(threads),
                        "--force"]}
    inputs = [path.with_name("model.onnx.data")]
    if folders:
        inputs.append(gguf_source())
        commands["other"] = [next(iter(folders.values())) / "llama-quantize", inputs[1], other, "Q4_0", str(threads)]
    for file in inputs:
        subprocess.run(["cat", file], stdout=subprocess.DEVNULL, check=True)
    for _ in range(options.runs):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            samples.add((name,), time.perf_counter() - begin)
    other.unlink(missing_ok=True)
    seconds, theirs = samples.median("own"), samples.median("other") if folders else None
    figures.add("compile w4a8", "llama-quantize", threads, seconds, theirs, "s")
    figures.add("compile w4a8", "longest time", threads, seconds, max(45, 15 + 1.5 * (theirs or 0)), "s")

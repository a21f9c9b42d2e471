"""The programs of examples/, built as a project of their own with an installed tree, and what they print."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys

import numpy as np
from tree import BUILD, CMAKE, ENVIRONMENT, ROOT, SETTINGS, expect, install, run

SKIPPED = 77
WORK = BUILD / "test" / "install" / "examples"
TREE, PROGRAMS, DECODER = WORK / "tree", WORK / "build", WORK / "tinystories.qopt"
MINILM = pathlib.Path(os.environ["QOPT_MODELS"]) / "minilm-l6" / "model.onnx"
# [CLS] "the cat sat on the mat" [SEP], "a cat lay on a rug", "stock prices fell sharply".
TEXTS = ["101 1996 4937 2938 2006 1996 13523 102", "101 1037 4937 3913 2006 1037 20452 102", "101 4518 7597 3062 9249 102"]


def build():
    install(TREE)
    options = [f"-DMINILM={MINILM}", "-DTARGETS=x86-64"] if MINILM.exists() else []
    run(CMAKE, "-S", ROOT / "examples", "-B", PROGRAMS, "-G", "Ninja", *SETTINGS, f"-DCMAKE_PREFIX_PATH={TREE}", *options)
    print(run(CMAKE, "--build", PROGRAMS).stdout.splitlines()[-1])


def check_generate():
    driver, program = TREE / "bin" / "qopt", PROGRAMS / "generate"
    run(driver, "compile", ROOT / "examples" / "tinystories" / "model.onnx", "-o", DECODER, "--target", "x86-64")
    prompt = ["1", "403", "407", "261", "378"]
    expected = run(driver, "generate", DECODER, "--tokens", "--prompt", " ".join(prompt), "--max-tokens", 20, "--json").stdout
    got = run(program, DECODER, 20, *prompt).stdout.split()
    expect(len(got) == 20 and f'[{",".join(got)}]' in "".join(expected.split()), "generate.c continues as qopt generate does")
    for arguments, message in {(DECODER, 1, "x"): "expects a number, but got 'x'", (DECODER, 1, 4096): "4096",
                               (DECODER,): "usage", (WORK, 1, 1): "model.so"}.items():
        result = run(program, *arguments, check=False)
        expect(result.returncode == 1 and message in result.stdout, f"generate.c refuses: {result.stdout.strip()}")


def embed(*arguments, check=True):
    return run(PROGRAMS / "embed", *arguments, check=check)


def expected_cosines():
    """By ONNX Runtime and numpy."""
    import onnxruntime

    rows = [[int(token) for token in text.split()] for text in TEXTS]
    ids, mask = np.zeros((2, len(rows), max(map(len, rows))), np.int64)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
    session = onnxruntime.InferenceSession(str(MINILM), providers=["CPUExecutionProvider"])
    hidden = session.run(["last_hidden_state"], {"input_ids": ids, "attention_mask": mask, "token_type_ids": 0 * ids})[0]
    pooled = (hidden * mask[:, :, None]).sum(axis=1)
    pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
    return pooled @ pooled.T


def check_embed():
    lines = embed("--threads", 2, *TEXTS).stdout.splitlines()
    expect("3 texts, 2 threads" in lines, "embed.cpp takes the threads")
    lines.remove("3 texts, 2 threads")
    got = np.array([line.split() for line in lines], float)
    # Four decimals are printed; f32 sums in another order differ by less.
    expect(np.abs(got - expected_cosines()).max() <= 1e-4, f"cosines are those of ONNX Runtime:\n{got}")
    expect(got[0, 1] > got[0, 2] + 0.2, "cat and mat are nearer to cat and rug than to stocks")
    alone = embed("--threads", 1, *TEXTS).stdout.splitlines()
    expect([line for line in alone if "threads" not in line] == lines, "one thread prints the same")
    for arguments, message in {("101 x",): "expects numbers, but got 'x'", ("",): "empty text", (): "usage",
                               ("101 30522 102",): "outside of the embedding table"}.items():
        result = embed(*arguments, check=False)
        expect(result.returncode == 1 and message in result.stdout, f"embed.cpp refuses: {result.stdout.strip()}")


def check_cancel():
    """Seconds of work, which end when the interrupt comes: it is sent as soon as the work is announced."""
    texts = [" ".join(["101", *["4937"] * 510, "102"])] * 128
    program = subprocess.Popen([PROGRAMS / "embed", *texts], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    first = program.stderr.readline()
    program.send_signal(signal.SIGINT)
    out, errors = program.communicate(timeout=60)
    expect(first.startswith("128 texts") and program.returncode == 130 and not out and errors == "embed: error: cancelled\n",
           f"Ctrl-C cancels: {errors.strip()}")


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    build()
    check_generate()
    if not MINILM.exists():
        print(f"{MINILM} is missing: embed.cpp is not tested")
        sys.exit(SKIPPED)
    check_embed()
    check_cancel()


main()

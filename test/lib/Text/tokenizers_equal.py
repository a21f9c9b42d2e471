"""Ids and texts are those of Hugging Face's tokenizers and of sentencepiece, string for string."""

import argparse
import os
import pathlib
import random
import struct
import subprocess
import sys

import numpy as np
import sentencepiece
import tokenizers
from samples import EXAMPLE, strings
from trained import TRAINED, make

SKIPPED = 77


def run(tool, path, how, data):
    result = subprocess.run([tool, str(path), how], input=data, stdout=subprocess.PIPE)
    if result.returncode:
        sys.exit(f"{path}: {how} ends with {result.returncode}")
    return result.stdout


def pack_texts(texts):
    parts = (text.encode() for text in texts)
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def pack_ids(lists):
    return np.concatenate([np.array([len(ids), *ids], dtype="<i4") for ids in lists]).tobytes() if lists else b""


def unpack_ids(data):
    numbers = np.frombuffer(data, dtype="<i4").tolist()
    lists, at = [], 0
    while at < len(numbers):
        lists.append(numbers[at + 1:at + 1 + numbers[at]])
        at += 1 + numbers[at]
    return lists


def unpack_texts(data):
    texts, at = [], 0
    while at < len(data):
        size, = struct.unpack_from("<I", data, at)
        texts.append(data[at + 4:at + 4 + size].decode())
        at += 4 + size
    return texts


def expect_equal(what, inputs, got, wanted):
    wrong = [i for i, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]]
    print(f"{what}: {len(inputs) - len(wrong)} of {len(inputs)} equal")
    for i in wrong[:5]:
        print(f"  {inputs[i]!r}\n    expects {wanted[i]!r}\n    but got {got[i]!r}")
    return not wrong and len(got) == len(wanted)


def compare(name, tool, path, texts, encode, decode, vocabulary):
    """encode(texts, special) and decode(ids, skip) are the reference's."""
    good = True
    data = pack_texts(texts)
    for how, special in (("encode", False), ("encode-special", True)):
        wanted = encode(texts, special)
        good &= expect_equal(f"{name} {how}", texts, unpack_ids(run(tool, path, how, data)), wanted)
    rng = random.Random(2)
    lists = wanted[:len(texts) // 4] + [[rng.randrange(vocabulary) for _ in range(rng.randrange(12))] for _ in range(len(texts) // 4)]
    for how, skip in (("decode", True), ("decode-special", False)):
        texts = [decode(ids, skip) for ids in lists]
        good &= expect_equal(f"{name} {how}", lists, unpack_texts(run(tool, path, how, pack_ids(lists))), texts)
    # Streams and whole texts differ where byte tokens are no UTF-8.
    whole = [ids for ids in lists if "\ufffd" not in decode(ids, True)]
    wanted = [decode(ids, True) for ids in whole]
    return good & expect_equal(f"{name} stream", whole, unpack_texts(run(tool, path, "stream", pack_ids(whole))), wanted)


def compare_json(name, tool, path, texts):
    reference = tokenizers.Tokenizer.from_file(str(path))
    reference.no_truncation()
    reference.no_padding()
    return compare(name, tool, path, texts,
                   lambda texts, special: [e.ids for e in reference.encode_batch_fast(texts, add_special_tokens=special)],
                   lambda ids, skip: reference.decode(ids, skip_special_tokens=skip) if ids else "",
                   reference.get_vocab_size())


def compare_sentencepiece(name, tool, path, texts):
    reference = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return compare(name, tool, path, texts,
                   lambda texts, special: reference.encode(texts, add_bos=special),
                   lambda ids, skip: reference.decode([i for i in ids if not (skip and reference.is_control(i))]),
                   reference.get_piece_size())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="where trained tokenizers are kept")
    parser.add_argument("--kinds", nargs="+", default=["tinystories", "minilm", "sentencepiece", *TRAINED])
    options = parser.parse_args()
    texts = strings(options.count)
    good = True
    for kind in options.kinds:
        if kind == "sentencepiece":
            good &= compare_sentencepiece(kind, options.tool, EXAMPLE / "tokenizer.model", texts)
            continue
        path = make(kind, options.work)
        if not path.exists():
            print(f"skipped: {path} is missing")
            return 1 if os.environ.get("CI") == "true" else SKIPPED
        good &= compare_json(kind, options.tool, path, texts)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

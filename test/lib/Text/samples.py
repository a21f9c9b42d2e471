"""Strings to tokenize: stories, and what people and machines do to text."""

import pathlib
import random
import unicodedata

import numpy as np
import tokenizers

EXAMPLE = pathlib.Path(__file__).resolve().parents[3] / "examples" / "tinystories"

EDGES = [
    "", " ", "  ", "\n", "\r\n", "\t \n  ", "a", " a", "a ", "\0", "a\0b", "\x7f\x80\x9f", "\ufffd", "\ufffe\uffff",
    "\U0010ffff", "\u00a0", "\u200b\u200c\u200d\u2060\ufeff", "\u0130\u0131\u1e9e\u03a3\u03c3\u03c2", "ﬁ ﬂ ﬅ ﬆ",
    "I'm we've DON'T he'S they'LL 'd ’s", "３４５ ½ Ⅷ ٣ ① 123456789 1,000.50", "👩‍👩‍👧‍👦 👍🏽 🇩🇪🇫🇷 ❤️", "e\u0301 e\u0327\u0301 \u1e69 s\u0323\u0307 s\u0307\u0323",
    "각 각 한국어", "漢字かな交じり文。中文标点，句子！", "العربية مَرْحَبًا", "हिन्दी क्षत्रिय தமிழ்", "ไทยภาษา", "\u0345\u0301 \u0301a", "<0x41> <0xE4>",
    "<unk> <s> </s> <s></s><pad>[CLS] [SEP][UNK][MASK]##a", "<|endoftext|> <|im_start|>user\nhi<|im_end|>", "▁▁ ▁a Ġ Ċ Ā ĠĠ",
    "https://x.org/?q=a+b&c=%20#d", "if (a[i] != b->c) { return \"x\\n\"; }", "a" * 300, " " * 300, "ab" * 200, "\n" * 50 + " x",
]

SPECIAL = ["<unk>", "<s>", "</s>", "<pad>", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "<|endoftext|>", "<|im_start|>", "<tool>",
           "Cafe\u0301", "NEWTOKEN", "newtoken"]
SCRIPTS = [(0x20, 0x7F), (0x80, 0x250), (0x300, 0x370), (0x370, 0x530), (0x590, 0x700), (0x900, 0xE00), (0x0E00, 0x1000),
           (0x1100, 0x1200), (0x1E00, 0x2000), (0x2000, 0x2C00), (0x3000, 0x3200), (0x3400, 0xA000), (0xAC00, 0xD7A4),
           (0xF900, 0x10000), (0x10000, 0x11000), (0x1D000, 0x1F000), (0x1F000, 0x1FB00), (0x20000, 0x2FA20), (0, 0x20),
           (0, 0x110000)]


def stories():
    """The text of the example's token files."""
    tokenizer = tokenizers.Tokenizer.from_file(str(EXAMPLE / "tokenizer.json"))
    ids = [np.load(EXAMPLE / f"{name}_tokens.npy").ravel().tolist() for name in ("calib", "eval")]
    return "\n".join(tokenizer.decode(part) for part in ids)


def is_known(character):
    """Assigned in the oldest of the Unicode versions that the libraries hold, or never to be assigned."""
    code = ord(character)
    return not 0xD800 <= code < 0xE000 and (unicodedata.category(character) != "Cn" or code & 0xFFFE == 0xFFFE)


def from_script(rng, length):
    first, end = rng.choice(SCRIPTS)
    return "".join(filter(is_known, (chr(rng.randrange(first, end)) for _ in range(length))))


def one(rng, text):
    """A string of one of many kinds."""
    begin = rng.randrange(len(text) - 200)
    story = text[begin:begin + rng.choice([5, 20, 60, 200])]
    kind = rng.randrange(8)
    if kind <= 1:
        return story
    if kind == 2:
        return from_script(rng, rng.randrange(1, 40))
    if kind == 3:
        return "".join(from_script(rng, rng.randrange(1, 6)) for _ in range(rng.randrange(1, 10)))
    words = story.split(" ")
    if kind == 4:
        return "".join(word + rng.choice([" ", "  ", "\n", "\t", " \n ", "\r\n", "   ", "\u00a0", "\u3000"]) for word in words)
    if kind == 5:
        return "".join(word + rng.choice(SPECIAL + [" ", " ", " "]) for word in words)
    if kind == 6:
        return " ".join(rng.choice([word.upper(), word.title(), word[::-1], unicodedata.normalize("NFD", word + "éñ"), word])
                        for word in words)
    return "".join(rng.choice(EDGES[:30]) + rng.choice(["", " "]) + word for word in words[:8])


def strings(count, seed=1):
    rng = random.Random(seed)
    text = stories()
    return (EDGES + [one(rng, text) for _ in range(count)])[:count]

"""Tokenizer files with parts put together at random: ids and texts are those of Hugging Face's tokenizers."""

import argparse
import json
import pathlib
import random
import sys

import tokenizers
from samples import SPECIAL, strings
from tokenizers_equal import expect_equal, pack_ids, pack_texts, run, unpack_ids, unpack_texts
from trained import GPT4O, LLAMA3, make

BASES = ["tinystories", "gpt2", "unigram_plain", "unigram_bytes", "unigram_precompiled", "words", "bpe_suffix", "bpe_prefix"]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
EXPRESSIONS = [
    LLAMA3, GPT4O, r"\s+", r"\p{L}+|\p{N}{1,3}", r"(?i:'s|'t|ll)", r"a|b", r"^.", r".$", r"[,.!?]+", r"(?<=a)b?", r"x*",
    r"[一-龥぀-ゟ゠-ヿ]+", r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+", r"(\s)(?=\S)", r" ?[^\s\p{L}\p{N}]++", r"(?:\r?\n)+"]
ADDED = SPECIAL + ["the", " a", "ing", "ab", "abc", "É", "\n\n", "Once upon", "<s"]


class Maker:
    def __init__(self, rng, table):
        self.rng, self.table = rng, table

    def flag(self):
        return self.rng.random() < 0.5

    def pattern(self):
        if self.flag():
            return {"Regex": self.rng.choice(EXPRESSIONS)}
        return {"String": self.rng.choice([" ", "a", "the", "▁", "\n", "é", "  "])}

    def some(self, part, depth):
        return [part(depth + 1) for _ in range(self.rng.randrange(4))]

    def normalizer(self, depth=0):
        choices = [{"type": name} for name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel")]
        choices += [
            {"type": "Strip", "strip_left": self.flag(), "strip_right": self.flag()},
            {"type": "Replace", "pattern": self.pattern(), "content": self.rng.choice(["", "▁", " ", "xy", "É"])},
            {"type": "Prepend", "prepend": self.rng.choice(["▁", " ", "ab"])},
            {"type": "BertNormalizer", "clean_text": self.flag(), "handle_chinese_chars": self.flag(),
             "strip_accents": self.rng.choice([None, True, False]), "lowercase": self.flag()},
            {"type": "Precompiled", "precompiled_charsmap": self.table}]
        if depth < 2 and self.rng.random() < 0.3:
            return {"type": "Sequence", "normalizers": self.some(self.normalizer, depth)}
        return self.rng.choice(choices)

    def pre_tokenizer(self, depth=0):
        behavior = self.rng.choice(BEHAVIORS)
        schemes = ["always", "never"] + (["first"] if depth == 0 else [])
        choices = [{"type": name} for name in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit")]
        choices += [
            {"type": "ByteLevel", "add_prefix_space": self.flag(), "trim_offsets": True, "use_regex": self.flag()},
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": self.rng.choice(schemes), "split": self.flag()},
            {"type": "Punctuation", "behavior": behavior},
            {"type": "Digits", "individual_digits": self.flag()},
            {"type": "CharDelimiterSplit", "delimiter": self.rng.choice(" ae")},
            {"type": "Split", "pattern": self.pattern(), "behavior": behavior, "invert": self.flag()}]
        if depth < 2 and self.rng.random() < 0.3:
            return {"type": "Sequence", "pretokenizers": self.some(self.pre_tokenizer, depth)}
        return self.rng.choice(choices)

    def decoder(self, depth=0):
        choices = [
            {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "BPEDecoder", "suffix": "</w>"},
            {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": self.rng.choice(["always", "never"]), "split": True},
            {"type": "WordPiece", "prefix": "##", "cleanup": self.flag()},
            {"type": "Replace", "pattern": self.pattern(), "content": self.rng.choice(["", " ", "z"])},
            {"type": "Strip", "content": self.rng.choice(" a▁"), "start": self.rng.randrange(3), "stop": 0}]
        if depth < 2 and self.rng.random() < 0.4:
            return {"type": "Sequence", "decoders": self.some(self.decoder, depth)}
        return self.rng.choice(choices)

    def added_tokens(self, vocabulary):
        tokens = []
        for content in self.rng.sample(ADDED, self.rng.randrange(8)):
            number = vocabulary.setdefault(content, len(vocabulary))
            tokens.append({"id": number, "content": content, "single_word": self.rng.random() < 0.25,
                           "lstrip": self.rng.random() < 0.3, "rstrip": self.rng.random() < 0.3,
                           "normalized": self.flag(), "special": self.flag()})
        return tokens

    def file(self, base):
        file = json.loads(json.dumps(base))
        model = file["model"]
        file["post_processor"] = None
        file["normalizer"] = self.normalizer() if self.rng.random() < 0.8 else None
        file["pre_tokenizer"] = self.pre_tokenizer() if self.rng.random() < 0.9 else None
        file["decoder"] = self.decoder() if self.rng.random() < 0.9 else None
        model.update({name: self.flag() for name in ("fuse_unk", "byte_fallback", "ignore_merges") if name in model})
        names = model["vocab"] if isinstance(model["vocab"], dict) else [piece for piece, _ in model["vocab"]]
        file["added_tokens"] = self.added_tokens({name: i for i, name in enumerate(names)})
        if isinstance(model["vocab"], dict):
            for token in file["added_tokens"]:
                token["id"] = model["vocab"].get(token["content"], token["id"])
        return file


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=40, help="files")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    bases = {name: json.loads(make(name, options.work).read_text()) for name in BASES}
    table = bases["unigram_precompiled"]["normalizer"]["precompiled_charsmap"]
    texts = strings(20_000, seed=77)
    path = options.work / "random.json"
    good = True
    for seed in range(options.seed, options.seed + options.count):
        rng = random.Random(seed)
        base = rng.choice(BASES)
        path.write_text(json.dumps(Maker(rng, table).file(bases[base])))
        reference = tokenizers.Tokenizer.from_file(str(path))
        some = rng.sample(texts, 200)
        wanted = [encoding.ids for encoding in reference.encode_batch_fast(some)]
        same = expect_equal(f"{seed} {base} encode", some, unpack_ids(run(options.tool, path, "encode", pack_texts(some))), wanted)
        lists = [ids for ids in wanted if ids]
        texts_wanted = [reference.decode(ids) for ids in lists]
        same &= expect_equal(f"{seed} {base} decode", lists, unpack_texts(run(options.tool, path, "decode", pack_ids(lists))),
                             texts_wanted)
        if not same:
            print("  " + path.read_text()[-3000:])
        good &= same
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

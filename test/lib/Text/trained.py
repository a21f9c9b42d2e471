"""Tokenizer files of every kind, most of them trained on the stories."""

import hashlib
import json
import os
import pathlib

import tokenizers
from samples import EXAMPLE, stories
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def corpus():
    text = stories()
    return [text[begin:begin + 1000] for begin in range(0, len(text), 1000)]


def byte_level(pattern=None, **options):
    tokenizer = tokenizers.Tokenizer(models.BPE(**options))
    if pattern:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=3000, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens([AddedToken("<tool>", lstrip=True, rstrip=True), AddedToken("NEWTOKEN", single_word=True),
                          AddedToken("Café", normalized=True)])
    return tokenizer


def gpt2():
    tokenizer = byte_level()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def roberta():
    tokenizer = byte_level()
    tokenizer.add_special_tokens(["<s>", "</s>"])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", tokenizer.token_to_id("</s>")), ("<s>", tokenizer.token_to_id("<s>")))
    return tokenizer


def llama3():
    tokenizer = byte_level(LLAMA3, ignore_merges=True)
    begin = tokenizer.token_to_id("<|endoftext|>")
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|endoftext|> $A", pair="<|endoftext|> $A $B",
                                      special_tokens=[("<|endoftext|>", begin)])])
    return tokenizer


def qwen2():
    tokenizer = byte_level(QWEN2)
    tokenizer.normalizer = normalizers.NFC()
    return tokenizer


def gpt4o():
    return byte_level(GPT4O)


def unigram(byte_fallback, metaspace, normalizer=None):
    tokenizer = tokenizers.Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(corpus(), trainers.UnigramTrainer(
        vocab_size=2000, special_tokens=["<pad>", "</s>", "<unk>"] + (BYTES if byte_fallback else []), unk_token="<unk>",
        show_progress=False))
    tokenizer.pre_tokenizer = metaspace
    fields = json.loads(tokenizer.to_str())
    # The byte tokens are pieces of the model, not texts to look for.
    fields["added_tokens"] = fields["added_tokens"][:3]
    if byte_fallback:
        fields["model"]["byte_fallback"] = True
        fields["decoder"] = {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    return tokenizers.Tokenizer.from_str(json.dumps(fields))


def unigram_plain():
    tokenizer = unigram(False, pre_tokenizers.Metaspace())
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", tokenizer.token_to_id("</s>"))])
    return tokenizer


def unigram_bytes():
    return unigram(True, pre_tokenizers.Metaspace(prepend_scheme="first", split=False),
                   normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]))


def charsmap():
    """The table of nmt_nfkc_cf, out of a small model that sentencepiece trains."""
    import io

    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()[:300]), model_writer=file, vocab_size=400, model_type="unigram",
        normalization_rule_name="nmt_nfkc_cf", minloglevel=2, num_threads=1)
    model = sentencepiece_model_pb2.ModelProto.FromString(file.getvalue())
    return model.normalizer_spec.precompiled_charsmap


def unigram_precompiled():
    return unigram(False, pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]),
                   normalizers.Precompiled(charsmap()))


def words():
    """WordLevel on a mix of pre-tokenizers."""
    tokenizer = tokenizers.Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip(),
        normalizers.Replace("the", "a")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.Punctuation("merged_with_previous"), pre_tokenizers.CharDelimiterSplit("x")])
    tokenizer.train_from_iterator(corpus(), trainers.WordLevelTrainer(
        vocab_size=3000, special_tokens=["<unk>", "<s>"], show_progress=False))
    tokenizer.add_tokens([AddedToken("Café", normalized=True), AddedToken("newtoken", lstrip=True)])
    return tokenizer


def bpe_suffix():
    """The first kind of BPE: "</w>" ends a word; unknown characters are joined."""
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=True))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(" ", "merged_with_next"), pre_tokenizers.Digits(), pre_tokenizers.BertPreTokenizer()])
    tokenizer.decoder = decoders.BPEDecoder()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=2000, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False))
    return tokenizer


def bpe_prefix():
    """BPE with a mark on the pieces inside a word."""
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\s+|[.,!?]"), "contiguous")
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=2000, special_tokens=["<unk>"], continuing_subword_prefix="##", show_progress=False))
    return tokenizer


TRAINED = {f.__name__: f for f in [gpt2, roberta, llama3, qwen2, gpt4o, unigram_plain, unigram_bytes, unigram_precompiled, words,
                                   bpe_suffix, bpe_prefix]}


def make(kind, folder):
    """The file of a kind; trained once, as training is not the same each time it runs."""
    if kind == "tinystories":
        return EXAMPLE / "tokenizer.json"
    if kind == "minilm":
        return pathlib.Path(os.environ["QOPT_MODELS"]) / "minilm-l6" / "tokenizer.json"
    script = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:8]
    path = pathlib.Path(folder) / script / kind / "tokenizer.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(TRAINED[kind]().to_str(), encoding="utf-8")
        part.rename(path)
    return path

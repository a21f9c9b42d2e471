//===- HostileFilesTest.cpp - Tokenizer files that mean harm --------------===//

#include "test/lib/Text/SmallTokenizer.h"
#include "llvm/Support/MemoryBuffer.h"
#include <random>

using namespace qopt::text;

namespace {

std::string bpe(const std::string &vocabulary, const std::string &merges) {
  return model("{\"type\": \"BPE\", \"vocab\": " + vocabulary +
               ", \"merges\": " + merges + "}");
}

/// A file whose model is good.
std::string with(const std::string &section) {
  return model(R"({"type": "BPE", "vocab": {"a": 0}, "merges": []})", section);
}

std::string readFile(const char *name) {
  auto buffer = llvm::MemoryBuffer::getFile(std::string(TINYSTORIES) + name);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

TEST(HostileFilesTest, NotJson) {
  EXPECT_NE(problem("garbage"), "");
  EXPECT_NE(problem(""), "");
  EXPECT_EQ(problem("[1]"), "expects a JSON object");
  EXPECT_EQ(problem(std::string(1'000'000, '[')), "JSON is nested too deeply");
  EXPECT_EQ(problem("{}"), "has no 'model'");
}

TEST(HostileFilesTest, TruncatedAnywhere) {
  std::string whole = readFile("/tokenizer.json");
  ASSERT_GT(whole.size(), 100'000u);
  ASSERT_EQ(problem(whole), "");
  std::mt19937 random(1);
  for (int i = 0; i < 40; ++i)
    EXPECT_NE(problem(whole.substr(0, random() % (whole.size() - 2))), "");
}

TEST(HostileFilesTest, WrongTypes) {
  EXPECT_EQ(problem(R"({"model": 5})"), "model: expects an object, but got 5");
  EXPECT_EQ(problem(R"({"model": {"type": 5}})"),
            "model.type: expects text, but got 5");
  EXPECT_EQ(problem(R"({"model": {"type": "CRF"}})"),
            "model: does not know the model 'CRF'");
  EXPECT_EQ(problem(bpe("[]", "[]")),
            "model.vocab: expects an object, but got a list");
  EXPECT_EQ(problem(bpe("{}", "{}")),
            "model.merges: expects a list, but got an object");
  EXPECT_EQ(problem(with(R"("normalizer": {"type": "Sequence", "normalizers":
              [{"type": "NFC"}, {"type": "Rot13"}]})")),
            "normalizer.normalizers[1]: does not know the normalizer 'Rot13'");
  EXPECT_EQ(problem(with(R"("pre_tokenizer": {"type": "Bert"})")),
            "pre_tokenizer: does not know the pre-tokenizer 'Bert'");
  EXPECT_EQ(problem(with(R"("decoder": {"type": "CTC"})")),
            "decoder: does not know the decoder 'CTC'");
  EXPECT_EQ(problem(with(R"("post_processor": {"type": "X"})")),
            "post_processor: does not know the post-processor 'X'");
  EXPECT_EQ(problem(with(R"("pre_tokenizer": {"type": "Metaspace",
              "replacement": "ab"})")),
            "pre_tokenizer.replacement: expects one character, but got 'ab'");
  EXPECT_EQ(problem(with(R"("version": "2.0")")),
            "version: expects version 1.0, but got 2.0");
}

TEST(HostileFilesTest, Merges) {
  EXPECT_EQ(problem(bpe(R"({"a": 0, "b": 1})", R"([["a", "b"]])")),
            "model.merges: merge 0 needs the token 'ab', which the vocabulary "
            "lacks");
  EXPECT_EQ(problem(bpe(R"({"a": 0})", R"([["a", "x"]])")),
            "model.merges: merge 0 needs the token 'x', which the vocabulary "
            "lacks");
  EXPECT_EQ(problem(bpe(R"({"a": 0})", R"([["a"]])")),
            "model.merges: merge 0 is not a pair of tokens, but a list");
  EXPECT_EQ(problem(bpe(R"({"a": 0})", R"(["a", 5])")),
            "model.merges: merge 0 is not a pair of tokens, but the text 'a'");
  EXPECT_EQ(problem(bpe(R"({"a": 0, "": 1})", R"([["a", ""]])")),
            "model.merges: merge 0 is not a pair of tokens, but a list");
}

/// A merge that gives one of its parts again: each merge still takes a symbol
/// away, so that it ends.
TEST(HostileFilesTest, MergesInACircle) {
  std::string json = model(R"({"type": "BPE",
    "continuing_subword_prefix": "##", "vocab": {"a": 0, "##": 1, "##a": 2,
    "aa": 3}, "merges": [["a", "##"], ["##a", "##a"], ["a", "##a"]]})");
  EXPECT_EQ(problem(json), "model.merges: merge 1 needs the token '##aa', "
                           "which the vocabulary lacks");
  json = model(R"({"type": "BPE", "vocab": {"a": 0, "aa": 1, "aaa": 2},
    "merges": [["aa", "a"], ["a", "aa"], ["a", "a"], ["a", "a"]]})");
  EXPECT_EQ(encode(json, std::string(7, 'a')).size(), 3u);
}

TEST(HostileFilesTest, Ids) {
  const char *range = "model.vocab: expects ids from 0 to 2147483647, but 'a' "
                      "has ";
  EXPECT_EQ(problem(bpe(R"({"a": -1})", "[]")), std::string(range) + "-1");
  EXPECT_EQ(problem(bpe(R"({"a": 4294967296})", "[]")),
            std::string(range) + "4294967296");
  EXPECT_EQ(problem(bpe(R"({"a": 1.5})", "[]")), std::string(range) + "1.5");
  EXPECT_EQ(problem(bpe(R"({"a": "0"})", "[]")),
            std::string(range) + "the text '0'");
  EXPECT_NE(problem(bpe(R"({"a": 7, "b": 7})", "[]")).find("gives the id 7 to"),
            std::string::npos);
  EXPECT_EQ(problem(model(R"({"type": "Unigram", "unk_id": 3,
                              "vocab": [["a", 0]]})")),
            "model.unk_id: expects an integer from 0 to 0, but got 3");
  EXPECT_EQ(problem(model(R"({"type": "Unigram", "unk_id": 0, "vocab": []})")),
            "model.unk_id: expects an integer from 0 to -1, but got 0");
  EXPECT_EQ(problem(model(R"({"type": "Unigram", "vocab": [["a", "b"]]})")),
            "model.vocab: expects a text and a score, but item 0 is a list");
  EXPECT_EQ(problem(with(R"("post_processor": {"type": "BertProcessing",
              "sep": ["x", 77], "cls": ["a", 0]})")),
            "post_processor: adds the id 77, which has no token");
}

std::string added(const std::string &id, const std::string &content) {
  return R"({"id": )" + id + R"(, "content": ")" + content +
         R"(", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": true, "special": false})";
}

TEST(HostileFilesTest, AddedTokens) {
  auto tokens = [](const std::string &list) {
    return problem(with("\"added_tokens\": [" + list + "]"));
  };
  EXPECT_EQ(tokens(added("0", "x")),
            "added_tokens[0]: gives the id 0 to 'x', but the model's "
            "vocabulary has 'a' there");
  EXPECT_EQ(tokens(added("5", "a")),
            "added_tokens[0]: gives the id 5 to 'a', but the model's "
            "vocabulary gives it 0");
  EXPECT_EQ(tokens(added("5", "x") + "," + added("5", "y")),
            "added_tokens[1]: has the text or the id of another token");
  EXPECT_EQ(tokens(added("-5", "x")), "added_tokens[0].id: expects an integer "
                                      "from 0 to 2147483647, but got -5");
  EXPECT_EQ(tokens(added("5", "")),
            "added_tokens[0].content: expects a text of 1 to 1024 bytes");
  EXPECT_EQ(problem(with(R"("normalizer": {"type": "StripAccents"},
              "added_tokens": [)" +
                         added("5", "\u0301") + "]")),
            "added_tokens[0].content: the normalizer leaves nothing of the "
            "token");
}

TEST(HostileFilesTest, TenMegabyteStrings) {
  std::string huge(10'000'000, 'a');
  EXPECT_EQ(problem(bpe("{\"" + huge + "\": 0}", "[]")),
            "model.vocab: expects tokens of at most 1024 bytes, but '" +
                std::string(40, 'a') + "...' has 10000000");
  EXPECT_EQ(problem(with("\"added_tokens\": [" + added("5", huge) + "]")),
            "added_tokens[0].content: expects a text of 1 to 1024 bytes");
  EXPECT_EQ(problem(with(R"("normalizer": {"type": ")" + huge + "\"}")),
            "normalizer: does not know the normalizer '" +
                std::string(40, 'a') + "...'");
}

std::string splitAt(const std::string &regex) {
  return with(R"("pre_tokenizer": {"type": "Split", "behavior": "Isolated",
    "invert": false, "pattern": {"Regex": ")" +
              regex + "\"}}");
}

TEST(HostileFilesTest, ReplacementsThatGrow) {
  std::string replace = R"({"type": "Replace", "pattern": {"String": "a"},
    "content": ")" + std::string(1000, 'a') +
                        "\"}";
  std::string all = replace;
  for (int i = 1; i < 6; ++i)
    all += ", " + replace;
  auto ids =
      load(with(R"("normalizer": {"type": "Sequence", "normalizers": [)" + all +
                "]}"))
          ->encode("ab", false);
  EXPECT_EQ(llvm::toString(ids.takeError()),
            "the normalizer makes the text longer than 256 MB");
}

TEST(HostileFilesTest, RegularExpressions) {
  EXPECT_EQ(problem(splitAt("(a")),
            "pre_tokenizer.pattern.Regex: not a regular expression: "
            "U_REGEX_MISMATCHED_PAREN at character 2");
  EXPECT_EQ(problem(splitAt(R"(\\h+)")),
            "pre_tokenizer.pattern.Regex: the regular expression has \\h, "
            "which is not supported");
  EXPECT_NE(problem(splitAt(std::string(50'000, '('))), "");
}

TEST(HostileFilesTest, RegularExpressionsThatTakeForever) {
  std::string text(5'000, 'a');
  auto slow = load(splitAt("(a|a)*b"))->encode(text, false);
  EXPECT_EQ(llvm::toString(slow.takeError()),
            "the regular expression takes too long");
  std::string longer(500'000, 'a');
  auto deep = load(splitAt("(a|b)*c"))->encode(longer, false);
  EXPECT_NE(llvm::toString(deep.takeError()), "");
}

TEST(HostileFilesTest, TablesOfReplacements) {
  auto table = [](const std::string &base64) {
    return problem(with(R"("normalizer": {"type": "Precompiled",
      "precompiled_charsmap": ")" +
                        base64 + "\"}"));
  };
  EXPECT_NE(table("!!!"), "");
  EXPECT_EQ(table("AAAA"), "normalizer.precompiled_charsmap: expects a table "
                           "that begins with the size of its trie");
  EXPECT_EQ(table("/////w=="), "normalizer.precompiled_charsmap: expects a "
                               "table that begins with the size of its trie");
  // One unit with offsets far outside, and no replacements.
  std::string json = with(R"("normalizer": {"type": "Precompiled",
    "precompiled_charsmap": "BAAAAP////8="})");
  EXPECT_EQ(problem(json), "");
  EXPECT_EQ(encode(json, "aaa").size(), 3u);
}

TEST(HostileFilesTest, BrokenJsonNeverCrashes) {
  std::string whole = readFile("/tokenizer.json");
  std::mt19937 random(2);
  for (int i = 0; i < 60; ++i) {
    std::string broken = whole;
    for (int j = 0; j < 3; ++j)
      broken[random() % 2000] = static_cast<char>(random());
    auto tokenizer = tryLoad(broken);
    if (tokenizer)
      llvm::consumeError((*tokenizer)->encode("a b", true).takeError());
    else
      llvm::consumeError(tokenizer.takeError());
  }
}

TEST(HostileFilesTest, SentencePieceModels) {
  std::string whole = readFile("/tokenizer.model");
  ASSERT_GT(whole.size(), 50'000u);
  std::mt19937 random(3);
  EXPECT_NE(llvm::toString(tryLoad("garbage", "model").takeError()), "");
  EXPECT_NE(llvm::toString(tryLoad("", "model").takeError()), "");
  for (int i = 0; i < 60; ++i) {
    std::string broken = whole.substr(0, 1 + random() % whole.size());
    if (i % 2)
      broken = whole;
    for (int j = 0; j < i % 4; ++j)
      broken[random() % broken.size()] = static_cast<char>(random());
    auto tokenizer = tryLoad(broken, "model");
    if (tokenizer)
      llvm::consumeError((*tokenizer)->encode("a b", true).takeError());
    else
      llvm::consumeError(tokenizer.takeError());
  }
}

TEST(HostileFilesTest, MissingFiles) {
  auto tokenizer = Tokenizer::load("/nowhere/tokenizer.json");
  EXPECT_NE(llvm::toString(tokenizer.takeError()).find("/nowhere"),
            std::string::npos);
  auto folder = Tokenizer::load("/");
  EXPECT_EQ(llvm::toString(folder.takeError()),
            "'/': has no tokenizer.json and no tokenizer.model");
}

} // namespace

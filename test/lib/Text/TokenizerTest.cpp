//===- TokenizerTest.cpp - Tests of small tokenizers ----------------------===//

#include "lib/Text/StreamDecoder.h"
#include "test/lib/Text/SmallTokenizer.h"

using namespace qopt::text;
using Ids = std::vector<int64_t>;

namespace {

// ids: 0 <unk>, 1 a, 2 b, 3 c, 4 ab, 5 abc, 6 <0xC3>, 7 <0xA9>
const char *const bpe = R"({"type": "BPE", "unk_token": "<unk>",
  "byte_fallback": true, "fuse_unk": true,
  "vocab": {"<unk>": 0, "a": 1, "b": 2, "c": 3, "ab": 4, "abc": 5,
            "<0xC3>": 6, "<0xA9>": 7},
  "merges": [["a", "b"], ["ab", "c"]]})";

TEST(TokenizerTest, BpeMergesByRank) {
  EXPECT_EQ(encode(model(bpe), "abcab"), (Ids{5, 4}));
  EXPECT_EQ(encode(model(bpe), "aabb"), (Ids{1, 4, 2}));
  EXPECT_EQ(encode(model(bpe), ""), Ids());
}

TEST(TokenizerTest, BpeJoinsUnknownCharactersAndKnowsBytes) {
  EXPECT_EQ(encode(model(bpe), "axyzb"), (Ids{1, 0, 2}));
  EXPECT_EQ(encode(model(bpe), "a\u00e9"), (Ids{1, 6, 7}));
}

TEST(TokenizerTest, BpeTakesOldMerges) {
  EXPECT_EQ(encode(model(R"({"vocab": {"a": 0, "b": 1, "ab": 2},
                            "merges": ["a b"]})"),
                   "aba"),
            (Ids{2, 0}));
}

TEST(TokenizerTest, BpeOfALongWordIsFast) {
  std::string text;
  while (text.size() < 10'000'000)
    text += "abcabab";
  EXPECT_EQ(encode(model(bpe), text).size(), (text.size() + 6) / 7 * 3);
}

TEST(TokenizerTest, WordPieceTakesTheLongestPiece) {
  std::string json = model(R"({"type": "WordPiece", "unk_token": "[UNK]",
    "continuing_subword_prefix": "##", "max_input_chars_per_word": 5,
    "vocab": {"[UNK]": 0, "un": 1, "##a": 2, "##able": 3, "##b": 4}})");
  EXPECT_EQ(encode(json, "una"), (Ids{1, 2}));
  EXPECT_EQ(encode(json, "unab"), (Ids{1, 2, 4}));
  EXPECT_EQ(encode(json, "unx"), (Ids{0}));
  EXPECT_EQ(encode(json, "unable"), (Ids{0})) << "six characters";
}

TEST(TokenizerTest, UnigramTakesTheLikeliestPieces) {
  std::string json = model(R"({"type": "Unigram", "unk_id": 0, "vocab":
    [["<unk>", 0], ["a", -1], ["b", -2], ["ab", -2.5], ["aab", -4]]})");
  EXPECT_EQ(encode(json, "aab"), (Ids{1, 3})) << "-3.5 is more than -4";
  EXPECT_EQ(encode(json, "abxyb"), (Ids{3, 0, 2})) << "one unknown piece";
}

TEST(TokenizerTest, WordLevel) {
  std::string json = model(R"({"type": "WordLevel", "unk_token": "?",
                               "vocab": {"?": 0, "cat": 7}})",
                           R"("pre_tokenizer": {"type": "WhitespaceSplit"})");
  EXPECT_EQ(encode(json, "  cat dog\ncat"), (Ids{7, 0, 7}));
  EXPECT_EQ(load(json)->vocabularySize(), 8);
}

std::string withTokens(const char *flags) {
  return model(bpe, std::string(R"("added_tokens": [{"id": 9, "content": "<s>",
    "special": true, )") +
                        flags + "}]");
}

TEST(TokenizerTest, AddedTokensAreFoundAnywhere) {
  std::string json = withTokens(R"("lstrip": false, "rstrip": false,
    "single_word": false, "normalized": false)");
  EXPECT_EQ(encode(json, "ab<s>ab<s><s>"), (Ids{4, 9, 4, 9, 9}));
  EXPECT_EQ(load(json)->findToken("<s>"), 9);
  EXPECT_EQ(load(json)->token(9), "<s>");
  EXPECT_TRUE(load(json)->isSpecial(9));
  EXPECT_FALSE(load(json)->isSpecial(4));
  EXPECT_EQ(load(json)->token(8), std::nullopt);
}

TEST(TokenizerTest, AddedTokensStripAndStandAlone) {
  std::string strips = withTokens(R"("lstrip": true, "rstrip": true,
    "single_word": false, "normalized": false)");
  EXPECT_EQ(encode(strips, "a  <s> \n b"), (Ids{1, 9, 2}));
  std::string alone = withTokens(R"("lstrip": false, "rstrip": false,
    "single_word": true, "normalized": false)");
  EXPECT_EQ(encode(alone, "<s>a"), (Ids{0, 1}));
  EXPECT_EQ(encode(alone, "<s>"), (Ids{9}));
}

TEST(TokenizerTest, AddedTokensThatAreSpacesAreFast) {
  std::string json = model(bpe, R"("added_tokens": [{"id": 9, "content": " ",
    "lstrip": false, "rstrip": true, "single_word": false, "normalized": false,
    "special": false}])");
  EXPECT_EQ(encode(json, "a" + std::string(1'000'000, ' ') + "b").back(), 2);
}

TEST(TokenizerTest, TemplatesSurroundTheText) {
  std::string json = model(bpe, R"("post_processor": {
    "type": "TemplateProcessing", "single": [
      {"SpecialToken": {"id": "x", "type_id": 0}},
      {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"x": {"id": "x", "ids": [3, 2], "tokens": []}}})");
  EXPECT_EQ(encode(json, "a", true), (Ids{3, 2, 1}));
  EXPECT_EQ(encode(json, "a", false), (Ids{1}));
}

TEST(TokenizerTest, TextMustBeUtf8) {
  auto ids = load(model(bpe))->encode("ab\xC3(", false);
  EXPECT_EQ(llvm::toString(ids.takeError()),
            "expects UTF-8, but byte 2 is in no character");
}

const char *const byteDecoder = R"("decoder": {"type": "Sequence", "decoders":
  [{"type": "ByteFallback"}, {"type": "Fuse"}]})";

TEST(StreamDecoderTest, WaitsForTheRestOfACharacter) {
  auto tokenizer = load(model(bpe, byteDecoder));
  StreamDecoder decoder(*tokenizer, true);
  EXPECT_EQ(llvm::cantFail(decoder.push(4)), "ab");
  EXPECT_EQ(llvm::cantFail(decoder.push(6)), "");
  EXPECT_EQ(llvm::cantFail(decoder.push(7)), "\u00e9");
  EXPECT_EQ(decoder.finish(), "");
}

TEST(StreamDecoderTest, ReplacesWhatIsNoCharacter) {
  auto tokenizer = load(model(bpe, byteDecoder));
  StreamDecoder decoder(*tokenizer, true);
  EXPECT_EQ(llvm::cantFail(decoder.push(7)), "\ufffd");
  EXPECT_EQ(llvm::cantFail(decoder.push(6)), "");
  EXPECT_EQ(llvm::cantFail(decoder.push(1)), "\ufffda");
  EXPECT_EQ(llvm::cantFail(decoder.push(6)), "");
  EXPECT_EQ(decoder.finish(), "\ufffd");
}

TEST(StreamDecoderTest, IdsWithoutTokenAreNothing) {
  auto tokenizer = load(model(bpe, byteDecoder));
  StreamDecoder decoder(*tokenizer, true);
  EXPECT_EQ(llvm::cantFail(decoder.push(1000)), "");
  EXPECT_EQ(llvm::cantFail(decoder.push(-1)), "");
  EXPECT_EQ(llvm::cantFail(decoder.push(1)), "a");
}

} // namespace

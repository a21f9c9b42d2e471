//===- WordModels.cpp - Models that look words up: WordPiece, WordLevel ---===//

#include "lib/Text/Model.h"
#include "lib/Text/PrefixIndex.h"
#include "lib/Text/Unicode.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace qopt::text {

ByteTokens::ByteTokens(const Vocabulary &vocabulary) {
  for (unsigned byte = 0; byte < 256; ++byte)
    all.push_back(vocabulary.find(formatv("<0x{0:X-2}>", byte).str()));
}

bool ByteTokens::append(StringRef bytes, std::vector<int64_t> &ids) const {
  for (char byte : bytes)
    if (!all[static_cast<unsigned char>(byte)])
      return false;
  for (char byte : bytes)
    ids.push_back(*all[static_cast<unsigned char>(byte)]);
  return true;
}

namespace {

/// The unknown token; that the vocabulary lacks it matters only when needed.
struct Unknown {
  std::string token;

  Error append(const Vocabulary &vocabulary, std::vector<int64_t> &ids) const {
    std::optional<uint32_t> id = vocabulary.find(token);
    if (!id)
      return createStringError("the text has an unknown word, but the "
                               "vocabulary has no '" +
                               Twine(shorten(token)) + "'");
    ids.push_back(*id);
    return Error::success();
  }
};

/// The longest piece first; a word with a part that no piece is, is unknown.
struct WordPiece final : Model {
  Unknown unknown;
  std::string prefix; ///< of the pieces behind the first
  size_t longestWord;
  PrefixIndex first, others; ///< others: without the prefix

  Error encode(StringRef word, std::vector<int64_t> &ids) const override {
    size_t known = ids.size(), characters = 0;
    for (char c : word)
      characters += (static_cast<uint8_t>(c) >> 6) != 2;
    size_t length = 0;
    for (size_t at = 0; at < word.size() && characters <= longestWord;
         at += length) {
      length = 0;
      uint32_t id = 0;
      (at ? others : first)
          .find(word.substr(at), [&](size_t found, uint32_t piece) {
            length = found;
            id = piece;
          });
      if (length == 0)
        break;
      ids.push_back(id);
    }
    if (length != 0)
      return Error::success();
    ids.resize(known);
    return unknown.append(vocabulary, ids);
  }
};

struct WordLevel final : Model {
  Unknown unknown;

  Error encode(StringRef word, std::vector<int64_t> &ids) const override {
    std::optional<uint32_t> id = vocabulary.find(word);
    if (!id)
      return unknown.append(vocabulary, ids);
    ids.push_back(*id);
    return Error::success();
  }
};

} // namespace

std::unique_ptr<Model> readWordPiece(JsonCursor json) {
  auto model = std::make_unique<WordPiece>();
  model->vocabulary.read(json.at("vocab"));
  model->unknown.token = json.at("unk_token").text();
  model->prefix = json.at("continuing_subword_prefix").text();
  model->longestWord =
      json.at("max_input_chars_per_word").integer(0, largestId);
  std::vector<PrefixIndex::Key> first, others;
  model->vocabulary.forEach([&](StringRef token, uint32_t id) {
    first.push_back({token, id});
    if (token.consume_front(model->prefix))
      others.push_back({token, id});
  });
  model->first = PrefixIndex(std::move(first));
  model->others = PrefixIndex(std::move(others));
  return model;
}

std::unique_ptr<Model> readWordLevel(JsonCursor json) {
  auto model = std::make_unique<WordLevel>();
  model->vocabulary.read(json.at("vocab"));
  model->unknown.token = json.at("unk_token").text();
  return model;
}

std::unique_ptr<Model> readModel(JsonCursor json) {
  // Old files have no type.
  StringRef type = json.text("type", json.has("merges") ? "BPE" : "");
  if (type == "BPE")
    return readBpe(json);
  if (type == "Unigram")
    return readUnigram(json);
  if (type == "WordPiece")
    return readWordPiece(json);
  if (type == "WordLevel")
    return readWordLevel(json);
  json.refuse("does not know the model '" + shorten(type) + "'");
  return nullptr;
}

} // namespace qopt::text

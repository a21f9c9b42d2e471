//===- HuggingFace.cpp - The tokenizer of a tokenizer.json ----------------===//

#include "lib/Files/Json.h"
#include "lib/Text/AddedTokens.h"
#include "lib/Text/Decoder.h"
#include "lib/Text/Formats.h"
#include "lib/Text/Model.h"
#include "lib/Text/PostProcessor.h"
#include "lib/Text/PreTokenizer.h"
#include "lib/Text/Unicode.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace qopt::text {

namespace {

/// The parts of the file, in the order in which a text goes through them.
class HuggingFace final : public Tokenizer {
public:
  void read(JsonCursor json);

  Expected<std::vector<int64_t>> encode(StringRef text,
                                        bool addSpecialTokens) const override;
  Expected<std::string> decode(ArrayRef<int64_t> ids,
                               bool skipSpecialTokens) const override {
    return decode(ids, skipSpecialTokens, BadBytes::Replaced);
  }
  Expected<std::string> decodeBytes(ArrayRef<int64_t> ids) const override {
    return decode(ids, false, BadBytes::Kept);
  }

  std::optional<int64_t> findToken(StringRef token) const override {
    std::optional<uint32_t> id = added.find(token);
    return id ? id : model->vocabulary.find(token);
  }
  std::optional<std::string> token(int64_t id) const override {
    std::optional<StringRef> text = added.token(id);
    if (!text)
      text = model->vocabulary.token(id);
    return text ? std::optional(text->str()) : std::nullopt;
  }
  bool isSpecial(int64_t id) const override {
    std::optional<std::string> text = token(id);
    return text && added.isSpecial(*text);
  }
  int64_t vocabularySize() const override {
    return std::max(added.largest(), model->vocabulary.largest()) + 1;
  }

private:
  Expected<std::vector<Piece>> split(StringRef text) const;
  Expected<std::string> decode(ArrayRef<int64_t> ids, bool skipSpecialTokens,
                               BadBytes bad) const;
  void checkTemplate(JsonCursor json) const;

  AddedTokens added;
  std::unique_ptr<Normalizer> normalizer;     ///< may be null
  std::unique_ptr<PreTokenizer> preTokenizer; ///< may be null
  std::unique_ptr<Model> model;
  Template surrounding;
  std::unique_ptr<Decoder> decoder;
};

} // namespace

/// Ids that are put around a text have a token.
void HuggingFace::checkTemplate(JsonCursor json) const {
  for (const Template::Part &part : surrounding.parts)
    for (int64_t id : part.ids)
      if (!token(id))
        json.refuse("adds the id " + Twine(id) + ", which has no token");
}

void HuggingFace::read(JsonCursor json) {
  if (json.text("version", "1.0") != "1.0")
    json.at("version").refuse("expects version 1.0, but got " +
                              shorten(json.at("version").text()));
  model = readModel(json.at("model"));
  if (json.has("normalizer"))
    normalizer = readNormalizer(json.at("normalizer"));
  if (json.has("pre_tokenizer"))
    preTokenizer = readPreTokenizer(json.at("pre_tokenizer"));
  decoder =
      json.has("decoder") ? readDecoder(json.at("decoder")) : joinWithSpaces();
  if (json.failed())
    return;
  if (json.has("added_tokens"))
    added.read(json.at("added_tokens"), model->vocabulary, normalizer.get());
  if (json.has("post_processor")) {
    surrounding = readPostProcessor(json.at("post_processor"));
    checkTemplate(json.at("post_processor"));
  }
}

/// What the model encodes, and the added tokens between.
Expected<std::vector<Piece>> HuggingFace::split(StringRef text) const {
  std::vector<Piece> pieces = {{text.str(), true, std::nullopt}};
  added.splitRaw(pieces);
  if (normalizer)
    for (Piece &piece : pieces)
      if (!piece.token)
        if (Error error = normalizer->apply(piece))
          return std::move(error);
  added.splitNormalized(pieces);
  if (preTokenizer)
    if (Error error = preTokenizer->apply(pieces))
      return std::move(error);
  return pieces;
}

Expected<std::vector<int64_t>>
HuggingFace::encode(StringRef text, bool addSpecialTokens) const {
  if (Error error = checkUtf8(text))
    return std::move(error);
  Expected<std::vector<Piece>> pieces = split(text);
  if (!pieces)
    return pieces.takeError();
  std::vector<int64_t> ids;
  for (const Piece &piece : *pieces)
    if (piece.token)
      ids.push_back(*piece.token);
    else if (!piece.text.empty())
      if (Error error = model->encode(piece.text, ids))
        return std::move(error);
  return surrounding.apply(std::move(ids), addSpecialTokens);
}

Expected<std::string> HuggingFace::decode(ArrayRef<int64_t> ids,
                                          bool skipSpecialTokens,
                                          BadBytes bad) const {
  std::vector<std::string> tokens;
  for (int64_t id : ids)
    if (std::optional<std::string> text = token(id))
      if (!skipSpecialTokens || !added.isSpecial(*text))
        tokens.push_back(std::move(*text));
  if (Error error = decoder->apply(tokens, bad))
    return std::move(error);
  return join(tokens, "");
}

Expected<std::unique_ptr<Tokenizer>> loadHuggingFace(StringRef path) {
  Expected<json::Object> object = readJsonObject(path);
  if (!object)
    return object.takeError();
  json::Value root(std::move(*object));
  std::string problem;
  auto tokenizer = std::make_unique<HuggingFace>();
  tokenizer->read(JsonCursor(&root, "", problem));
  if (!problem.empty())
    return createFileError(path, createStringError(problem));
  return tokenizer;
}

} // namespace qopt::text

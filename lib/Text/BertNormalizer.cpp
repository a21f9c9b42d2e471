//===- BertNormalizer.cpp - How BERT's models write a text ----------------===//

#include "lib/Text/Normalizer.h"
#include "lib/Text/Unicode.h"

using namespace llvm;

namespace qopt::text {

/// The blocks of ideographs that stand for words of their own.
static bool isChinese(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

static bool isLineOrTab(char32_t c) {
  return c == '\t' || c == '\n' || c == '\r';
}

namespace {

struct BertNormalizer final : Normalizer {
  bool cleanText, spaceChinese, stripAccents, lowercase;

  void clean(Piece &piece) const {
    filterCharacters(piece, [](char32_t c) {
      return c != 0 && c != 0xFFFD && (isLineOrTab(c) || !isControl(c));
    });
    mapCharacters(piece, [](char32_t c, std::string &text) {
      appendCharacter(text, isLineOrTab(c) || isSpace(c) ? U' ' : c);
    });
  }

  Error apply(Piece &piece) const override {
    if (cleanText)
      clean(piece);
    if (spaceChinese)
      mapCharacters(piece, [](char32_t c, std::string &text) {
        text += isChinese(c) ? " " : "";
        appendCharacter(text, c);
        text += isChinese(c) ? " " : "";
      });
    if (stripAccents) {
      if (Error error = normalizeForm(piece, NormalForm::NFD))
        return error;
      filterCharacters(piece, [](char32_t c) { return !isNonspacingMark(c); });
    }
    if (lowercase)
      lowerText(piece);
    return Error::success();
  }
};

} // namespace

std::unique_ptr<Normalizer> readBertNormalizer(JsonCursor json) {
  auto normalizer = std::make_unique<BertNormalizer>();
  normalizer->cleanText = json.at("clean_text").boolean();
  normalizer->spaceChinese = json.at("handle_chinese_chars").boolean();
  normalizer->lowercase = json.at("lowercase").boolean();
  normalizer->stripAccents =
      json.boolean("strip_accents", normalizer->lowercase);
  return normalizer;
}

} // namespace qopt::text

//===- Normalizer.cpp - How a text is written before it is split ----------===//

#include "lib/Text/Normalizer.h"
#include "lib/Text/ByteLevel.h"
#include "lib/Text/Charsmap.h"
#include "lib/Text/Unicode.h"
#include "llvm/ADT/StringSwitch.h"
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uniset.h>

using namespace llvm;

namespace qopt::text {

void filterCharacters(Piece &piece, function_ref<bool(char32_t)> keep) {
  std::string kept;
  for (size_t at = 0; at < piece.text.size();) {
    size_t begin = at;
    if (keep(nextCharacter(piece.text, at)))
      kept.append(piece.text, begin, at - begin);
    else if (begin == 0)
      piece.isFirst = false;
  }
  piece.text = std::move(kept);
}

void mapCharacters(Piece &piece,
                   function_ref<void(char32_t, std::string &)> map) {
  std::string mapped;
  mapped.reserve(piece.text.size());
  for (size_t at = 0; at < piece.text.size();)
    map(nextCharacter(piece.text, at), mapped);
  piece.text = std::move(mapped);
}

void lowerText(Piece &piece) {
  mapCharacters(piece, [](char32_t character, std::string &text) {
    appendCharacter(text, lowerCharacter(character));
    if (character == 0x130) // the one character whose lower case is two
      appendCharacter(text, 0x307);
  });
}

/// The forms of Unicode 9.0, as `tokenizers` has them.
static const icu::Normalizer2 *findForm(NormalForm form, UErrorCode &status) {
  static const icu::UnicodeSet &known = *[] {
    UErrorCode status = U_ZERO_ERROR;
    auto *set = new icu::UnicodeSet("[:age=9.0:]", status);
    set->freeze();
    return set;
  }();
  switch (form) {
  case NormalForm::NFC: {
    static const icu::FilteredNormalizer2 nfc(
        *icu::Normalizer2::getNFCInstance(status), known);
    return &nfc;
  }
  case NormalForm::NFD: {
    static const icu::FilteredNormalizer2 nfd(
        *icu::Normalizer2::getNFDInstance(status), known);
    return &nfd;
  }
  case NormalForm::NFKC: {
    static const icu::FilteredNormalizer2 nfkc(
        *icu::Normalizer2::getNFKCInstance(status), known);
    return &nfkc;
  }
  case NormalForm::NFKD: {
    static const icu::FilteredNormalizer2 nfkd(
        *icu::Normalizer2::getNFKDInstance(status), known);
    return &nfkd;
  }
  }
  llvm_unreachable("an unknown form");
}

Error normalizeForm(Piece &piece, NormalForm form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2 *normalizer = findForm(form, status);
  std::string normalized;
  icu::StringByteSink<std::string> sink(&normalized);
  normalizer->normalizeUTF8(
      0, {piece.text.data(), static_cast<int32_t>(piece.text.size())}, sink,
      nullptr, status);
  if (U_FAILURE(status))
    return createStringError("the text cannot be normalized: " +
                             Twine(u_errorName(status)));
  piece.text = std::move(normalized);
  return Error::success();
}

namespace {

struct Form final : Normalizer {
  explicit Form(NormalForm form) : form(form) {}
  Error apply(Piece &piece) const override {
    return normalizeForm(piece, form);
  }
  NormalForm form;
};

struct Lowercase final : Normalizer {
  Error apply(Piece &piece) const override {
    lowerText(piece);
    return Error::success();
  }
};

struct StripAccents final : Normalizer {
  Error apply(Piece &piece) const override {
    filterCharacters(piece, [](char32_t c) { return !isMark(c); });
    return Error::success();
  }
};

struct Strip final : Normalizer {
  Strip(bool left, bool right) : left(left), right(right) {}
  Error apply(Piece &piece) const override {
    StringRef text = piece.text;
    size_t begin = 0, end = text.size();
    for (size_t at = 0; left && at < end && isSpace(nextCharacter(text, at));)
      begin = at;
    for (size_t at = end; right && end > begin; end = at) {
      while ((static_cast<uint8_t>(text[--at]) >> 6) == 2)
        ;
      size_t start = at;
      if (!isSpace(nextCharacter(text, start)))
        break;
    }
    piece.isFirst &= begin == 0;
    piece.text = text.slice(begin, end).str();
    return Error::success();
  }
  bool left, right;
};

/// Replacing what was put in before would grow without end.
static constexpr size_t maxReplaced = 256 << 20;

struct Replace final : Normalizer {
  Replace(Pattern pattern, StringRef content)
      : pattern(std::move(pattern)), content(content) {}
  Error apply(Piece &piece) const override {
    Expected<std::vector<Span>> spans = pattern.find(piece.text);
    if (!spans)
      return spans.takeError();
    std::string replaced;
    for (const Span &span : *spans) {
      if (replaced.size() > maxReplaced)
        return createStringError("the normalizer makes the text longer than " +
                                 Twine(maxReplaced >> 20) + " MB");
      replaced += span.isMatch
                      ? content
                      : piece.text.substr(span.begin, span.end - span.begin);
    }
    piece.text = std::move(replaced);
    return Error::success();
  }
  Pattern pattern;
  std::string content;
};

struct Prepend final : Normalizer {
  explicit Prepend(StringRef prefix) : prefix(prefix) {}
  Error apply(Piece &piece) const override {
    if (!piece.text.empty())
      piece.text.insert(0, prefix);
    return Error::success();
  }
  std::string prefix;
};

/// Control characters go, other white space becomes a space.
struct Nmt final : Normalizer {
  Error apply(Piece &piece) const override {
    filterCharacters(piece, [](char32_t c) {
      return !((c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) ||
               c == 0x7F || c == 0x8F || c == 0x9F);
    });
    mapCharacters(piece, [](char32_t c, std::string &text) {
      bool isSpace = c == 9 || c == 0xA || c == 0xC || c == 0xD ||
                     c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                     c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF ||
                     c == 0xFFFD;
      appendCharacter(text, isSpace ? U' ' : c);
    });
    return Error::success();
  }
};

struct Bytes final : Normalizer {
  Error apply(Piece &piece) const override {
    piece.text = toByteLevel(piece.text);
    return Error::success();
  }
};

struct Precompiled final : Normalizer {
  explicit Precompiled(Charsmap map) : map(std::move(map)) {}
  Error apply(Piece &piece) const override {
    Expected<std::string> text = map.apply(piece.text);
    if (!text)
      return text.takeError();
    piece.text = std::move(*text);
    return Error::success();
  }
  Charsmap map;
};

struct Sequence final : Normalizer {
  Error apply(Piece &piece) const override {
    for (const std::unique_ptr<Normalizer> &normalizer : all)
      if (Error error = normalizer->apply(piece))
        return error;
    return Error::success();
  }
  std::vector<std::unique_ptr<Normalizer>> all;
};

} // namespace

std::unique_ptr<Normalizer> readNormalizer(JsonCursor json) {
  StringRef type = json.at("type").text();
  auto form = StringSwitch<std::optional<NormalForm>>(type)
                  .Case("NFC", NormalForm::NFC)
                  .Case("NFD", NormalForm::NFD)
                  .Case("NFKC", NormalForm::NFKC)
                  .Case("NFKD", NormalForm::NFKD)
                  .Default(std::nullopt);
  if (form)
    return std::make_unique<Form>(*form);
  if (type == "BertNormalizer")
    return readBertNormalizer(json);
  if (type == "Lowercase")
    return std::make_unique<Lowercase>();
  if (type == "StripAccents")
    return std::make_unique<StripAccents>();
  if (type == "Strip")
    return std::make_unique<Strip>(json.at("strip_left").boolean(),
                                   json.at("strip_right").boolean());
  if (type == "Replace")
    return std::make_unique<Replace>(Pattern::read(json.at("pattern")),
                                     json.at("content").text());
  if (type == "Prepend")
    return std::make_unique<Prepend>(json.at("prepend").text());
  if (type == "Nmt")
    return std::make_unique<Nmt>();
  if (type == "ByteLevel")
    return std::make_unique<Bytes>();
  if (type == "Precompiled")
    return std::make_unique<Precompiled>(
        Charsmap::read(json.at("precompiled_charsmap")));
  if (type == "Sequence") {
    auto sequence = std::make_unique<Sequence>();
    json.at("normalizers").forEach([&](JsonCursor part) {
      sequence->all.push_back(readNormalizer(part));
    });
    return sequence;
  }
  json.refuse("does not know the normalizer '" + shorten(type) + "'");
  return nullptr;
}

} // namespace qopt::text

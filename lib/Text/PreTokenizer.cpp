//===- PreTokenizer.cpp - How a text is split into words ------------------===//

#include "lib/Text/PreTokenizer.h"
#include "lib/Text/ByteLevel.h"
#include "lib/Text/Unicode.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace qopt::text {

Prepend readPrepend(JsonCursor metaspace) {
  StringRef name = metaspace.text("prepend_scheme", "always");
  auto scheme = StringSwitch<std::optional<Prepend>>(name)
                    .Case("never", Prepend::Never)
                    .Case("first", Prepend::First)
                    .Case("always", Prepend::Always)
                    .Default(std::nullopt);
  if (!scheme)
    metaspace.at("prepend_scheme")
        .refuse("does not know the scheme '" + shorten(name) + "'");
  if (metaspace.boolean("add_prefix_space", true))
    return scheme.value_or(Prepend::Never);
  if (metaspace.has("prepend_scheme") && scheme != Prepend::Never)
    metaspace.refuse("has an 'add_prefix_space' and a 'prepend_scheme' that "
                     "contradict each other");
  return Prepend::Never;
}

namespace {

/// Splits at single characters.
struct SplitCharacters final : PreTokenizer {
  SplitCharacters(bool (*isMatch)(char32_t), Behavior behavior)
      : isMatch(isMatch), behavior(behavior) {}
  Error apply(std::vector<Piece> &pieces) const override {
    return replacePieces(pieces, [&](Piece piece, std::vector<Piece> &parts) {
      appendParts(piece, findCharacters(piece.text, isMatch), behavior, parts);
      return Error::success();
    });
  }
  bool (*isMatch)(char32_t);
  Behavior behavior;
};

struct SplitCharacter final : PreTokenizer {
  explicit SplitCharacter(char32_t delimiter) : delimiter(delimiter) {}
  Error apply(std::vector<Piece> &pieces) const override {
    return replacePieces(pieces, [&](Piece piece, std::vector<Piece> &parts) {
      appendParts(piece,
                  findCharacters(piece.text,
                                 [&](char32_t c) { return c == delimiter; }),
                  Behavior::Removed, parts);
      return Error::success();
    });
  }
  char32_t delimiter;
};

struct SplitPattern final : PreTokenizer {
  SplitPattern(Pattern pattern, Behavior behavior, bool invert)
      : pattern(std::move(pattern)), behavior(behavior), invert(invert) {}
  Error apply(std::vector<Piece> &pieces) const override {
    return replacePieces(
        pieces, [&](Piece piece, std::vector<Piece> &parts) -> Error {
          Expected<std::vector<Span>> spans = pattern.find(piece.text);
          if (!spans)
            return spans.takeError();
          for (Span &span : *spans)
            span.isMatch ^= invert;
          appendParts(piece, std::move(*spans), behavior, parts);
          return Error::success();
        });
  }
  Pattern pattern;
  Behavior behavior;
  bool invert;
};

/// Words and what is neither word nor space: \w+|[^\w\s]+.
struct Whitespace final : PreTokenizer {
  Error apply(std::vector<Piece> &pieces) const override {
    return replacePieces(pieces, [](Piece piece, std::vector<Piece> &parts) {
      enum { Word, Other, Space } last = Space;
      size_t begin = 0;
      auto finish = [&](size_t end) {
        if (last != Space)
          parts.push_back({piece.text.substr(begin, end - begin),
                           piece.isFirst && begin == 0, std::nullopt});
      };
      for (size_t at = 0; at < piece.text.size();) {
        size_t from = at;
        char32_t c = nextCharacter(piece.text, at);
        auto kind = isWord(c) ? Word : isSpace(c) ? Space : Other;
        if (kind == last)
          continue;
        finish(from);
        begin = from;
        last = kind;
      }
      finish(piece.text.size());
      return Error::success();
    });
  }
};

struct ByteLevel final : PreTokenizer {
  bool addPrefixSpace = false;
  std::optional<Pattern> words;

  Error apply(std::vector<Piece> &pieces) const override {
    return replacePieces(
        pieces, [&](Piece piece, std::vector<Piece> &parts) -> Error {
          if (addPrefixSpace && piece.text[0] != ' ')
            piece.text.insert(0, " ");
          if (!words) {
            parts.push_back(std::move(piece));
          } else {
            Expected<std::vector<Span>> spans = words->find(piece.text);
            if (!spans)
              return spans.takeError();
            appendParts(piece, std::move(*spans), Behavior::Isolated, parts);
          }
          for (Piece &part : parts)
            part.text = toByteLevel(part.text);
          return Error::success();
        });
  }
};

struct Metaspace final : PreTokenizer {
  char32_t replacement;
  Prepend prepend;
  bool split;

  Error apply(std::vector<Piece> &pieces) const override {
    std::string mark;
    appendCharacter(mark, replacement);
    return replacePieces(pieces, [&](Piece piece, std::vector<Piece> &parts) {
      std::string text;
      for (char c : piece.text)
        if (c == ' ')
          text += mark;
        else
          text += c;
      if ((prepend == Prepend::Always ||
           (prepend == Prepend::First && piece.isFirst)) &&
          !StringRef(text).starts_with(mark))
        text.insert(0, mark);
      piece.text = std::move(text);
      if (split)
        appendParts(
            piece,
            findCharacters(piece.text,
                           [&](char32_t c) { return c == replacement; }),
            Behavior::MergedWithNext, parts);
      else
        parts.push_back(std::move(piece));
      return Error::success();
    });
  }
};

struct Sequence final : PreTokenizer {
  Error apply(std::vector<Piece> &pieces) const override {
    for (const std::unique_ptr<PreTokenizer> &part : all)
      if (Error error = part->apply(pieces))
        return error;
    return Error::success();
  }
  std::vector<std::unique_ptr<PreTokenizer>> all;
};

} // namespace

static std::unique_ptr<PreTokenizer> readByteLevel(JsonCursor json) {
  auto bytes = std::make_unique<ByteLevel>();
  bytes->addPrefixSpace = json.at("add_prefix_space").boolean();
  if (json.boolean("use_regex", true)) {
    // GPT-2's words.
    bytes->words = cantFail(Pattern::expression(
        R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+)"
        R"(|\s+(?!\S)|\s+)"));
  }
  return bytes;
}

static std::unique_ptr<PreTokenizer> readMetaspace(JsonCursor json) {
  auto metaspace = std::make_unique<Metaspace>();
  metaspace->replacement = json.character("replacement");
  metaspace->prepend = readPrepend(json);
  metaspace->split = json.boolean("split", true);
  return metaspace;
}

static std::unique_ptr<PreTokenizer> readSequence(JsonCursor json) {
  auto sequence = std::make_unique<Sequence>();
  json.at("pretokenizers").forEach([&](JsonCursor part) {
    sequence->all.push_back(readPreTokenizer(part));
  });
  return sequence;
}

static std::unique_ptr<PreTokenizer> readBert() {
  auto sequence = std::make_unique<Sequence>();
  sequence->all.push_back(
      std::make_unique<SplitCharacters>(isSpace, Behavior::Removed));
  sequence->all.push_back(
      std::make_unique<SplitCharacters>(isPunctuation, Behavior::Isolated));
  return sequence;
}

std::unique_ptr<PreTokenizer> readPreTokenizer(JsonCursor json) {
  StringRef type = json.at("type").text();
  if (type == "ByteLevel")
    return readByteLevel(json);
  if (type == "Metaspace")
    return readMetaspace(json);
  if (type == "BertPreTokenizer")
    return readBert();
  if (type == "Whitespace")
    return std::make_unique<Whitespace>();
  if (type == "WhitespaceSplit")
    return std::make_unique<SplitCharacters>(isSpace, Behavior::Removed);
  if (type == "Punctuation")
    return std::make_unique<SplitCharacters>(
        isPunctuation, json.has("behavior") ? readBehavior(json.at("behavior"))
                                            : Behavior::Isolated);
  if (type == "Digits")
    return std::make_unique<SplitCharacters>(
        isNumeric, json.at("individual_digits").boolean()
                       ? Behavior::Isolated
                       : Behavior::Contiguous);
  if (type == "CharDelimiterSplit")
    return std::make_unique<SplitCharacter>(json.character("delimiter"));
  if (type == "Split")
    return std::make_unique<SplitPattern>(Pattern::read(json.at("pattern")),
                                          readBehavior(json.at("behavior")),
                                          json.at("invert").boolean());
  if (type == "Sequence")
    return readSequence(json);
  json.refuse("does not know the pre-tokenizer '" + shorten(type) + "'");
  return nullptr;
}

} // namespace qopt::text

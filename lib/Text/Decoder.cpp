//===- Decoder.cpp - How tokens become text -------------------------------===//

#include "lib/Text/Decoder.h"
#include "lib/Text/ByteLevel.h"
#include "lib/Text/Pattern.h"
#include "lib/Text/PreTokenizer.h"
#include "lib/Text/Unicode.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace qopt::text {

using Tokens = std::vector<std::string>;

static void replaceAll(std::string &text, StringRef old, StringRef with) {
  for (size_t at = text.find(old); at != std::string::npos;
       at = text.find(old, at + with.size()))
    text.replace(at, old.size(), with);
}

namespace {

struct ByteLevelDecoder final : Decoder {
  Error apply(Tokens &tokens, BadBytes bad) const override {
    std::string bytes;
    for (const std::string &token : tokens)
      bytes += fromByteLevel(token).value_or(token);
    tokens = {bad == BadBytes::Kept ? bytes : replaceInvalid(bytes)};
    return Error::success();
  }
};

/// "<0x0A>" is a byte.
struct ByteFallback final : Decoder {
  static std::optional<char> byteOf(StringRef token) {
    uint8_t byte;
    if (token.size() != 6 || !token.consume_front("<0x") ||
        !token.consume_back(">") || token.getAsInteger(16, byte))
      return std::nullopt;
    return static_cast<char>(byte);
  }

  /// A run that is no UTF-8 is a U+FFFD for each byte, good ones too.
  static void finish(std::string &run, BadBytes bad, Tokens &texts) {
    if (bad == BadBytes::Replaced && errorToBool(checkUtf8(run)))
      texts.insert(texts.end(), run.size(), "\xEF\xBF\xBD");
    else if (!run.empty())
      texts.push_back(run);
    run.clear();
  }

  Error apply(Tokens &tokens, BadBytes bad) const override {
    Tokens texts;
    std::string run;
    for (std::string &token : tokens) {
      if (std::optional<char> byte = byteOf(token)) {
        run += *byte;
        continue;
      }
      finish(run, bad, texts);
      texts.push_back(std::move(token));
    }
    finish(run, bad, texts);
    tokens = std::move(texts);
    return Error::success();
  }
};

struct MetaspaceDecoder final : Decoder {
  MetaspaceDecoder(char32_t mark, bool dropsFirst) : dropsFirst(dropsFirst) {
    appendCharacter(this->mark, mark);
  }
  Error apply(Tokens &tokens, BadBytes) const override {
    for (std::string &token : tokens)
      replaceAll(token, mark, dropsFirst && &token == &tokens[0] ? "" : " ");
    return Error::success();
  }
  std::string mark;
  bool dropsFirst;
};

struct WordPieceDecoder final : Decoder {
  WordPieceDecoder(StringRef prefix, bool cleanup)
      : prefix(prefix), cleanup(cleanup) {}
  Error apply(Tokens &tokens, BadBytes) const override {
    static constexpr const char *tidy[][2] = {
        {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
        {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
        {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (std::string &token : tokens) {
      if (&token != &tokens[0]) {
        if (StringRef(token).starts_with(prefix))
          token.erase(0, prefix.size());
        else
          token.insert(0, " ");
      }
      for (const auto &[old, with] : tidy)
        if (cleanup)
          replaceAll(token, old, with);
    }
    return Error::success();
  }
  std::string prefix;
  bool cleanup;
};

struct Fuse final : Decoder {
  Error apply(Tokens &tokens, BadBytes) const override {
    tokens = {join(tokens, "")};
    return Error::success();
  }
};

struct ReplaceDecoder final : Decoder {
  ReplaceDecoder(Pattern pattern, StringRef content)
      : pattern(std::move(pattern)), content(content) {}
  Error apply(Tokens &tokens, BadBytes) const override {
    for (std::string &token : tokens) {
      Expected<std::vector<Span>> spans = pattern.find(token);
      if (!spans)
        return spans.takeError();
      std::string replaced;
      for (const Span &span : *spans)
        replaced += span.isMatch
                        ? content
                        : token.substr(span.begin, span.end - span.begin);
      token = std::move(replaced);
    }
    return Error::success();
  }
  Pattern pattern;
  std::string content;
};

/// Takes a character from both ends, at most so many times.
struct StripDecoder final : Decoder {
  Error apply(Tokens &tokens, BadBytes) const override {
    for (std::string &token : tokens) {
      StringRef text = token;
      for (int64_t i = 0; i < start && text.consume_front(content); ++i)
        ;
      for (int64_t i = 0; i < stop && text.consume_back(content); ++i)
        ;
      token = text.str();
    }
    return Error::success();
  }
  std::string content;
  int64_t start, stop;
};

struct BpeDecoder final : Decoder {
  explicit BpeDecoder(StringRef suffix) : suffix(suffix) {}
  Error apply(Tokens &tokens, BadBytes) const override {
    for (std::string &token : tokens)
      replaceAll(token, suffix, &token == &tokens.back() ? "" : " ");
    return Error::success();
  }
  std::string suffix;
};

struct JoinWithSpaces final : Decoder {
  Error apply(Tokens &tokens, BadBytes) const override {
    tokens = {join(tokens, " ")};
    return Error::success();
  }
};

struct Sequence final : Decoder {
  Error apply(Tokens &tokens, BadBytes bad) const override {
    for (const std::unique_ptr<Decoder> &part : all)
      if (Error error = part->apply(tokens, bad))
        return error;
    return Error::success();
  }
  std::vector<std::unique_ptr<Decoder>> all;
};

} // namespace

std::unique_ptr<Decoder> joinWithSpaces() {
  return std::make_unique<JoinWithSpaces>();
}

static std::unique_ptr<Decoder> readStrip(JsonCursor json) {
  auto strip = std::make_unique<StripDecoder>();
  appendCharacter(strip->content, json.character("content"));
  // A stream of tokens is decoded with few of those before it.
  strip->start = json.at("start").integer(0, 4);
  strip->stop = json.at("stop").integer(0, 4);
  return strip;
}

static std::unique_ptr<Decoder> readBpe(JsonCursor json) {
  StringRef suffix = json.at("suffix").text();
  if (suffix.empty())
    json.at("suffix").refuse("expects a text that is not empty");
  return std::make_unique<BpeDecoder>(suffix);
}

std::unique_ptr<Decoder> readDecoder(JsonCursor json) {
  StringRef type = json.at("type").text();
  if (type == "ByteLevel")
    return std::make_unique<ByteLevelDecoder>();
  if (type == "ByteFallback")
    return std::make_unique<ByteFallback>();
  if (type == "Metaspace")
    return std::make_unique<MetaspaceDecoder>(
        json.character("replacement"), readPrepend(json) != Prepend::Never);
  if (type == "WordPiece")
    return std::make_unique<WordPieceDecoder>(json.at("prefix").text(),
                                              json.at("cleanup").boolean());
  if (type == "Fuse")
    return std::make_unique<Fuse>();
  if (type == "Replace")
    return std::make_unique<ReplaceDecoder>(Pattern::read(json.at("pattern")),
                                            json.at("content").text());
  if (type == "Strip")
    return readStrip(json);
  if (type == "BPEDecoder")
    return readBpe(json);
  if (type == "Sequence") {
    auto sequence = std::make_unique<Sequence>();
    json.at("decoders").forEach([&](JsonCursor part) {
      sequence->all.push_back(readDecoder(part));
    });
    return sequence;
  }
  json.refuse("does not know the decoder '" + shorten(type) + "'");
  return nullptr;
}

} // namespace qopt::text

//===- Cases.cpp - Python's methods of texts ------------------------------===//

#include "lib/Text/Jinja/Cases.h"
#include "lib/Text/Unicode.h"
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

using namespace llvm;

namespace qopt::text::jinja {

/// Python counts four separators of ASCII in.
static bool isPythonSpace(char32_t c) {
  return isSpace(c) || (c >= 0x1C && c <= 0x1F);
}

static bool isStripped(char32_t c, const std::string *set) {
  if (!set)
    return isPythonSpace(c);
  for (size_t at = 0; at < set->size();)
    if (nextCharacter(*set, at) == c)
      return true;
  return false;
}

StringRef trimText(StringRef text, const std::string *set, bool left,
                   bool right) {
  size_t begin = 0;
  for (size_t at = 0; left && at < text.size(); begin = at)
    if (!isStripped(nextCharacter(text, at), set))
      break;
  size_t end = text.size();
  while (right && end > begin) {
    size_t at = end - 1;
    while (at > begin && (static_cast<uint8_t>(text[at]) >> 6) == 2)
      --at;
    size_t next = at;
    if (!isStripped(nextCharacter(text, next), set))
      break;
    end = at;
  }
  return text.slice(begin, end);
}

StringRef firstWord(StringRef text) {
  size_t end = 0;
  for (size_t at = 0; at < text.size(); end = at)
    if (isPythonSpace(nextCharacter(text, at)))
      break;
  return text.take_front(end);
}

static std::string toUtf8(const icu::UnicodeString &text) {
  std::string result;
  return text.toUTF8String(result);
}

/// Each run of letters starts with a capital one.
static std::string titleCase(const icu::UnicodeString &text) {
  icu::UnicodeString result;
  bool inWord = false;
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    icu::UnicodeString character(text.char32At(i));
    bool isLetter = u_hasBinaryProperty(text.char32At(i), UCHAR_CASED);
    if (inWord)
      character.toLower(icu::Locale::getRoot());
    else if (isLetter)
      character.toTitle(nullptr, icu::Locale::getRoot());
    result += character;
    inWord = isLetter;
  }
  return toUtf8(result);
}

std::string titleWords(StringRef text) {
  std::string result;
  bool inWord = false;
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    char32_t c = nextCharacter(text, at);
    StringRef character = text.slice(begin, at);
    bool isBetween = isPythonSpace(c) || StringRef("-({[<").contains(character);
    result += isBetween ? character.str()
                        : *changeCase(character, inWord ? "lower" : "upper");
    inWord = !isBetween;
  }
  return result;
}

std::optional<std::string> changeCase(StringRef text, StringRef name) {
  icu::UnicodeString all = icu::UnicodeString::fromUTF8(
      {text.data(), static_cast<int32_t>(text.size())});
  const icu::Locale &root = icu::Locale::getRoot();
  if (name == "upper")
    return toUtf8(all.toUpper(root));
  if (name == "lower")
    return toUtf8(all.toLower(root));
  if (name == "title")
    return titleCase(all);
  if (name != "capitalize")
    return std::nullopt;
  int32_t second = all.moveIndex32(0, 1);
  icu::UnicodeString first(all, 0, second), rest(all, second);
  return toUtf8(first.toTitle(nullptr, root) + rest.toLower(root));
}

} // namespace qopt::text::jinja

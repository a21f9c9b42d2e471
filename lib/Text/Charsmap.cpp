//===- Charsmap.cpp - SentencePiece's table of replacements ---------------===//

#include "lib/Text/Charsmap.h"
#include "lib/Text/Unicode.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/Endian.h"
#include <unicode/brkiter.h>

using namespace llvm;

namespace qopt::text {

Charsmap Charsmap::read(JsonCursor json) {
  Charsmap map;
  StringRef text = json.text();
  std::vector<char> bytes;
  if (Error error = decodeBase64(text, bytes)) {
    json.refuse(toString(std::move(error)));
    return map;
  }
  if (text.empty()) // a table without keys
    return map;
  size_t trieSize =
      bytes.size() < 4 ? 0 : support::endian::read32le(bytes.data());
  if (trieSize == 0 || trieSize % 4 != 0 || trieSize > bytes.size() - 4) {
    json.refuse("expects a table that begins with the size of its trie");
    return map;
  }
  for (size_t at = 4; at < 4 + trieSize; at += 4)
    map.units.push_back(support::endian::read32le(bytes.data() + at));
  map.replacements.assign(bytes.begin() + 4 + trieSize, bytes.end());
  if (Error error = checkUtf8(map.replacements))
    json.refuse(toString(std::move(error)));
  return map;
}

// The fields of a unit.
static uint32_t unitOffset(uint32_t unit) {
  return (unit >> 10) << ((unit & (1u << 9)) >> 6);
}
static bool unitHasLeaf(uint32_t unit) { return unit & (1u << 8); }
static uint32_t unitLabel(uint32_t unit) { return unit & ((1u << 31) | 0xFF); }
static uint32_t unitValue(uint32_t unit) { return unit & ~(1u << 31); }

std::optional<StringRef> Charsmap::replacement(StringRef text) const {
  size_t at = units.empty() ? 0 : unitOffset(units[0]);
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    at ^= byte;
    // Units outside of the table are those of a broken file: no key.
    if (byte == 0 || at >= units.size() || unitLabel(units[at]) != byte)
      return std::nullopt;
    uint32_t unit = units[at];
    at ^= unitOffset(unit);
    if (!unitHasLeaf(unit))
      continue;
    size_t begin = at < units.size() ? unitValue(units[at]) : SIZE_MAX;
    if (begin >= replacements.size() ||
        (static_cast<uint8_t>(replacements[begin]) >> 6) == 2)
      return std::nullopt;
    StringRef rest = StringRef(replacements).substr(begin);
    return rest.take_front(rest.find('\0'));
  }
  return std::nullopt;
}

/// Grapheme clusters, as offsets where they end.
static Expected<std::vector<size_t>> findClusters(StringRef text) {
  static UErrorCode created = U_ZERO_ERROR;
  static const icu::BreakIterator *prototype =
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(),
                                                  created);
  UErrorCode status = created;
  std::unique_ptr<icu::BreakIterator> iterator(
      U_SUCCESS(status) ? prototype->clone() : nullptr);
  UText bytes = UTEXT_INITIALIZER;
  utext_openUTF8(&bytes, text.data(), text.size(), &status);
  std::vector<size_t> ends;
  if (U_SUCCESS(status)) {
    iterator->setText(&bytes, status);
    while (U_SUCCESS(status)) {
      int32_t end = iterator->next();
      if (end == icu::BreakIterator::DONE)
        break;
      ends.push_back(end);
    }
  }
  utext_close(&bytes);
  if (U_FAILURE(status))
    return createStringError("the text has no grapheme clusters: " +
                             Twine(u_errorName(status)));
  return ends;
}

Expected<std::string> Charsmap::apply(StringRef text) const {
  Expected<std::vector<size_t>> ends = findClusters(text);
  if (!ends)
    return ends.takeError();
  std::string result;
  result.reserve(text.size());
  size_t begin = 0;
  for (size_t end : *ends) {
    std::optional<StringRef> whole;
    if (end - begin < 6)
      whole = replacement(text.slice(begin, end));
    if (whole)
      result += *whole;
    for (size_t at = begin; !whole && at < end;) {
      size_t from = at;
      nextCharacter(text, at);
      StringRef character = text.slice(from, at);
      result += replacement(character).value_or(character);
    }
    begin = end;
  }
  return result;
}

} // namespace qopt::text

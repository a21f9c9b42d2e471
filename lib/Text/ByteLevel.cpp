//===- ByteLevel.cpp - Bytes written as characters ------------------------===//

#include "lib/Text/ByteLevel.h"
#include "lib/Text/Unicode.h"
#include <array>

using namespace llvm;

namespace qopt::text {

static bool standsForItself(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) ||
         byte >= 0xAE;
}

/// The bytes that stand not for themselves are U+0100 and on, in their order.
static const std::array<char32_t, 256> &alphabet() {
  static const std::array<char32_t, 256> characters = [] {
    std::array<char32_t, 256> all;
    char32_t next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte)
      all[byte] = standsForItself(byte) ? byte : next++;
    return all;
  }();
  return characters;
}

std::string toByteLevel(StringRef text) {
  std::string result;
  result.reserve(text.size() * 2);
  for (char byte : text)
    appendCharacter(result, alphabet()[static_cast<unsigned char>(byte)]);
  return result;
}

std::optional<std::string> fromByteLevel(StringRef text) {
  static const std::array<int, 0x180> bytes = [] {
    std::array<int, 0x180> all;
    all.fill(-1);
    for (unsigned byte = 0; byte < 256; ++byte)
      all[alphabet()[byte]] = byte;
    return all;
  }();
  std::string result;
  for (size_t at = 0; at < text.size();) {
    char32_t character = nextCharacter(text, at);
    if (character >= bytes.size() || bytes[character] < 0)
      return std::nullopt;
    result += static_cast<char>(bytes[character]);
  }
  return result;
}

} // namespace qopt::text

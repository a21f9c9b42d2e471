//===- Unicode.cpp - UTF-8 and the classes of characters ------------------===//

#include "lib/Text/Unicode.h"
#include <unicode/uchar.h>
#include <unicode/utf8.h>

using namespace llvm;

namespace qopt::text {

char32_t nextCharacter(StringRef text, size_t &at) {
  // U8_NEXT counts in int32_t: show it one character only.
  const char *bytes = text.data() + at;
  int32_t length = std::min<size_t>(text.size() - at, U8_MAX_LENGTH), i = 0;
  UChar32 character;
  U8_NEXT_OR_FFFD(bytes, i, length, character);
  at += i;
  return character;
}

size_t characterLength(char lead) {
  auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

void appendCharacter(std::string &text, char32_t character) {
  char bytes[U8_MAX_LENGTH];
  int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, character);
  text.append(bytes, length);
}

static bool isValidAt(StringRef text, size_t &at) {
  size_t begin = at;
  return nextCharacter(text, at) != 0xFFFD ||
         text.slice(begin, at) == "\xEF\xBF\xBD";
}

Error checkUtf8(StringRef text) {
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    if (!isValidAt(text, at))
      return createStringError("expects UTF-8, but byte " + Twine(begin) +
                               " is in no character");
  }
  return Error::success();
}

std::string replaceInvalid(StringRef bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    size_t begin = at;
    if (isValidAt(bytes, at))
      text.append(bytes.data() + begin, at - begin);
    else
      text += "\xEF\xBF\xBD";
  }
  return text;
}

size_t completeLength(StringRef bytes) {
  size_t size = bytes.size();
  for (size_t back = 1; back <= std::min<size_t>(size, 3); ++back) {
    auto byte = static_cast<unsigned char>(bytes[size - back]);
    if (byte < 0x80)
      return size;
    if (byte < 0xC0)
      continue;
    // A lead byte: is it a right beginning that only lacks its end?
    size_t at = size - back;
    bool lacksBytes = !isValidAt(bytes, at) && at == size &&
                      back < characterLength(byte) && byte >= 0xC2 &&
                      byte < 0xF5;
    return lacksBytes ? size - back : size;
  }
  return size;
}

static bool isAtMost(char32_t character, int version) {
  UVersionInfo age;
  u_charAge(character, age);
  return age[0] != 0 && (age[0] < version || (age[0] == version && !age[1]));
}

static bool isIn(char32_t character, uint32_t mask) {
  return U_MASK(u_charType(character)) & mask;
}

bool isSpace(char32_t character) { return u_isUWhiteSpace(character); }

bool isNumeric(char32_t character) { return isIn(character, U_GC_N_MASK); }

bool isWord(char32_t character) {
  return u_isUAlphabetic(character) ||
         isIn(character, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) ||
         u_hasBinaryProperty(character, UCHAR_JOIN_CONTROL);
}

// Characters whose class changed after the version that is meant are named.

bool isPunctuation(char32_t character) {
  if (character < 0x80)
    return u_ispunct(character) || isIn(character, U_GC_S_MASK);
  if (character == 0x166D || character == 0x111C9)
    return true;
  return isIn(character, U_GC_P_MASK) && isAtMost(character, 8);
}

bool isControl(char32_t character) {
  return isIn(character, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK) &&
         isAtMost(character, 8);
}

bool isNonspacingMark(char32_t character) {
  switch (character) {
  case 0x1885:
  case 0x1886:
  case 0xA9BD:
  case 0x111C9:
    return false;
  case 0x1734:
    return true;
  default:
    return isIn(character, U_GC_MN_MASK) && isAtMost(character, 8);
  }
}

bool isMark(char32_t character) {
  if (character == 0x111C9)
    return false;
  if (character == 0x1CF2 || character == 0x1CF3)
    return true;
  return isIn(character, U_GC_M_MASK) && isAtMost(character, 9);
}

char32_t lowerCharacter(char32_t character) { return u_tolower(character); }

} // namespace qopt::text

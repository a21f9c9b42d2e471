//===- Unicode.h - UTF-8 and the classes of characters ----------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_UNICODE_H
#define QOPT_LIB_TEXT_UNICODE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace qopt::text {

/// The code point that starts at `at`, which moves behind it. U+FFFD for bytes
/// that are no UTF-8: one for each longest beginning of a character.
char32_t nextCharacter(llvm::StringRef text, size_t &at);

/// Bytes of the character whose first byte is `lead`, in UTF-8.
size_t characterLength(char lead);

void appendCharacter(std::string &text, char32_t character);

/// An error that says where `text` stops to be UTF-8.
llvm::Error checkUtf8(llvm::StringRef text);

/// As Rust's and Python's decoders do it: U+FFFD for what is no UTF-8.
std::string replaceInvalid(llvm::StringRef bytes);

/// Length without a character at the end that lacks bytes.
size_t completeLength(llvm::StringRef bytes);

// The libraries that `tokenizers` uses hold tables of different Unicode
// versions; a character that is younger belongs to no class. Where a class has
// no version, it is ICU's.

bool isSpace(char32_t character);            ///< White_Space
bool isNumeric(char32_t character);          ///< N
bool isWord(char32_t character);             ///< \w of Unicode's TR 18
bool isPunctuation(char32_t character);      ///< P of 8.0, or of ASCII
bool isControl(char32_t character);          ///< Cc, Cf, Co of 8.0
bool isNonspacingMark(char32_t character);   ///< Mn of 8.0
bool isMark(char32_t character);             ///< M of 9.0
char32_t lowerCharacter(char32_t character); ///< of one character, simple

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_UNICODE_H

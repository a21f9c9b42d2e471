//===- ByteLevel.h - Bytes written as characters ----------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_BYTELEVEL_H
#define QOPT_LIB_TEXT_BYTELEVEL_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace qopt::text {

/// GPT-2's alphabet: each byte is a visible character; those that are visible
/// in Latin-1 stand for themselves.
std::string toByteLevel(llvm::StringRef text);

/// The bytes again, or nothing where a character is not of the alphabet.
std::optional<std::string> fromByteLevel(llvm::StringRef text);

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_BYTELEVEL_H

//===- Cases.h - Python's methods of texts ----------------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_JINJA_CASES_H
#define QOPT_LIB_TEXT_JINJA_CASES_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace qopt::text::jinja {

/// Without the characters of a set at its ends; without a set: white space.
llvm::StringRef trimText(llvm::StringRef text, const std::string *set,
                         bool left, bool right);

/// Up to the first white space.
llvm::StringRef firstWord(llvm::StringRef text);

/// As the filter `title` writes it: a capital after white space and "-({[<"
/// alone, where the method begins a word after anything that is no letter.
std::string titleWords(llvm::StringRef text);

/// upper, lower, title or capitalize; nothing for another name.
std::optional<std::string> changeCase(llvm::StringRef text,
                                      llvm::StringRef name);

} // namespace qopt::text::jinja

#endif // QOPT_LIB_TEXT_JINJA_CASES_H

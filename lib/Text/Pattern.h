//===- Pattern.h - What a text is split or replaced at ----------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_PATTERN_H
#define QOPT_LIB_TEXT_PATTERN_H

#include "lib/Text/JsonCursor.h"
#include <memory>
#include <vector>

namespace qopt::text {

/// A part of a text.
struct Span {
  size_t begin, end;
  bool isMatch;
};

/// A text or a regular expression. Expressions are Oniguruma's as
/// `tokenizers` reads them; ICU matches them, so what the two read in different
/// ways is refused.
class Pattern {
public:
  /// Reads {"String": ...} or {"Regex": ...}.
  static Pattern read(JsonCursor json);
  static llvm::Expected<Pattern> expression(llvm::StringRef text);

  /// Spans that cover the text, matches and what lies between them. An
  /// expression that needs too long or too much memory is an error.
  llvm::Expected<std::vector<Span>> find(llvm::StringRef text) const;

  Pattern();
  Pattern(Pattern &&);
  Pattern &operator=(Pattern &&);
  ~Pattern();

private:
  struct Expression;
  std::string literal;
  std::unique_ptr<Expression> regex; ///< null: the literal counts
};

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_PATTERN_H

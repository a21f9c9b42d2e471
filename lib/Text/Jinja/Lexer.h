//===- Lexer.h - A template as text and tokens ------------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_JINJA_LEXER_H
#define QOPT_LIB_TEXT_JINJA_LEXER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace qopt::text::jinja {

struct Token {
  enum class Kind {
    Text,        ///< between the tags
    OutputBegin, ///< {{
    OutputEnd,   ///< }}
    BlockBegin,  ///< {%
    BlockEnd,    ///< %}
    Name,
    Integer,
    String, ///< without quotes and escapes
    Operator,
    End
  };

  Kind kind;
  std::string text;
  size_t at; ///< in the template, for messages

  bool isName(llvm::StringRef name) const {
    return kind == Kind::Name && text == name;
  }
  bool isOperator(llvm::StringRef name) const {
    return kind == Kind::Operator && text == name;
  }
};

/// Splits a template, with the settings of `transformers`: a newline behind a
/// block goes, and so do spaces between the start of a line and a block.
llvm::Expected<std::vector<Token>> tokenize(llvm::StringRef source);

/// "line 3, column 5: message".
llvm::Error errorAt(llvm::StringRef source, size_t at,
                    const llvm::Twine &message);

} // namespace qopt::text::jinja

#endif // QOPT_LIB_TEXT_JINJA_LEXER_H

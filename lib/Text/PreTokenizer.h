//===- PreTokenizer.h - How a text is split into words ----------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_PRETOKENIZER_H
#define QOPT_LIB_TEXT_PRETOKENIZER_H

#include "lib/Text/Split.h"

namespace qopt::text {

class PreTokenizer {
public:
  virtual ~PreTokenizer() = default;
  /// Splits the pieces that are no tokens.
  virtual llvm::Error apply(std::vector<Piece> &pieces) const = 0;
};

/// Reads the section "pre_tokenizer" of tokenizer.json; null after a problem.
std::unique_ptr<PreTokenizer> readPreTokenizer(JsonCursor json);

/// Where "Metaspace" puts its character before a piece.
enum class Prepend { Never, First, Always };

/// As "prepend_scheme" and the older "add_prefix_space" say it.
Prepend readPrepend(JsonCursor metaspace);

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_PRETOKENIZER_H

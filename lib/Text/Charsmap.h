//===- Charsmap.h - SentencePiece's table of replacements -------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_CHARSMAP_H
#define QOPT_LIB_TEXT_CHARSMAP_H

#include "lib/Text/JsonCursor.h"
#include <optional>
#include <vector>

namespace qopt::text {

/// What SentencePiece compiles a normalization to: a double-array trie (the
/// layout of Darts-clone) of texts, and what each is replaced by.
class Charsmap {
public:
  /// Reads base64.
  static Charsmap read(JsonCursor json);

  /// As `tokenizers` does it: short grapheme clusters as a whole, the rest
  /// character by character; the shortest key that one begins with counts.
  llvm::Expected<std::string> apply(llvm::StringRef text) const;

private:
  std::optional<llvm::StringRef> replacement(llvm::StringRef text) const;

  std::vector<uint32_t> units;
  std::string replacements; ///< each ends with a zero byte
};

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_CHARSMAP_H

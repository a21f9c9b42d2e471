//===- Split.h - Pieces of a text on their way to ids -----------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_SPLIT_H
#define QOPT_LIB_TEXT_SPLIT_H

#include "lib/Text/Pattern.h"
#include <optional>

namespace qopt::text {

/// A part of the text that is encoded on its own.
struct Piece {
  std::string text;
  /// It begins where the whole text begins: "Metaspace" may ask for it.
  bool isFirst = false;
  /// Set for an added token, which has no text here.
  std::optional<uint32_t> token;
};

/// What becomes of matches.
enum class Behavior {
  Removed,
  Isolated,           ///< pieces of their own
  MergedWithPrevious, ///< with the piece before
  MergedWithNext,     ///< with the piece behind
  Contiguous          ///< neighbouring matches are one piece
};

Behavior readBehavior(JsonCursor json);

/// Replaces the pieces that are no tokens by what `split` appends for them,
/// without empty ones.
llvm::Error replacePieces(
    std::vector<Piece> &pieces,
    llvm::function_ref<llvm::Error(Piece, std::vector<Piece> &)> split);

/// Appends the parts of a piece.
void appendParts(const Piece &piece, std::vector<Span> spans, Behavior behavior,
                 std::vector<Piece> &parts);

/// Spans of single characters that are matches, and of what lies between them.
std::vector<Span> findCharacters(llvm::StringRef text,
                                 llvm::function_ref<bool(char32_t)> isMatch);

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_SPLIT_H

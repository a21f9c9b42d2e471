//===- AddedTokens.h - Tokens that are found before the model ---*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_ADDEDTOKENS_H
#define QOPT_LIB_TEXT_ADDEDTOKENS_H

#include "lib/Text/Normalizer.h"
#include "lib/Text/PrefixIndex.h"
#include "lib/Text/Vocabulary.h"
#include "llvm/ADT/StringSet.h"

namespace qopt::text {

/// The section "added_tokens": texts that are one token wherever they stand.
/// Some are looked for in the text as it is, others in the normalized text.
class AddedTokens {
public:
  /// `normalizer` may be null. An id that contradicts the model's vocabulary
  /// is a problem.
  void read(JsonCursor json, const Vocabulary &model,
            const Normalizer *normalizer);

  /// Splits pieces at tokens that are looked for in the text as it is.
  void splitRaw(std::vector<Piece> &pieces) const;
  void splitNormalized(std::vector<Piece> &pieces) const;

  std::optional<uint32_t> find(llvm::StringRef token) const;
  std::optional<llvm::StringRef> token(int64_t id) const;
  bool isSpecial(llvm::StringRef token) const {
    return special.contains(token);
  }
  int64_t largest() const { return largestSeen; }

private:
  struct Token {
    std::string content;
    std::string pattern; ///< the content as it is looked for
    uint32_t id;
    bool singleWord, stripLeft, stripRight, normalized;
  };

  Token readToken(JsonCursor json, const Vocabulary &model,
                  const Normalizer *normalizer);
  void split(std::vector<Piece> &pieces, const PrefixIndex &index) const;
  void splitPiece(Piece piece, const PrefixIndex &index,
                  std::vector<Piece> &parts) const;

  std::vector<Token> tokens;
  llvm::StringMap<uint32_t> positions;
  llvm::DenseMap<uint32_t, uint32_t> positionOfId;
  llvm::StringSet<> special;
  PrefixIndex raw, normalized; ///< of positions
  int64_t largestSeen = -1;
};

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_ADDEDTOKENS_H

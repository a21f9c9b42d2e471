//===- Normalizer.h - How a text is written before it is split --*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_NORMALIZER_H
#define QOPT_LIB_TEXT_NORMALIZER_H

#include "lib/Text/Split.h"

namespace qopt::text {

class Normalizer {
public:
  virtual ~Normalizer() = default;
  virtual llvm::Error apply(Piece &piece) const = 0;
};

/// Reads the section "normalizer" of tokenizer.json; null after a problem.
std::unique_ptr<Normalizer> readNormalizer(JsonCursor json);
std::unique_ptr<Normalizer> readBertNormalizer(JsonCursor json);

/// Keeps the characters that `keep` wants. A piece that loses its first
/// character does not begin where the text begins.
void filterCharacters(Piece &piece, llvm::function_ref<bool(char32_t)> keep);

/// Replaces each character by what `map` appends for it.
void mapCharacters(Piece &piece,
                   llvm::function_ref<void(char32_t, std::string &)> map);

void lowerText(Piece &piece);

enum class NormalForm { NFC, NFD, NFKC, NFKD };
llvm::Error normalizeForm(Piece &piece, NormalForm form);

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_NORMALIZER_H

//===- Decoder.h - How tokens become text -----------------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_DECODER_H
#define QOPT_LIB_TEXT_DECODER_H

#include "lib/Text/JsonCursor.h"
#include <memory>
#include <vector>

namespace qopt::text {

/// What becomes of bytes that are no UTF-8.
enum class BadBytes {
  Replaced, ///< by U+FFFD, as `tokenizers` does it
  Kept      ///< more tokens may complete a character
};

class Decoder {
public:
  virtual ~Decoder() = default;
  /// Replaces tokens by texts that are joined in the end.
  virtual llvm::Error apply(std::vector<std::string> &tokens,
                            BadBytes bad) const = 0;
};

/// Reads the section "decoder" of tokenizer.json; null after a problem.
std::unique_ptr<Decoder> readDecoder(JsonCursor json);

/// Where there is no such section: spaces between the tokens.
std::unique_ptr<Decoder> joinWithSpaces();

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_DECODER_H

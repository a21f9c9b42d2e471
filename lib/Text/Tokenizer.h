//===- Tokenizer.h - Text to ids and back -----------------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_TOKENIZER_H
#define QOPT_LIB_TEXT_TOKENIZER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qopt::text {

/// A tokenizer of a language model or an encoder. Its functions may be called
/// from several threads.
class Tokenizer {
public:
  virtual ~Tokenizer() = default;

  /// Reads a tokenizer.json, a SentencePiece model, or a folder that has one
  /// of them: tokenizer.json wins over tokenizer.model. Errors name the file
  /// and the place in it.
  static llvm::Expected<std::unique_ptr<Tokenizer>> load(llvm::StringRef path);

  /// The ids of a text, which must be UTF-8. With special tokens: those that
  /// the file puts around a single text. Nothing is cut and nothing is padded,
  /// whatever the file says about it.
  virtual llvm::Expected<std::vector<int64_t>>
  encode(llvm::StringRef text, bool addSpecialTokens) const = 0;

  /// The text of ids; ids without a token are left out.
  virtual llvm::Expected<std::string> decode(llvm::ArrayRef<int64_t> ids,
                                             bool skipSpecialTokens) const = 0;

  /// As `decode`, but bytes that are no UTF-8 stay as they are: what more ids
  /// give follows them. For StreamDecoder.
  virtual llvm::Expected<std::string>
  decodeBytes(llvm::ArrayRef<int64_t> ids) const = 0;

  virtual std::optional<int64_t> findToken(llvm::StringRef token) const = 0;
  /// The token of an id, as the file writes it.
  virtual std::optional<std::string> token(int64_t id) const = 0;
  /// Whether `decode` may skip the token.
  virtual bool isSpecial(int64_t id) const = 0;

  /// One more than the largest id.
  virtual int64_t vocabularySize() const = 0;
};

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_TOKENIZER_H

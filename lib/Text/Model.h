//===- Model.h - How a word becomes ids -------------------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_MODEL_H
#define QOPT_LIB_TEXT_MODEL_H

#include "lib/Text/Vocabulary.h"
#include <memory>
#include <vector>

namespace qopt::text {

class Model {
public:
  virtual ~Model() = default;
  /// Appends the ids of a word, which is not empty.
  virtual llvm::Error encode(llvm::StringRef word,
                             std::vector<int64_t> &ids) const = 0;

  Vocabulary vocabulary;
};

/// Reads the section "model" of tokenizer.json; null after a problem.
std::unique_ptr<Model> readModel(JsonCursor json);

std::unique_ptr<Model> readBpe(JsonCursor json);
std::unique_ptr<Model> readUnigram(JsonCursor json);
std::unique_ptr<Model> readWordPiece(JsonCursor json);
std::unique_ptr<Model> readWordLevel(JsonCursor json);

/// The ids of the tokens "<0x00>" to "<0xFF>", where the vocabulary has them.
class ByteTokens {
public:
  explicit ByteTokens(const Vocabulary &vocabulary);
  /// Appends one id for each byte, or nothing where one has no token.
  bool append(llvm::StringRef bytes, std::vector<int64_t> &ids) const;

private:
  std::vector<std::optional<uint32_t>> all;
};

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_MODEL_H

//===- Vocabulary.h - Tokens and their ids ----------------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_VOCABULARY_H
#define QOPT_LIB_TEXT_VOCABULARY_H

#include "lib/Text/JsonCursor.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <optional>

namespace qopt::text {

/// What a file may hold: longer tokens make a search quadratic.
constexpr size_t longestToken = 1024;
constexpr int64_t largestId = (int64_t(1) << 31) - 1;

class Vocabulary {
public:
  /// Reads {"token": id, ...}. Ids are distinct.
  void read(JsonCursor json);
  /// Notes a token that is too long or an id that has a token already, at
  /// `where`. A token that is there already gets this id too: the last counts.
  void add(llvm::StringRef token, int64_t id, const JsonCursor &where);

  std::optional<uint32_t> find(llvm::StringRef token) const;
  std::optional<llvm::StringRef> token(int64_t id) const;

  size_t size() const { return tokens.size(); }
  /// The largest id, or -1.
  int64_t largest() const { return largestSeen; }

  /// Calls `visit(token, id)` in no order; the text lives as long as this.
  void forEach(llvm::function_ref<void(llvm::StringRef, uint32_t)> visit) const;

private:
  llvm::StringMap<uint32_t> ids;
  llvm::DenseMap<uint32_t, llvm::StringRef> tokens;
  int64_t largestSeen = -1;
};

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_VOCABULARY_H

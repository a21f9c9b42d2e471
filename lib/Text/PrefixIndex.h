//===- PrefixIndex.h - Which keys does a text begin with? -------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_PREFIXINDEX_H
#define QOPT_LIB_TEXT_PREFIXINDEX_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <array>
#include <vector>

namespace qopt::text {

/// Sorted keys: no memory beyond them, a binary search for each byte. The text
/// of the keys must outlive the index.
class PrefixIndex {
public:
  struct Key {
    llvm::StringRef text; ///< an empty one is never found
    uint32_t value;
  };

  PrefixIndex() = default;
  /// Of keys with the same text the smallest value counts.
  explicit PrefixIndex(std::vector<Key> keys);

  bool empty() const { return keys.empty(); }

  /// Calls `visit(length, value)` for each key that `text` begins with,
  /// shortest first.
  void find(llvm::StringRef text,
            llvm::function_ref<void(size_t, uint32_t)> visit) const;

private:
  std::vector<Key> keys;
  std::array<uint32_t, 257> first{}; ///< where the keys of a first byte begin
};

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_PREFIXINDEX_H

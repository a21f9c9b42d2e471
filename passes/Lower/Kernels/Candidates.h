//===- Candidates.h - Lists of the largest elements of rows -----*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_CANDIDATES_H
#define QOPT_PASSES_LOWER_KERNELS_CANDIDATES_H

#include "passes/Lower/Kernels/KernelBuilder.h"

namespace qopt {

/// The outs of `qopt.candidates`: of each row a list in its final order, which
/// all threads offer elements to. An element goes on only when it reaches the
/// last of the list, one comparison of vectors; so of N in any order that is
/// not made up about k * ln(N / k) take the row's lock and are inserted. As the
/// order is one of all elements, the lists depend on these alone.
class CandidateLists {
public:
  using Value = mlir::Value;

  CandidateLists(KernelBuilder &b, mlir::ValueRange outs);

  /// Whether the lists have room for any.
  Value areWanted();
  /// Empties the lists. Not while elements are offered.
  void clear();
  /// Offers `columns` elements from `column` on of each of `rows`, in `vectors`
  /// side by side, row by row. Neighbours in `rows` may be the same row again.
  void offer(llvm::ArrayRef<Value> rows, Value column, int64_t columns,
             llvm::ArrayRef<Value> vectors);

private:
  /// Whether an element comes before the one at a place in the lists.
  Value isBefore(Value value, Value token, Value place);
  /// Offers elements [start, start + columns) of `tile`.
  void offerRow(Value row, Value tile, Value start, Value column,
                int64_t columns);
  void insert(Value value, Value token, Value first, Value last);
  /// A value's place, which is read without the lock, and its address.
  void storeValue(Value value, Value place);
  Value valueAt(Value place);
  /// The last element of the row's list, or one that it had before.
  Value leastOf(Value row);
  void lock(Value row);
  void unlock(Value row);

  KernelBuilder &b;
  Value values, tokens, locks;
  Value rows, size; ///< lists, and elements of one
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_CANDIDATES_H

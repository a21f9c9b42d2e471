//===- CodedRows.h - Where codes of activations lie -------------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_CODEDROWS_H
#define QOPT_PASSES_LOWER_KERNELS_CODEDROWS_H

#include "lib/Formats/Activations.h"
#include "passes/Lower/Kernels/KernelBuilder.h"

namespace qopt {

/// The results of qopt.quantize in memory: codes [rows][Kp], scales and sums
/// [rows][groups]. Many rows of ISA versions with tiles are [Kp / 64][rows][64]
/// and [groups][rows], so that the rows of a tile are neighbours in both. Many
/// rows of `unsigned_many` are, of versions with hasUnsignedInputs(), unsigned
/// bytes, each the code plus 128.
class CodedRows {
public:
  using Value = mlir::Value;

  CodedRows(KernelBuilder &b, int64_t K, int64_t groups, Value rows,
            bool hasUnsignedMany);

  /// What follows is of many rows for tiles, or is not.
  void setTiled(bool its) { isTiled = its; }
  /// Whether many rows are unsigned.
  bool hasUnsigned() const { return areManyUnsigned; }
  /// What is added to each code, an i32; null where they are signed.
  Value offset();

  /// The place of code `k` of a row; those behind it follow up to the next
  /// multiple of 64.
  Value code(Value row, Value k);
  /// The place of a group's scale or sum.
  Value factor(Value row, Value group);

private:
  KernelBuilder &b;
  const int64_t paddedK, groups;
  const bool areManyUnsigned;
  Value rows;
  std::optional<bool> isTiled; ///< null: known when running
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_CODEDROWS_H

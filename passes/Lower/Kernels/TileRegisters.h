//===- TileRegisters.h - The tile registers of AMX --------------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_TILEREGISTERS_H
#define QOPT_PASSES_LOWER_KERNELS_TILEREGISTERS_H

#include "passes/Lower/Kernels/KernelBuilder.h"

namespace qopt {

/// The tile registers: 0 to 3 hold sums, 4 and 5 inputs, 6 and 7 codes.
class TileRegisters {
public:
  using Value = mlir::Value;

  /// Rows of a tile, and columns of a tile of sums.
  static constexpr int64_t rows = 16;

  /// `depth` elements of K in a tile of inputs or codes, each of so many bytes.
  TileRegisters(KernelBuilder &b, int64_t depth, int64_t elementBytes);

  /// The upper tiles of inputs and sums have so many rows from now on. Nothing
  /// works before it was called.
  void setRows(Value rows);
  void release();

  void clear(int64_t row, int64_t column);
  /// Rows that start `stride` bytes apart.
  void loadInputs(int64_t row, Value bytes, Value at, int64_t stride);
  void loadCodes(int64_t column, Value bytes, Value at);
  void add(int64_t row, int64_t column, bool isSigned);
  /// Sums from and to words[32][32] at `at`.
  void load(int64_t row, int64_t column, Value words, Value at);
  void store(int64_t row, int64_t column, Value words, Value at);

private:
  static bool isInput(int64_t tile) { return tile == 4 || tile == 5; }
  static int64_t sum(int64_t row, int64_t column) { return 2 * row + column; }
  void move(llvm::StringRef name, int64_t row, int64_t column, Value words,
            Value at);

  void call(llvm::StringRef name, mlir::ValueRange operands);
  Value number(int64_t tile);
  Value word(int64_t value);
  Value pointer(Value flat, Value byte);

  KernelBuilder &b;
  const int64_t elementBytes;
  Value shapes;
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_TILEREGISTERS_H

//===- MicroKernel.h - A tile of a product held in registers ----*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_MICROKERNEL_H
#define QOPT_PASSES_LOWER_KERNELS_MICROKERNEL_H

#include "passes/Lower/Kernels/KernelBuilder.h"

namespace qopt {

/// Accumulators of a tile: rows x vectors, the vectors of a row side by side.
/// `chains` > 1 keeps so many sets of them, added up at the end, where a few
/// accumulators alone would wait for each other.
struct TileShape {
  int64_t rows;
  int64_t vectors;
  int64_t chains = 1;

  int64_t accumulators() const { return rows * vectors; }
};

/// The widest tile with so many rows that stays in registers: at most `vectors`
/// vectors, a power of two of them, and chains when accumulators are few.
TileShape widestTile(const X86Isa &isa, int64_t rows, int64_t vectors);

/// Rows of the largest tile and of the smaller ones for remainders, all of two
/// vectors.
llvm::SmallVector<int64_t, 3> tileHeights(const X86Isa &isa);

/// Where a tile's operands lie, in flat buffers.
struct TileOperands {
  mlir::Value left;                        ///< f32
  llvm::SmallVector<mlir::Value> leftRows; ///< start of each row
  mlir::Value right;                       ///< f32, f16, bf16 or i8
  mlir::Value rightStart;
  int64_t rightStride; ///< from a step k to the next
  int64_t columns;     ///< of the tile that are there
  /// So many elements ahead of what a step reads are prefetched into the
  /// second-level cache; null: none.
  mlir::Value prefetch = nullptr;
};

/// Emits, for k in [0, steps), `acc[r][v] += left[r][k] * right[k][v]` and
/// returns the accumulators, row by row. They start at `init`, or at 0 when it
/// is empty.
llvm::SmallVector<mlir::Value> emitTile(KernelBuilder &b, TileShape shape,
                                        const TileOperands &operands,
                                        mlir::Value steps,
                                        llvm::ArrayRef<mlir::Value> init = {});

/// Start of each of `count` rows from `first` on, `stride` apart. With `last`,
/// a row beyond it is that one again: a tile may then hold fewer rows than it
/// has.
llvm::SmallVector<mlir::Value> rowStarts(KernelBuilder &b, mlir::Value first,
                                         int64_t count, mlir::Value stride,
                                         mlir::Value base,
                                         mlir::Value last = nullptr);

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_MICROKERNEL_H

//===- MatmulBlock.h - A block of a product ---------------------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_MATMULBLOCK_H
#define QOPT_PASSES_LOWER_KERNELS_MATMULBLOCK_H

#include "passes/Lower/Kernels/Matmul.h"

namespace qopt {

/// Tiles are two vectors wide.
constexpr int64_t tileVectors = 2;

/// One item and one range of K.
struct BlockedProduct::Block {
  mlir::Value firstRow, rows;        ///< of the item
  mlir::Value firstStrip, lastStrip; ///< [first, last)
  mlir::Value k, steps;              ///< range of K
  mlir::Value isFirst, isLast;       ///< range of K; null when there is one
  // What comes behind the last strip, unless another thread takes that item.
  mlir::Value nextPanel, nextK;
  // Operands, in place or copied.
  mlir::Value left, leftBase, leftStride;
  mlir::Value right, rightStart;
  int64_t rightStride;
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_MATMULBLOCK_H

//===- Movable.h - Ops that loops may move across ---------------*- C++ -*-===//

#ifndef QOPT_PASSES_FUSE_MOVABLE_H
#define QOPT_PASSES_FUSE_MOVABLE_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace qopt {

/// Views, sizes, allocations: what may stand in front of a loop as well as
/// behind it.
inline bool isMovable(mlir::Operation *op) {
  return mlir::isPure(op) ||
         mlir::isa<mlir::memref::AllocOp, mlir::memref::ReinterpretCastOp>(op);
}

} // namespace qopt

#endif // QOPT_PASSES_FUSE_MOVABLE_H

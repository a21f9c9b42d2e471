//===- LoopParts.h - What parallel loops compute ----------------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_LOOPPARTS_H
#define QOPT_PASSES_LOWER_LOOPPARTS_H

#include "mlir/IR/BuiltinOps.h"

namespace qopt {

/// The location of the op, which says what it is, too: `op` and `path`. Loops
/// that are made of it have it, and those made of several loops have all.
mlir::Location getPartLocation(mlir::Operation *op);

/// The loops of the entries and of what they call, as `loops` of
/// qopt.signature: function -> loops and calls in the order of its ops.
mlir::DictionaryAttr listLoops(mlir::ModuleOp module);

} // namespace qopt

#endif // QOPT_PASSES_LOWER_LOOPPARTS_H

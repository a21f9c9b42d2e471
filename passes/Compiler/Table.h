//===- Table.h - The artifact's table from the signature --------*- C++ -*-===//

#ifndef QOPT_PASSES_COMPILER_TABLE_H
#define QOPT_PASSES_COMPILER_TABLE_H

#include "lib/Artifact/Table.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/Compiler.h"

namespace qopt {

/// What the module says of its interface: all of the table but the weights'
/// sizes, the names and the largest context. Fails after an error.
mlir::FailureOr<ArtifactTable> makeTable(mlir::ModuleOp module);

/// The pairs of outputs that `qopt-compare-codes` made.
std::vector<ComparedOp> listComparedOps(mlir::ModuleOp module);

/// ONNX's number of an element type (qopt_dtype of runtime.h), 0 if none.
int32_t dtypeNumber(mlir::Type type);

} // namespace qopt

#endif // QOPT_PASSES_COMPILER_TABLE_H

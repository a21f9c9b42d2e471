//===- Call.h - Access to the runtime's call --------------------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_CALL_H
#define QOPT_PASSES_LOWER_CALL_H

#include "mlir/IR/Builders.h"

namespace qopt {

/// Loads a field of the `qopt_call` (include/qopt/artifact.h) that lies
/// `offset` bytes behind `call`.
mlir::Value loadField(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value call, int64_t offset, mlir::Type type);

/// The address `offset` bytes behind `pointer`.
mlir::Value addressAt(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value pointer, int64_t offset);

/// A `memref<?xi8>` that starts at an address. Its size is not to be read.
mlir::Value bytesAt(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value pointer);

} // namespace qopt

#endif // QOPT_PASSES_LOWER_CALL_H

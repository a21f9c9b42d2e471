//===- ImportONNX.h - From an ONNX file to a module -------------*- C++ -*-===//

#ifndef QOPT_PASSES_IMPORT_IMPORTONNX_H
#define QOPT_PASSES_IMPORT_IMPORTONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"

namespace qopt {

/// Reads an ONNX file. The module holds `func.func @main`, whose arguments and
/// results carry `qopt.name`, with one `onnx.node` for each node, and a
/// `qopt.weight` for each constant of more than 64 elements; smaller ones are
/// `arith.constant`. Graph inputs and outputs have `#qopt.dims` with the names
/// of the file, canonically spelled, and "?" where a size has no name that can
/// be read; nothing else has. A value of which nothing is known, as an operator
/// without schema leaves it, has type `none`. Locations are the node's name in
/// the file. Null, after an error that names file, node and cause, when the
/// file cannot be read.
mlir::OwningOpRef<mlir::ModuleOp> importONNX(llvm::StringRef path,
                                             mlir::MLIRContext *context);

} // namespace qopt

#endif // QOPT_PASSES_IMPORT_IMPORTONNX_H

//===- Types.h - ONNX types in MLIR -----------------------------*- C++ -*-===//

#ifndef QOPT_PASSES_IMPORT_TYPES_H
#define QOPT_PASSES_IMPORT_TYPES_H

#include "lib/Onnx/Model.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace qopt {

/// Signed integers are signless, a bool is i1; null for strings, complex
/// numbers and types that are not known.
mlir::Type getElementType(onnxfile::ElementType type,
                          mlir::MLIRContext *context);

/// The tensor type without names of sizes, `none` when the element type is not
/// known; null when there is no such type.
mlir::Type getType(const onnxfile::TypeInfo &type, mlir::MLIRContext *context);

/// The same with `#qopt.dims`.
mlir::Type getInterfaceType(const onnxfile::TypeInfo &type,
                            mlir::MLIRContext *context);

/// "element type string" and the like: why `getType` gives null.
std::string explainType(const onnxfile::TypeInfo &type);

/// The values of a tensor whose bytes are in memory.
mlir::DenseElementsAttr getElements(llvm::StringRef bytes,
                                    mlir::RankedTensorType type);

} // namespace qopt

#endif // QOPT_PASSES_IMPORT_TYPES_H

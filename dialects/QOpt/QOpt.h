//===- QOpt.h - The quantization dialect ------------------------*- C++ -*-===//

#ifndef QOPT_DIALECTS_QOPT_QOPT_H
#define QOPT_DIALECTS_QOPT_QOPT_H

#include "lib/Formats/Activations.h"
#include "lib/Formats/Format.h"
#include "lib/Formats/PanelLayout.h"
#include "lib/Symbols/DimExpr.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace qopt {
inline llvm::hash_code hash_value(const Format &format) {
  return llvm::hash_combine(format.bits, format.isSigned, format.block,
                            format.scale, format.zero, format.zeroBits,
                            format.zeroType);
}
} // namespace qopt

#include "dialects/QOpt/QOptDialect.h.inc"
#include "dialects/QOpt/QOptEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/QOpt/QOptAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/QOpt/QOptTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/QOpt/QOptOps.h.inc"

namespace qopt {

/// The tensor type with these sizes: `#qopt.dims` as encoding, `?` where a size
/// is no constant.
mlir::RankedTensorType getTensorType(llvm::ArrayRef<DimExpr> sizes,
                                     mlir::Type elementType);

/// The sizes of a tensor: from its `#qopt.dims`, or constants where it has
/// none; nothing when a dynamic size has no expression.
std::optional<llvm::SmallVector<DimExpr>> getSizes(mlir::RankedTensorType type);

/// A size as an index value: a constant or a `qopt.dim`.
mlir::Value materialize(mlir::OpBuilder &builder, mlir::Location loc,
                        const DimExpr &size);

} // namespace qopt

#endif // QOPT_DIALECTS_QOPT_QOPT_H

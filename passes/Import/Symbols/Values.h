//===- Values.h - Elements of small integer tensors -------------*- C++ -*-===//

#ifndef QOPT_PASSES_IMPORT_SYMBOLS_VALUES_H
#define QOPT_PASSES_IMPORT_SYMBOLS_VALUES_H

#include "lib/Symbols/DimExpr.h"
#include "mlir/IR/Value.h"

namespace qopt {

/// A scalar integer or index as an expression: from `arith.constant`,
/// `qopt.dim` and casts of these.
std::optional<DimExpr> getScalarSize(mlir::Value value);

/// The elements of an integer tensor, row-major, as expressions: from
/// `arith.constant` and `tensor.from_elements`, which is what
/// qopt-propagate-symbols leaves of integers that it knows.
std::optional<llvm::SmallVector<DimExpr>> getElementSizes(mlir::Value value);

/// The same, when all elements are constants.
std::optional<llvm::SmallVector<int64_t>> getElementIntegers(mlir::Value value);

} // namespace qopt

#endif // QOPT_PASSES_IMPORT_SYMBOLS_VALUES_H

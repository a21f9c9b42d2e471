//===- SignatureRoles.h - What the model's tensors are for ------*- C++ -*-===//

#ifndef QOPT_PASSES_RAISE_SIGNATUREROLES_H
#define QOPT_PASSES_RAISE_SIGNATUREROLES_H

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace qopt {

/// Sets the role, and the cache when there is one, of the signature's tensor
/// that has the `qopt.name` of the function's argument or result. Does nothing
/// when that has no name.
void setInputRole(SignatureOp signature, mlir::func::FuncOp function,
                  unsigned argument, llvm::StringRef role,
                  std::optional<int64_t> cache = std::nullopt);
void setOutputRole(SignatureOp signature, mlir::func::FuncOp function,
                   unsigned result, llvm::StringRef role,
                   std::optional<int64_t> cache = std::nullopt);

} // namespace qopt

#endif // QOPT_PASSES_RAISE_SIGNATUREROLES_H

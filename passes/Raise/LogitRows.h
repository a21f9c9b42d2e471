//===- LogitRows.h - Logits of the tokens that are asked for ----*- C++ -*-===//

#ifndef QOPT_PASSES_RAISE_LOGITROWS_H
#define QOPT_PASSES_RAISE_LOGITROWS_H

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace qopt {

/// The result of a function of the model that is the logits.
std::optional<unsigned> findLogits(mlir::func::FuncOp function,
                                   SignatureOp signature);

bool hasSymbol(SignatureOp signature, llvm::StringRef symbol);
/// As the last one.
void addSymbol(SignatureOp signature, llvm::StringRef symbol);

/// Gives the function an argument with the time steps whose logits are wanted,
/// `[batch, logit_rows]`, and takes only these rows of the hidden state: of the
/// logits and of all that is computed row by row before them. Adds the symbol
/// `logit_rows` to the signature. Does nothing to a function whose logits are
/// not made by a product of each time step; a remark says so.
void pickLogitRows(mlir::func::FuncOp function, SignatureOp signature);

} // namespace qopt

#endif // QOPT_PASSES_RAISE_LOGITROWS_H

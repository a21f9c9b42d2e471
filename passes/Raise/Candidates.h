//===- Candidates.h - The largest logits, for samplers ----------*- C++ -*-===//

#ifndef QOPT_PASSES_RAISE_CANDIDATES_H
#define QOPT_PASSES_RAISE_CANDIDATES_H

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace qopt {

/// Gives each function two more results, the `qopt.candidates` of its logits,
/// and the signature the symbol `candidates`, as many as there are of each row.
/// Does nothing when a function has no logits, or they are no rows of floats,
/// which a remark says.
void addCandidates(llvm::ArrayRef<mlir::func::FuncOp> functions,
                   SignatureOp signature);

} // namespace qopt

#endif // QOPT_PASSES_RAISE_CANDIDATES_H

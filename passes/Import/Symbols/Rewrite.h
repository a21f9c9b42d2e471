//===- Rewrite.h - What the graph becomes once sizes are known --*- C++ -*-===//

#ifndef QOPT_PASSES_IMPORT_SYMBOLS_REWRITE_H
#define QOPT_PASSES_IMPORT_SYMBOLS_REWRITE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Import/Symbols/Solver.h"

namespace qopt::symbols {

/// The arguments of a function as inputs; a size without expression is unknown.
std::vector<Interface> getInputs(mlir::func::FuncOp function);

/// Names for the roles that the signature shows: the sizes of token ids are
/// `batch` and `sequence`, the length of what new keys are appended to is
/// `past`.
std::map<std::string, std::string> findNames(mlir::func::FuncOp function,
                                             const Solver &solver);

/// The conditions as qopt.signature has them. Before `rewrite`: they name
/// nodes.
mlir::ArrayAttr describeConditions(mlir::MLIRContext *context,
                                   const Solver &solver);

/// Puts qopt.signature in front of the module, in place of the one that is
/// there.
void writeSignature(mlir::func::FuncOp function, const Solver &solver,
                    mlir::ArrayAttr conditions);

/// Replaces values that are known by constants and expressions, erases nodes
/// that change nothing or that nothing uses, and writes all sizes into the
/// types.
void rewrite(mlir::func::FuncOp function, const FactTable &facts,
             Solver &solver);

} // namespace qopt::symbols

#endif // QOPT_PASSES_IMPORT_SYMBOLS_REWRITE_H

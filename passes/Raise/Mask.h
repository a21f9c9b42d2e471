//===- Mask.h - What a mask of attention says -------------------*- C++ -*-===//

#ifndef QOPT_PASSES_RAISE_MASK_H
#define QOPT_PASSES_RAISE_MASK_H

#include "dialects/QOpt/QOpt.h"

namespace qopt {

/// A mask as `qopt.attention` has it.
struct Mask {
  bool causal = false;
  mlir::Value padding; ///< [batch, steps], may be null
  /// What a query that sees nothing gives, as far as the mask decides it:
  /// scores of minus infinity leave it open.
  std::optional<EmptyRow> emptyRow;
};

/// Recognises a mask that is added to the scores [batch, heads, steps, keys],
/// or one of truth values where true is seen. Step 0 of the queries is step
/// `past` of the keys. Makes the ops of the padding at `builder`.
std::optional<Mask> recogniseMask(mlir::OpBuilder &builder, mlir::Value mask,
                                  llvm::ArrayRef<DimExpr> scores,
                                  const DimExpr &past);

} // namespace qopt

#endif // QOPT_PASSES_RAISE_MASK_H

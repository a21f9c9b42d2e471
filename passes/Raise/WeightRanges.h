//===- WeightRanges.h - Other readings of a weight's bytes ------*- C++ -*-===//

#ifndef QOPT_PASSES_RAISE_WEIGHTRANGES_H
#define QOPT_PASSES_RAISE_WEIGHTRANGES_H

#include "dialects/QOpt/QOpt.h"
#include "mlir/IR/PatternMatch.h"

namespace qopt {

/// The weight that reads the bytes of `weight` as `type`, `isTransposed` or
/// not: the one that is there, or a new one beside it. Its name is that of
/// `weight` with the suffix, and a number where something else has that name.
/// Factors of rows and columns change places where these do; a matrix with a
/// factor of rows is read as a matrix.
WeightOp getSameRange(mlir::PatternRewriter &rewriter, WeightOp weight,
                      llvm::StringRef suffix, mlir::RankedTensorType type,
                      bool isTransposed);

} // namespace qopt

#endif // QOPT_PASSES_RAISE_WEIGHTRANGES_H

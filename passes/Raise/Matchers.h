//===- Matchers.h - What patterns of Raise ask of nodes ---------*- C++ -*-===//

#ifndef QOPT_PASSES_RAISE_MATCHERS_H
#define QOPT_PASSES_RAISE_MATCHERS_H

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/Import/Symbols/Values.h"

namespace qopt {

/// The node of the standard domain that makes the value, when it has this type.
onnx::NodeOp definingNode(mlir::Value value, llvm::StringRef type);

/// The value of all elements of a constant tensor that has one value.
std::optional<double> splatConstant(mlir::Value value);

/// The sizes of a tensor value; empty when unknown.
std::vector<DimExpr> sizesOf(mlir::Value tensor);

/// The input of a binary node that is not `other`; null when neither is.
mlir::Value otherInput(onnx::NodeOp node, mlir::Value other);

/// A product or quotient with a scalar: the tensor and the factor.
struct Scaled {
  mlir::Value tensor;
  double factor;
};
std::optional<Scaled> matchScaled(mlir::Value value);

/// A slice with step 1: first index and size for every dimension.
struct SliceRange {
  std::vector<DimExpr> starts;
};
std::optional<SliceRange> matchSlice(onnx::NodeOp node);

/// A tensor [batch, heads, steps, size] that is the other view of
/// [batch, steps, heads * size].
struct HeadsView {
  mlir::Value tokens;
  int64_t heads, size;
};
std::optional<HeadsView> matchHeadsView(mlir::Value value);

/// The other way: makes [batch, heads, steps, size] of tokens by Reshape and
/// Transpose nodes.
mlir::Value makeHeadsView(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value tokens, int64_t heads);

/// A node of the standard domain.
mlir::Value makeNode(mlir::OpBuilder &builder, mlir::Location loc,
                     llvm::StringRef type, mlir::ValueRange inputs,
                     mlir::RankedTensorType result,
                     llvm::ArrayRef<mlir::NamedAttribute> parameters = {});

/// A `qopt.reshape` to these sizes, or the value itself when it has them.
mlir::Value makeReshape(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value, llvm::ArrayRef<DimExpr> sizes);

} // namespace qopt

#endif // QOPT_PASSES_RAISE_MATCHERS_H

//===- RaiseMovement.cpp - Shortest chains of movements -------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/Raise/Matchers.h"
#include "passes/Raise/Patterns.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_RAISEMOVEMENT
#include "passes/Passes.h.inc"

namespace {

struct NodeToReshape final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    static const StringRef views[] = {"Reshape", "Flatten", "Squeeze",
                                      "Unsqueeze", "Identity"};
    if (!node.getDomain().empty() ||
        !llvm::is_contained(views, node.getOpType()))
      return rewriter.notifyMatchFailure(node, "no view");
    auto from = dyn_cast<RankedTensorType>(node.getInputs()[0].getType());
    auto to = dyn_cast<RankedTensorType>(node.getOutputs()[0].getType());
    if (!from || !to || !getSizes(from) || !getSizes(to))
      return rewriter.notifyMatchFailure(node, "unknown sizes");
    if (from == to)
      rewriter.replaceOp(node, node.getInputs()[0]);
    else
      rewriter.replaceOpWithNewOp<ReshapeOp>(node, to, node.getInputs()[0]);
    return success();
  }
};

struct MergeReshapes final : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getInput().getType() == op.getResult().getType()) {
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    auto before = op.getInput().getDefiningOp<ReshapeOp>();
    if (!before)
      return rewriter.notifyMatchFailure(op, "no reshape before");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getResult().getType(),
                                           before.getInput());
    return success();
  }
};

SmallVector<int64_t> permutationOf(onnx::NodeOp transpose) {
  if (auto permutation = transpose.intsAttribute("perm"))
    return *permutation;
  SmallVector<int64_t> reversed;
  for (int64_t i = sizesOf(transpose.getInputs()[0]).size(); i-- > 0;)
    reversed.push_back(i);
  return reversed;
}

Value makeTranspose(PatternRewriter &rewriter, Location loc, Value input,
                    ArrayRef<int64_t> permutation) {
  std::vector<DimExpr> sizes = sizesOf(input), result;
  for (int64_t axis : permutation)
    result.push_back(sizes[axis]);
  return makeNode(
      rewriter, loc, "Transpose", input,
      getTensorType(result,
                    cast<RankedTensorType>(input.getType()).getElementType()),
      rewriter.getNamedAttr("perm", rewriter.getI64ArrayAttr(permutation)));
}

struct MergeTransposes final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    if (!node.is("Transpose") || sizesOf(node.getInputs()[0]).empty())
      return rewriter.notifyMatchFailure(node, "no transpose");
    SmallVector<int64_t> outer = permutationOf(node);
    std::vector<DimExpr> sizes = sizesOf(node.getInputs()[0]);
    // Moving dimensions of size 1 moves nothing.
    SmallVector<int64_t> moved;
    for (int64_t axis : outer)
      if (sizes[axis].constant() != 1)
        moved.push_back(axis);
    if (llvm::is_sorted(moved)) {
      rewriter.replaceOp(node, makeReshape(rewriter, node.getLoc(),
                                           node.getInputs()[0],
                                           sizesOf(node.getOutputs()[0])));
      return success();
    }
    auto before = definingNode(node.getInputs()[0], "Transpose");
    if (!before)
      return rewriter.notifyMatchFailure(node, "no transpose before");
    SmallVector<int64_t> inner = permutationOf(before), both;
    for (int64_t axis : outer)
      both.push_back(inner[axis]);
    rewriter.replaceOp(node, makeTranspose(rewriter, node.getLoc(),
                                           before.getInputs()[0], both));
    return success();
  }
};

/// [a, b, m, n] merged to [a * b, m, n], transposed behind its first dimension
/// and split again is a transpose of the whole.
struct TransposeOfMerged final : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp split,
                                PatternRewriter &rewriter) const override {
    auto transpose = definingNode(split.getInput(), "Transpose");
    auto merge = transpose ? transpose.getInputs()[0].getDefiningOp<ReshapeOp>()
                           : nullptr;
    if (!merge)
      return rewriter.notifyMatchFailure(split, "no merge, transpose, split");
    std::vector<DimExpr> merged = sizesOf(merge.getResult()),
                         to = sizesOf(split.getResult());
    SmallVector<int64_t> inner = permutationOf(transpose);
    if (to.size() <= merged.size() || inner[0] != 0)
      return rewriter.notifyMatchFailure(split, "other dimensions");
    size_t lead = to.size() - merged.size() + 1;
    std::vector<DimExpr> whole(to.begin(), to.begin() + lead);
    whole.insert(whole.end(), merged.begin() + 1, merged.end());
    SmallVector<int64_t> permutation;
    DimExpr product(1);
    for (size_t i = 0; i < lead; ++i) {
      permutation.push_back(i);
      product = product * to[i];
    }
    for (size_t i = 1; i < inner.size(); ++i)
      permutation.push_back(inner[i] + lead - 1);
    if (product != merged[0])
      return rewriter.notifyMatchFailure(split, "splits otherwise");
    for (auto [i, axis] : llvm::enumerate(permutation))
      if (to[i] != whole[axis])
        return rewriter.notifyMatchFailure(split, "splits otherwise");
    Value input =
        makeReshape(rewriter, merge.getLoc(), merge.getInput(), whole);
    rewriter.replaceOp(
        split, makeTranspose(rewriter, transpose.getLoc(), input, permutation));
    return success();
  }
};

struct RaiseMovement final : impl::RaiseMovementBase<RaiseMovement> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMovementPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

void populateMovementPatterns(RewritePatternSet &patterns) {
  patterns
      .add<NodeToReshape, MergeReshapes, MergeTransposes, TransposeOfMerged>(
          patterns.getContext());
}

} // namespace qopt

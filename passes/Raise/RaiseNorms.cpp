//===- RaiseNorms.cpp - Normalizations over the last dimension ------------===//

#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/Raise/Matchers.h"
#include "passes/Raise/Paths.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_RAISENORMS
#include "passes/Passes.h.inc"

namespace {

/// A reduction over the last dimension that keeps it.
bool reducesLast(onnx::NodeOp node) {
  int64_t rank = sizesOf(node.getInputs()[0]).size();
  std::optional<SmallVector<int64_t>> axes = node.intsAttribute("axes");
  if (Value given = node.input(1)) {
    auto sizes = getElementSizes(given);
    if (!sizes || sizes->size() != 1 || !sizes->front().isConstant())
      return false;
    axes = {*sizes->front().constant()};
  }
  return node.intAttribute("keepdims", 1) == 1 && axes && axes->size() == 1 &&
         ((*axes)[0] == -1 || (*axes)[0] == rank - 1);
}

/// x when the value is x^2.
Value squared(Value value) {
  if (auto power = definingNode(value, "Pow"))
    return splatConstant(power.getInputs()[1]) == 2.0 ? power.getInputs()[0]
                                                      : Value();
  if (auto product = definingNode(value, "Mul"))
    return product.getInputs()[0] == product.getInputs()[1]
               ? product.getInputs()[0]
               : Value();
  return nullptr;
}

/// x and epsilon when the value is sqrt(mean(x^2) + epsilon).
struct RootMeanSquare {
  Value input;
  double epsilon;
};

std::optional<RootMeanSquare> matchRoot(Value value) {
  auto root = definingNode(value, "Sqrt");
  auto sum = root ? definingNode(root.getInputs()[0], "Add") : nullptr;
  if (!sum)
    return std::nullopt;
  for (int i : {0, 1}) {
    auto mean = definingNode(sum.getInputs()[i], "ReduceMean");
    auto epsilon = splatConstant(sum.getInputs()[1 - i]);
    if (!mean || !epsilon || !reducesLast(mean))
      continue;
    if (Value input = squared(mean.getInputs()[0]))
      return RootMeanSquare{input, *epsilon};
  }
  return std::nullopt;
}

/// The same when the value is one over that.
std::optional<RootMeanSquare> matchInverseRoot(Value value) {
  if (auto reciprocal = definingNode(value, "Reciprocal"))
    return matchRoot(reciprocal.getInputs()[0]);
  if (auto quotient = definingNode(value, "Div"))
    if (splatConstant(quotient.getInputs()[0]) == 1.0)
      return matchRoot(quotient.getInputs()[1]);
  return std::nullopt;
}

/// x and epsilon when the value is x / sqrt(mean(x^2) + epsilon).
std::optional<RootMeanSquare> matchNormalized(Value value) {
  if (auto product = definingNode(value, "Mul"))
    for (int i : {0, 1})
      if (auto root = matchInverseRoot(product.getInputs()[1 - i]))
        if (root->input == product.getInputs()[i])
          return root;
  if (auto quotient = definingNode(value, "Div"))
    if (auto root = matchRoot(quotient.getInputs()[1]))
      if (root->input == quotient.getInputs()[0])
        return root;
  return std::nullopt;
}

bool isVectorOf(Value value, Value input) {
  std::vector<DimExpr> sizes = sizesOf(value), whole = sizesOf(input);
  return sizes.size() == 1 && !whole.empty() && sizes[0] == whole.back();
}

struct RaiseRMSNorm final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    if (!node.is("Mul") ||
        !getElementTypeOrSelf(node.getOutputs()[0].getType()).isF32())
      return rewriter.notifyMatchFailure(node, "no product in f32");
    for (int i : {0, 1}) {
      auto root = matchNormalized(node.getInputs()[i]);
      Value scale = node.getInputs()[1 - i];
      if (!root || !isVectorOf(scale, root->input) ||
          root->input.getType() != node.getOutputs()[0].getType())
        continue;
      rewriter.replaceOpWithNewOp<RMSNormOp>(
          node, node.getOutputs()[0].getType(), root->input, scale, Value(),
          rewriter.getF64FloatAttr(root->epsilon), rawPath(node));
      return success();
    }
    return rewriter.notifyMatchFailure(node, "not normalized and scaled");
  }
};

struct RaiseNormNode final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    bool rms = node.is("RMSNormalization");
    if (!rms && !node.is("LayerNormalization"))
      return rewriter.notifyMatchFailure(node, "no normalization");
    int64_t rank = sizesOf(node.getInputs()[0]).size();
    int64_t axis = node.intAttribute("axis", -1);
    if (axis != -1 && axis != rank - 1)
      return rewriter.notifyMatchFailure(node, "not over the last dimension");
    for (Value output : node.getOutputs().drop_front())
      if (!output.use_empty())
        return rewriter.notifyMatchFailure(node, "its statistics are used");
    Value input = node.input(0), scale = node.input(1), bias = node.input(2);
    if (!isVectorOf(scale, input) || (bias && !isVectorOf(bias, input)))
      return rewriter.notifyMatchFailure(node, "scale of another size");
    auto type = cast<RankedTensorType>(node.getOutputs()[0].getType());
    if (!type.getElementType().isF32())
      return rewriter.notifyMatchFailure(node, "not f32");
    auto epsilon =
        rewriter.getF64FloatAttr(node.floatAttribute("epsilon", 1e-5f));
    Value result =
        rms ? RMSNormOp::create(rewriter, node.getLoc(), type, input, scale,
                                Value(), epsilon, rawPath(node))
                  .getResult()
            : LayerNormOp::create(rewriter, node.getLoc(), type, input, scale,
                                  bias, Value(), epsilon, rawPath(node))
                  .getResult();
    rewriter.replaceAllUsesWith(node.getOutputs()[0], result);
    rewriter.eraseOp(node);
    return success();
  }
};

struct RaiseNorms final : impl::RaiseNormsBase<RaiseNorms> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseRMSNorm, RaiseNormNode>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace qopt

//===- RaiseActivations.cpp - SiLU and GELU -------------------------------===//

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/Raise/Matchers.h"
#include <cmath>

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_RAISEACTIVATIONS
#include "passes/Passes.h.inc"

namespace {

struct RaiseSilu final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    if (!node.is("Mul"))
      return rewriter.notifyMatchFailure(node, "no product");
    for (int i : {0, 1}) {
      auto sigmoid = definingNode(node.getInputs()[1 - i], "Sigmoid");
      if (!sigmoid || sigmoid.getInputs()[0] != node.getInputs()[i])
        continue;
      rewriter.replaceOpWithNewOp<SiluOp>(node, node.getOutputs()[0].getType(),
                                          node.getInputs()[i], Value());
      return success();
    }
    return rewriter.notifyMatchFailure(node, "no sigmoid of the other factor");
  }
};

/// x when the value is 1 + erf(x / sqrt(2)).
Value matchErrorTerm(Value value) {
  auto sum = definingNode(value, "Add");
  for (int i : {0, 1}) {
    if (!sum || splatConstant(sum.getInputs()[1 - i]) != 1.0)
      continue;
    auto erf = definingNode(sum.getInputs()[i], "Erf");
    auto scaled = erf ? matchScaled(erf.getInputs()[0]) : std::nullopt;
    if (scaled && std::abs(scaled->factor * std::sqrt(2.0) - 1.0) < 1e-3)
      return scaled->tensor;
  }
  return nullptr;
}

/// A product of x, 1 + erf(x / sqrt(2)) and 0.5 in any order.
struct RaiseGelu final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    Value product = node.getNumResults() ? node.getOutputs()[0] : Value();
    SmallVector<Value> factors;
    double factor = 1;
    collect(product, factors, factor, 0);
    if (factors.size() != 2 || factor != 0.5)
      return rewriter.notifyMatchFailure(node, "no product of two and 0.5");
    for (int i : {0, 1})
      if (matchErrorTerm(factors[1 - i]) == factors[i]) {
        rewriter.replaceOpWithNewOp<GeluOp>(node, product.getType(), factors[i],
                                            Value());
        return success();
      }
    return rewriter.notifyMatchFailure(node, "no error function");
  }

  static void collect(Value value, SmallVectorImpl<Value> &factors,
                      double &factor, int depth) {
    if (auto scaled = matchScaled(value)) {
      factor *= scaled->factor;
      return collect(scaled->tensor, factors, factor, depth + 1);
    }
    auto product = definingNode(value, "Mul");
    if (!product || depth > 2) {
      factors.push_back(value);
      return;
    }
    for (Value input : product.getInputs())
      collect(input, factors, factor, depth + 1);
  }
};

struct RaiseActivations final : impl::RaiseActivationsBase<RaiseActivations> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseSilu, RaiseGelu>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace qopt

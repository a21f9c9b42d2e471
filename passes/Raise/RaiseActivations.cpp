//===- RaiseActivations.cpp - SiLU and GELU -------------------------------===//

#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/Raise/Matchers.h"
#include <cmath>

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_RAISEACTIVATIONS
#include "passes/Passes.h.inc"

namespace {

/// The ops compute in f32.
bool isF32(Value value) {
  return getElementTypeOrSelf(value.getType()).isF32();
}

struct RaiseSilu final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    if (!node.is("Mul") || !isF32(node.getOutputs()[0]))
      return rewriter.notifyMatchFailure(node, "no product in f32");
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
    Value x = product && isF32(product) ? findInput(product, 0) : Value();
    if (!x)
      return rewriter.notifyMatchFailure(node, "no error function in f32");
    SmallVector<Value> factors;
    double factor = 1;
    collect(product, x, factors, factor, 0);
    if (factors.size() != 2 || factor != 0.5)
      return rewriter.notifyMatchFailure(node, "no product of two and 0.5");
    for (int i : {0, 1})
      if (factors[i] == x && matchErrorTerm(factors[1 - i]) == x) {
        rewriter.replaceOpWithNewOp<GeluOp>(node, product.getType(), x,
                                            Value());
        return success();
      }
    return rewriter.notifyMatchFailure(node, "a product of something else");
  }

  static constexpr int maxDepth = 2;

  /// x of the error term that is a factor of the value.
  static Value findInput(Value value, int depth) {
    if (Value x = matchErrorTerm(value))
      return x;
    if (auto scaled = matchScaled(value))
      return findInput(scaled->tensor, depth + 1);
    auto product = definingNode(value, "Mul");
    if (!product || depth > maxDepth)
      return nullptr;
    for (Value input : product.getInputs())
      if (Value x = findInput(input, depth + 1))
        return x;
    return nullptr;
  }

  /// The factors of the value; `x` is one, even where it is a product itself.
  static void collect(Value value, Value x, SmallVectorImpl<Value> &factors,
                      double &factor, int depth) {
    auto scaled = matchScaled(value);
    auto product = definingNode(value, "Mul");
    if (value == x || (!scaled && (!product || depth > maxDepth))) {
      factors.push_back(value);
    } else if (scaled) {
      factor *= scaled->factor;
      collect(scaled->tensor, x, factors, factor, depth + 1);
    } else {
      for (Value input : product.getInputs())
        collect(input, x, factors, factor, depth + 1);
    }
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

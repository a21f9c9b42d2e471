//===- RaiseProducts.cpp - Products with weights, rows of tables ----------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/Raise/Matchers.h"
#include "passes/Raise/Paths.h"
#include "passes/Raise/WeightRanges.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_RAISEPRODUCTS
#include "passes/Passes.h.inc"

namespace {

/// Reads a matrix of weights the other way round. Both ways are the same range
/// of the file.
Value readTransposed(PatternRewriter &rewriter, GetWeightOp get) {
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(get, get.getWeightAttr());
  auto type = cast<RankedTensorType>(weight.getType());
  auto transposed = RankedTensorType::get(
      {type.getDimSize(1), type.getDimSize(0)}, type.getElementType());
  WeightOp other = getSameRange(rewriter, weight, ".transposed", transposed,
                                !weight.getTransposed());
  auto read = cast<RankedTensorType>(get.getResult().getType());
  return GetWeightOp::create(rewriter, get.getLoc(),
                             transposed.clone(read.getElementType()),
                             other.getSymName());
}

/// The logical [N, K] of the second factor of a product, when it is a weight.
/// `isTransposed`: the factor is used as [N, K], not as [K, N].
Value logicalWeight(PatternRewriter &rewriter, Value factor,
                    bool isTransposed) {
  if (auto transpose = definingNode(factor, "Transpose"))
    if (transpose.getInputs()[0].getDefiningOp<GetWeightOp>() &&
        sizesOf(factor).size() == 2) {
      auto permutation = transpose.intsAttribute("perm");
      bool isIdentity =
          permutation && *permutation == SmallVector<int64_t>{0, 1};
      return logicalWeight(rewriter, transpose.getInputs()[0],
                           isTransposed == isIdentity);
    }
  auto get = factor.getDefiningOp<GetWeightOp>();
  auto type = dyn_cast<RankedTensorType>(factor.getType());
  if (!get || type.getRank() != 2 || !type.getElementType().isF32())
    return nullptr;
  auto weight =
      SymbolTable::lookupNearestSymbolFrom<WeightOp>(get, get.getWeightAttr());
  if (!weight || (weight.getValue() && !isTransposed))
    return nullptr;
  return isTransposed ? factor : readTransposed(rewriter, get);
}

StringRef weightName(Value factor) {
  if (auto transpose = definingNode(factor, "Transpose"))
    factor = transpose.getInputs()[0];
  auto get = factor.getDefiningOp<GetWeightOp>();
  return get ? get.getWeight() : StringRef();
}

Value makeMatmul(PatternRewriter &rewriter, onnx::NodeOp node, Value input,
                 Value weight, RankedTensorType type) {
  return MatmulOp::create(
             rewriter, node.getLoc(), TypeRange{type}, input, weight, Value(),
             Value(), ValueRange(), Value(), ValueRange(), TypeAttr(),
             rawPath(node, weightName(node.getInputs()[1])), StringAttr())
      .getResult();
}

struct RaiseMatMul final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    if (!node.is("MatMul") || sizesOf(node.getInputs()[0]).size() < 2)
      return rewriter.notifyMatchFailure(node, "no product of matrices");
    auto type = cast<RankedTensorType>(node.getOutputs()[0].getType());
    if (!type.getElementType().isF32())
      return rewriter.notifyMatchFailure(node, "not f32");
    Value weight = logicalWeight(rewriter, node.getInputs()[1], false);
    if (!weight)
      return rewriter.notifyMatchFailure(node, "no weight");
    rewriter.replaceOp(
        node, makeMatmul(rewriter, node, node.getInputs()[0], weight, type));
    return success();
  }
};

/// The value times a factor of the node.
Value multiply(PatternRewriter &rewriter, onnx::NodeOp node, Value value,
               StringRef attribute) {
  double factor = node.floatAttribute(attribute, 1);
  if (factor == 1)
    return value;
  auto number = RankedTensorType::get({}, rewriter.getF32Type());
  Value constant = arith::ConstantOp::create(
      rewriter, node.getLoc(),
      DenseElementsAttr::get(number, rewriter.getF32FloatAttr(factor)));
  return makeNode(rewriter, node.getLoc(), "Mul", {value, constant},
                  cast<RankedTensorType>(value.getType()));
}

struct RaiseGemm final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    if (!node.is("Gemm") || node.intAttribute("transA", 0) != 0)
      return rewriter.notifyMatchFailure(node, "no Gemm of rows");
    auto type = cast<RankedTensorType>(node.getOutputs()[0].getType());
    if (!type.getElementType().isF32())
      return rewriter.notifyMatchFailure(node, "not f32");
    Value weight = logicalWeight(rewriter, node.getInputs()[1],
                                 node.intAttribute("transB", 0) != 0);
    if (!weight)
      return rewriter.notifyMatchFailure(node, "no weight");
    Value result =
        makeMatmul(rewriter, node, node.getInputs()[0], weight, type);
    result = multiply(rewriter, node, result, "alpha");
    if (Value bias = node.input(2))
      result = makeNode(rewriter, node.getLoc(), "Add",
                        {result, multiply(rewriter, node, bias, "beta")}, type);
    rewriter.replaceOp(node, result);
    return success();
  }
};

struct RaiseEmbedding final : OpRewritePattern<onnx::NodeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::NodeOp node,
                                PatternRewriter &rewriter) const override {
    if (!node.is("Gather") || node.intAttribute("axis", 0) != 0)
      return rewriter.notifyMatchFailure(node, "no rows");
    Value table = node.getInputs()[0];
    auto type = dyn_cast<RankedTensorType>(table.getType());
    if (!table.getDefiningOp<GetWeightOp>() || !type || type.getRank() != 2 ||
        !type.getElementType().isF32())
      return rewriter.notifyMatchFailure(node, "no table of weights");
    rewriter.replaceOpWithNewOp<EmbeddingOp>(
        node, node.getOutputs()[0].getType(), table, node.getInputs()[1],
        Value(), IntegerAttr(), TypeAttr(), rawPath(node, weightName(table)),
        StringAttr());
    return success();
  }
};

struct RaiseProducts final : impl::RaiseProductsBase<RaiseProducts> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseMatMul, RaiseGemm, RaiseEmbedding>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace qopt

//===- ConvertONNXToLinalgProducts.cpp - Products of two activations ------===//

#include "passes/Lower/Generic/NodeLowering.h"

using namespace mlir;

namespace qopt::generic {

/// The size that two sizes broadcast to; nothing when that is not known.
static std::optional<DimExpr> broadcastSize(const DimExpr &a,
                                            const DimExpr &b) {
  if (a == b || b == DimExpr(1))
    return a;
  if (a == DimExpr(1))
    return b;
  return std::nullopt;
}

Value matmul(NodeLowering &lowering, Value a, Value b, bool transposeA,
             bool transposeB) {
  MLIRContext *context = lowering.builder.getContext();
  Sizes aSizes = lowering.sizesOf(a), bSizes = lowering.sizesOf(b), sizes;
  int64_t aRank = aSizes.size(), bRank = bSizes.size();
  int64_t rank = std::max(aRank, bRank), loops = rank + 1;
  // Loops: the batch dimensions, rows m, columns n, depth k.
  auto dim = [&](int64_t d) { return getAffineDimExpr(d, context); };
  int64_t m = rank - 2, n = rank - 1, k = rank;
  SmallVector<AffineExpr> aPlace, bPlace, place;
  for (int64_t d = 0; d < rank - 2; ++d) {
    std::optional<DimExpr> size;
    int64_t aDim = d - (rank - aRank), bDim = d - (rank - bRank);
    if (aDim >= 0)
      size = aSizes[aDim];
    if (bDim >= 0)
      size = size ? broadcastSize(*size, bSizes[bDim])
                  : std::optional<DimExpr>(bSizes[bDim]);
    if (!size)
      return nullptr;
    sizes.push_back(*size);
    auto add = [&](SmallVector<AffineExpr> &places, int64_t own, Sizes &from) {
      if (own >= 0)
        places.push_back(
            from[own] == *size ? dim(d) : getAffineConstantExpr(0, context));
    };
    add(aPlace, aDim, aSizes);
    add(bPlace, bDim, bSizes);
    place.push_back(dim(d));
  }
  aPlace.append({dim(transposeA ? k : m), dim(transposeA ? m : k)});
  bPlace.append({dim(transposeB ? n : k), dim(transposeB ? k : n)});
  place.append({dim(m), dim(n)});
  sizes.push_back(aSizes[aRank - (transposeA ? 1 : 2)]);
  sizes.push_back(bSizes[bRank - (transposeB ? 2 : 1)]);
  if (aSizes[aRank - (transposeA ? 2 : 1)] !=
      bSizes[bRank - (transposeB ? 1 : 2)])
    return nullptr;
  SmallVector<utils::IteratorType> iterators(loops,
                                             utils::IteratorType::parallel);
  iterators[k] = utils::IteratorType::reduction;
  Type type = lowering.elementType(a);
  Value init = lowering.filled(sizes, type, lowering.number(signless(type), 0));
  return lowering.reduce({a, b},
                         {AffineMap::get(loops, 0, aPlace, context),
                          AffineMap::get(loops, 0, bPlace, context)},
                         init, AffineMap::get(loops, 0, place, context),
                         iterators, [&](ArrayRef<Value> x) {
                           return lowering.multiplyAdd(x[0], x[1], x[2]);
                         });
}

namespace {

LogicalResult checkProduct(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(2)) ||
      failed(lowering.checkElements(0, "fi")) ||
      failed(lowering.checkElements(1, "fi")))
    return failure();
  if (lowering.elementType(lowering.input(0)) !=
      lowering.elementType(lowering.input(1)))
    return lowering.reject("the inputs are of different types");
  return success();
}

/// Products that became no `qopt.matmul`, whatever the recipe says.
void remarkSlow(NodeLowering &lowering) {
  lowering.node.emitRemark("product without a matrix of weights: vectors, but "
                           "neither packed nor tiled");
}

LogicalResult lowerMatMul(NodeLowering &lowering) {
  if (failed(checkProduct(lowering)))
    return failure();
  Value a = lowering.input(0), b = lowering.input(1);
  Sizes aSizes = lowering.sizesOf(a), bSizes = lowering.sizesOf(b);
  if (aSizes.empty() || bSizes.empty())
    return lowering.reject("an input is a scalar");
  // A vector is a matrix of one row on the left, of one column on the right.
  if (aSizes.size() == 1)
    a = lowering.reshape(a, {DimExpr(1), aSizes[0]});
  if (bSizes.size() == 1)
    b = lowering.reshape(b, {bSizes[0], DimExpr(1)});
  Value product = matmul(lowering, a, b);
  if (!product)
    return lowering.reject("the sizes are not known to fit each other");
  lowering.results[0] = lowering.reshape(product, lowering.resultSizes());
  remarkSlow(lowering);
  return success();
}

/// alpha * A * B + beta * C
LogicalResult lowerGemm(NodeLowering &lowering) {
  if (failed(checkProduct(lowering)))
    return failure();
  onnx::NodeOp node = lowering.node;
  Value a = lowering.input(0), b = lowering.input(1), c = lowering.input(2);
  if (lowering.sizesOf(a).size() != 2 || lowering.sizesOf(b).size() != 2)
    return lowering.reject("A and B are not matrices");
  double alpha = node.floatAttribute("alpha", 1);
  double beta = node.floatAttribute("beta", 1);
  Type type = lowering.elementType(a);
  if (!isFloat(type) && (alpha != 1 || beta != 1))
    return lowering.reject("integers with factors are not supported");
  Value product = matmul(lowering, a, b, node.intAttribute("transA", 0),
                         node.intAttribute("transB", 0));
  if (!product)
    return lowering.reject("the sizes are not known to fit each other");
  auto scale = [&](Value value, double factor) {
    return factor == 1 ? value
                       : lowering.make<arith::MulFOp>(
                             value, lowering.number(type, factor));
  };
  SmallVector<Value> inputs = {product};
  if (c)
    inputs.push_back(c);
  if (c || alpha != 1)
    product = lowering.map(
        inputs, lowering.resultSizes(), type, [&](ArrayRef<Value> x) -> Value {
          Value scaled = scale(x[0], alpha);
          if (!c)
            return scaled;
          Value added = scale(x[1], beta);
          if (!isFloat(type))
            return lowering.make<arith::AddIOp>(scaled, added);
          return lowering.make<arith::AddFOp>(scaled, added);
        });
  lowering.results[0] = product;
  remarkSlow(lowering);
  return success();
}

} // namespace

void addProducts(LoweringTable &table) {
  table["MatMul"] = lowerMatMul;
  table["Gemm"] = lowerGemm;
}

} // namespace qopt::generic

//===- ConvertONNXToLinalgReduction.cpp - Sums, means, extrema ------------===//

#include "passes/Lower/Generic/NodeLowering.h"

using namespace mlir;

namespace qopt::generic {

Sizes keepAxes(ArrayRef<DimExpr> sizes, ArrayRef<int64_t> axes) {
  Sizes kept(sizes);
  for (int64_t axis : axes)
    kept[axis] = DimExpr(1);
  return kept;
}

/// What does not change the result of combining.
static Value neutral(NodeLowering &lowering, Type type, Combine combine) {
  if (combine == Combine::Sum || combine == Combine::Product)
    return lowering.number(signless(type), combine == Combine::Product);
  bool isMax = combine == Combine::Max;
  if (auto floatType = dyn_cast<FloatType>(type))
    return lowering.make<arith::ConstantOp>(FloatAttr::get(
        type, APFloat::getInf(floatType.getFloatSemantics(), isMax)));
  unsigned bits = type.getIntOrFloatBitWidth();
  APInt limit = isUnsigned(type) ? (isMax ? APInt::getMinValue(bits)
                                          : APInt::getMaxValue(bits))
                                 : (isMax ? APInt::getSignedMinValue(bits)
                                          : APInt::getSignedMaxValue(bits));
  return lowering.make<arith::ConstantOp>(
      IntegerAttr::get(signless(type), limit));
}

static Value combineTwo(NodeLowering &lowering, Value a, Value b, Type type,
                        Combine combine) {
  bool isFloatType = isFloat(type), isUnsignedType = isUnsigned(type);
  switch (combine) {
  case Combine::Sum:
    return isFloatType ? lowering.make<arith::AddFOp>(a, b)
                       : lowering.make<arith::AddIOp>(a, b);
  case Combine::Product:
    return isFloatType ? lowering.make<arith::MulFOp>(a, b)
                       : lowering.make<arith::MulIOp>(a, b);
  case Combine::Max:
    if (isFloatType)
      return lowering.make<arith::MaximumFOp>(a, b);
    return isUnsignedType ? lowering.make<arith::MaxUIOp>(a, b)
                          : lowering.make<arith::MaxSIOp>(a, b);
  case Combine::Min:
    if (isFloatType)
      return lowering.make<arith::MinimumFOp>(a, b);
    return isUnsignedType ? lowering.make<arith::MinUIOp>(a, b)
                          : lowering.make<arith::MinSIOp>(a, b);
  }
  return nullptr;
}

Value reduceOver(NodeLowering &lowering, Value tensor, ArrayRef<int64_t> axes,
                 Combine combine) {
  MLIRContext *context = lowering.builder.getContext();
  Sizes sizes = lowering.sizesOf(tensor), left;
  Type type = lowering.elementType(tensor);
  SmallVector<AffineExpr> kept;
  SmallVector<utils::IteratorType> iterators;
  for (size_t d = 0; d < sizes.size(); ++d) {
    bool isReduced = llvm::is_contained(axes, int64_t(d));
    iterators.push_back(isReduced ? utils::IteratorType::reduction
                                  : utils::IteratorType::parallel);
    if (isReduced)
      continue;
    left.push_back(sizes[d]);
    kept.push_back(getAffineDimExpr(d, context));
  }
  Value init = lowering.filled(left, type, neutral(lowering, type, combine));
  return lowering.reduce(
      tensor, AffineMap::getMultiDimIdentityMap(sizes.size(), context), init,
      AffineMap::get(sizes.size(), 0, kept, context), iterators,
      [&](ArrayRef<Value> x) {
        return combineTwo(lowering, x[1], x[0], type, combine);
      });
}

Value meanOver(NodeLowering &lowering, Value tensor, ArrayRef<int64_t> axes) {
  Sizes sizes = lowering.sizesOf(tensor);
  DimExpr count(1);
  for (int64_t axis : axes)
    count = count * sizes[axis];
  Type type = lowering.elementType(tensor);
  Value size = lowering.index(count);
  if (!isFloat(type)) // the mean of no integers is 0, as their sum
    size = lowering.make<arith::MaxSIOp>(size, lowering.index(1));
  Value number = lowering.fromIndex(size, type);
  Value sum = reduceOver(lowering, tensor, axes, Combine::Sum);
  return lowering.map(
      sum, lowering.sizesOf(sum), type, [&](ArrayRef<Value> x) -> Value {
        if (isFloat(type))
          return lowering.make<arith::DivFOp>(x[0], number);
        return isUnsigned(type) ? lowering.make<arith::DivUIOp>(x[0], number)
                                : lowering.make<arith::DivSIOp>(x[0], number);
      });
}

namespace {

/// The axes that a reduction names, by attribute or by input `1`.
LogicalResult readAxes(NodeLowering &lowering, SmallVector<int64_t> &axes) {
  onnx::NodeOp node = lowering.node;
  int64_t rank = lowering.sizesOf(lowering.input(0)).size();
  std::optional<SmallVector<int64_t>> given;
  if (Value input = lowering.input(1)) {
    given = lowering.constants(input);
    if (!given && lowering.sizesOf(input) != Sizes{DimExpr(0)})
      return lowering.reject("the axes are not known when compiling");
  } else {
    given = node.intsAttribute("axes");
  }
  if (given && !given->empty()) {
    for (int64_t value : *given) {
      auto axis = lowering.axis(value, rank);
      if (!axis)
        return lowering.reject("an axis is outside the rank");
      if (!llvm::is_contained(axes, *axis))
        axes.push_back(*axis);
    }
    return success();
  }
  if (!node.intAttribute("noop_with_empty_axes", 0))
    for (int64_t d = 0; d < rank; ++d)
      axes.push_back(d);
  return success();
}

template <Combine combine, bool isMean = false>
LogicalResult lowerReduction(NodeLowering &lowering) {
  bool isExtremum = combine == Combine::Max || combine == Combine::Min;
  SmallVector<int64_t> axes;
  if (failed(lowering.checkTensors(1)) ||
      failed(lowering.checkElements(0, isExtremum ? "fib" : "fi")) ||
      failed(readAxes(lowering, axes)))
    return failure();
  Value input = lowering.input(0);
  if (axes.empty()) {
    lowering.results[0] = input;
    return success();
  }
  Value reduced = isMean ? meanOver(lowering, input, axes)
                         : reduceOver(lowering, input, axes, combine);
  if (lowering.node.intAttribute("keepdims", 1))
    reduced =
        lowering.reshape(reduced, keepAxes(lowering.sizesOf(input), axes));
  lowering.results[0] = reduced;
  return success();
}

} // namespace

void addReduction(LoweringTable &table) {
  table["ReduceSum"] = lowerReduction<Combine::Sum>;
  table["ReduceMean"] = lowerReduction<Combine::Sum, /*isMean=*/true>;
  table["ReduceMax"] = lowerReduction<Combine::Max>;
  table["ReduceMin"] = lowerReduction<Combine::Min>;
  table["ReduceProd"] = lowerReduction<Combine::Product>;
}

} // namespace qopt::generic

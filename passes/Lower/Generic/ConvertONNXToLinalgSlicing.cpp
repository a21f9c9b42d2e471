//===- ConvertONNXToLinalgSlicing.cpp - Parts of tensors ------------------===//

#include "passes/Lower/Generic/NodeLowering.h"

using namespace mlir;

namespace qopt::generic {
namespace {

/// Where a slice begins and how it goes on, along one dimension.
struct Range {
  Value start; ///< null: 0
  int64_t step = 1;
};

/// The elements of `input` at start + i * step of each dimension.
Value slice(NodeLowering &lowering, Value input, ArrayRef<DimExpr> sizes,
            ArrayRef<Range> ranges) {
  SmallVector<Value> steps;
  for (const Range &range : ranges)
    steps.push_back(range.step == 1 ? Value() : lowering.index(range.step));
  return lowering.fill(sizes, lowering.elementType(input),
                       [&](ArrayRef<Value>) {
                         SmallVector<Value> at;
                         for (auto [d, range] : llvm::enumerate(ranges)) {
                           Value i = lowering.position(d);
                           if (steps[d])
                             i = lowering.make<arith::MulIOp>(i, steps[d]);
                           if (range.start)
                             i = lowering.make<arith::AddIOp>(i, range.start);
                           at.push_back(i);
                         }
                         return lowering.read(input, at);
                       });
}

/// A start as ONNX clamps it, held where all `count` steps stay inside the
/// tensor. Index values.
Value clampStart(NodeLowering &lowering, const DimExpr &start,
                 const DimExpr &size, const DimExpr &count, int64_t step) {
  Value zero = lowering.index(0), length = lowering.index(size);
  Value value = lowering.index(start);
  Value isNegative = lowering.compare(arith::CmpIPredicate::slt, value, zero);
  value = lowering.select(isNegative,
                          lowering.make<arith::AddIOp>(value, length), value);
  Value way = lowering.index((count - DimExpr(1)) * DimExpr(std::abs(step)));
  Value last = lowering.make<arith::SubIOp>(length, lowering.index(1));
  if (step > 0) {
    value = lowering.make<arith::MinSIOp>(
        value, lowering.make<arith::SubIOp>(last, way));
  } else {
    value = lowering.make<arith::MinSIOp>(value, last);
    value = lowering.make<arith::MaxSIOp>(value, way);
  }
  return lowering.make<arith::MaxSIOp>(value, zero);
}

LogicalResult lowerSlice(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(1)) || failed(lowering.checkElements(0, "")))
    return failure();
  onnx::NodeOp node = lowering.node;
  auto read = [&](StringRef attribute, unsigned i) -> std::optional<Sizes> {
    if (lowering.input(i))
      return lowering.elements(lowering.input(i));
    auto values = node.intsAttribute(attribute);
    if (!values)
      return std::nullopt;
    return Sizes(values->begin(), values->end());
  };
  Value input = lowering.input(0);
  Sizes own = lowering.sizesOf(input), sizes = lowering.resultSizes();
  int64_t rank = own.size();
  auto starts = read("starts", 1);
  if (!starts)
    return lowering.reject("the starts are not known when compiling");
  Sizes axes, steps(starts->size(), DimExpr(1));
  bool hasAxes = lowering.input(3) || node.attribute("axes");
  if (hasAxes) {
    auto given = read("axes", 3);
    if (!given)
      return lowering.reject("the axes are not known when compiling");
    axes = *given;
  } else {
    for (size_t i = 0; i < starts->size(); ++i)
      axes.push_back(DimExpr(int64_t(i)));
  }
  if (lowering.input(4)) {
    auto given = read("steps", 4);
    if (!given)
      return lowering.reject("the steps are not known when compiling");
    steps = *given;
  }
  if (axes.size() != starts->size() || steps.size() != starts->size() ||
      int64_t(sizes.size()) != rank)
    return lowering.reject("starts, axes and steps do not fit each other");
  SmallVector<Range> ranges(rank);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (!axes[i].isConstant() || !steps[i].isConstant())
      return lowering.reject("axes and steps are not constants");
    auto d = lowering.axis(*axes[i].constant(), rank);
    int64_t step = *steps[i].constant();
    if (!d || step == 0)
      return lowering.reject("an axis is outside the rank, or a step is 0");
    if (step == 1 && (sizes[*d] == own[*d] || (*starts)[i] == DimExpr(0)))
      continue; // starts at 0
    ranges[*d] = {clampStart(lowering, (*starts)[i], own[*d], sizes[*d], step),
                  step};
  }
  lowering.results[0] = slice(lowering, input, sizes, ranges);
  return success();
}

/// The sizes of the results say where each begins.
LogicalResult lowerSplit(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(1)) || failed(lowering.checkElements(0, "")))
    return failure();
  Value input = lowering.input(0);
  int64_t rank = lowering.sizesOf(input).size();
  auto axis = lowering.axis(lowering.node.intAttribute("axis", 0), rank);
  if (!axis)
    return lowering.reject("the axis is outside the rank");
  DimExpr start;
  for (unsigned i = 0; i < lowering.node.getNumResults(); ++i) {
    if (!isa<RankedTensorType>(lowering.node.getResult(i).getType()))
      return lowering.reject("output " + Twine(i) + " is absent");
    Sizes sizes = lowering.resultSizes(i);
    SmallVector<Range> ranges(rank);
    if (start != DimExpr(0))
      ranges[*axis].start = lowering.index(start);
    lowering.results[i] = slice(lowering, input, sizes, ranges);
    start = start + sizes[*axis];
  }
  if (start != lowering.sizesOf(input)[*axis])
    return lowering.reject("the parts are not known to make up the input");
  return success();
}

} // namespace

void addSlicing(LoweringTable &table) {
  table["Slice"] = lowerSlice;
  table["Split"] = lowerSplit;
}

} // namespace qopt::generic

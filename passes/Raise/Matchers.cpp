//===- Matchers.cpp - What patterns of Raise ask of nodes -----------------===//

#include "passes/Raise/Matchers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace qopt {

onnx::NodeOp definingNode(Value value, StringRef type) {
  auto node = value ? value.getDefiningOp<onnx::NodeOp>() : nullptr;
  return node && node.is(type) ? node : nullptr;
}

std::optional<double> splatConstant(Value value) {
  DenseElementsAttr elements;
  if (!value || !matchPattern(value, m_Constant(&elements)) ||
      !elements.isSplat())
    return std::nullopt;
  Attribute element = elements.getSplatValue<Attribute>();
  if (auto number = dyn_cast<FloatAttr>(element))
    return number.getValueAsDouble();
  auto integer = cast<IntegerAttr>(element);
  return integer.getType().isInteger(1)
             ? double(integer.getValue().getBoolValue())
             : double(integer.getValue().getSExtValue());
}

std::vector<DimExpr> sizesOf(Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  auto sizes = type ? getSizes(type) : std::nullopt;
  return sizes ? std::vector<DimExpr>(sizes->begin(), sizes->end())
               : std::vector<DimExpr>();
}

Value otherInput(onnx::NodeOp node, Value other) {
  if (!node || node.getInputs().size() != 2)
    return nullptr;
  if (node.getInputs()[0] == other)
    return node.getInputs()[1];
  return node.getInputs()[1] == other ? node.getInputs()[0] : nullptr;
}

std::optional<Scaled> matchScaled(Value value) {
  if (auto node = definingNode(value, "Mul"))
    for (int i : {0, 1})
      if (auto factor = splatConstant(node.getInputs()[1 - i]))
        if (node.getInputs()[i].getType() == value.getType())
          return Scaled{node.getInputs()[i], *factor};
  if (auto node = definingNode(value, "Div"))
    if (auto divisor = splatConstant(node.getInputs()[1]))
      if (node.getInputs()[0].getType() == value.getType())
        return Scaled{node.getInputs()[0], 1.0 / *divisor};
  return std::nullopt;
}

std::optional<SliceRange> matchSlice(onnx::NodeOp node) {
  if (!node || !node.is("Slice"))
    return std::nullopt;
  std::vector<DimExpr> sizes = sizesOf(node.getInputs()[0]);
  auto starts = node.input(1) ? getElementSizes(node.input(1)) : std::nullopt;
  if (!starts || sizes.empty()) // a rank that nobody knows
    return std::nullopt;
  SmallVector<DimExpr> axes;
  for (size_t i = 0; i < starts->size(); ++i)
    axes.push_back(DimExpr(i));
  if (Value given = node.input(3)) {
    auto read = getElementSizes(given);
    if (!read)
      return std::nullopt;
    axes = *read;
  }
  if (Value steps = node.input(4); steps && splatConstant(steps) != 1.0)
    return std::nullopt;
  SliceRange range;
  range.starts.resize(sizes.size());
  for (auto [axis, start] : llvm::zip(axes, *starts)) {
    auto number = axis.constant();
    if (!number)
      return std::nullopt;
    *number += *number < 0 ? int64_t(sizes.size()) : 0;
    if (*number < 0 || *number >= int64_t(sizes.size()))
      return std::nullopt;
    auto constant = start.constant();
    range.starts[*number] =
        constant && *constant < 0 ? sizes[*number] + start : start;
  }
  return range;
}

/// Reshape nodes and qopt.reshape alike: the value before.
static Value beforeReshape(Value value) {
  if (auto reshape = value.getDefiningOp<ReshapeOp>())
    return reshape.getInput();
  for (StringRef type : {"Reshape", "Unsqueeze", "Squeeze", "Flatten"})
    if (auto node = definingNode(value, type))
      return node.getInputs()[0];
  return nullptr;
}

std::optional<HeadsView> matchHeadsView(Value value) {
  std::vector<DimExpr> sizes = sizesOf(value);
  if (sizes.size() != 4 || !sizes[1].isConstant() || !sizes[3].isConstant())
    return std::nullopt;
  int64_t heads = *sizes[1].constant(), size = *sizes[3].constant();
  std::vector<DimExpr> tokens = {sizes[0], sizes[2], DimExpr(heads * size)};
  Value before;
  if (auto transpose = definingNode(value, "Transpose")) {
    auto permutation = transpose.intsAttribute("perm");
    if (permutation && *permutation == SmallVector<int64_t>{0, 2, 1, 3})
      before = transpose.getInputs()[0];
  } else if (heads == 1 || sizes[2] == DimExpr(1)) {
    before = value; // one head: both views have the same order
  }
  if (!before)
    return std::nullopt;
  Value flat = beforeReshape(before);
  if (!flat || sizesOf(flat) != tokens)
    return std::nullopt;
  return HeadsView{flat, heads, size};
}

Value makeNode(OpBuilder &builder, Location loc, StringRef type,
               ValueRange inputs, RankedTensorType result,
               ArrayRef<NamedAttribute> parameters) {
  return onnx::NodeOp::create(
             builder, loc, TypeRange{result}, builder.getStringAttr(type),
             inputs, builder.getDictionaryAttr(parameters),
             builder.getStringAttr(""), builder.getI64IntegerAttr(23),
             StringAttr(), builder.getStrArrayAttr({}), 0u)
      .getResult(0);
}

Value makeReshape(OpBuilder &builder, Location loc, Value value,
                  ArrayRef<DimExpr> sizes) {
  auto type = getTensorType(
      sizes, cast<RankedTensorType>(value.getType()).getElementType());
  if (type == value.getType())
    return value;
  return ReshapeOp::create(builder, loc, type, value);
}

Value makeHeadsView(OpBuilder &builder, Location loc, Value tokens,
                    int64_t heads) {
  std::vector<DimExpr> sizes = sizesOf(tokens);
  int64_t size = *sizes[2].constant() / heads;
  Value split =
      makeReshape(builder, loc, tokens,
                  {sizes[0], sizes[1], DimExpr(heads), DimExpr(size)});
  Type element = cast<RankedTensorType>(tokens.getType()).getElementType();
  return makeNode(
      builder, loc, "Transpose", split,
      getTensorType({sizes[0], DimExpr(heads), sizes[1], DimExpr(size)},
                    element),
      builder.getNamedAttr("perm", builder.getI64ArrayAttr({0, 2, 1, 3})));
}

} // namespace qopt

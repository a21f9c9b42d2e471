//===- Values.cpp - Elements of small integer tensors ---------------------===//

#include "passes/Import/Symbols/Values.h"

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Import/Symbols/Facts.h"

using namespace mlir;

namespace qopt {

std::optional<DimExpr> getScalarSize(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto cast = dyn_cast_or_null<arith::IndexCastOp>(op))
    op = cast.getIn().getDefiningOp();
  if (auto dim = dyn_cast_or_null<DimOp>(op))
    return DimExpr::parse(dim.getExpression());
  auto constant = dyn_cast_or_null<arith::ConstantOp>(op);
  auto integer =
      constant ? dyn_cast<IntegerAttr>(constant.getValue()) : IntegerAttr();
  if (!integer || !integer.getValue().trySExtValue())
    return std::nullopt;
  // A boolean is 0 or 1.
  return DimExpr(integer.getType().isInteger(1)
                     ? int64_t(integer.getValue().getZExtValue())
                     : integer.getValue().getSExtValue());
}

std::optional<SmallVector<DimExpr>> getElementSizes(Value value) {
  SmallVector<DimExpr> sizes;
  Operation *op = value.getDefiningOp();
  if (auto made = dyn_cast_or_null<tensor::FromElementsOp>(op)) {
    for (Value element : made.getElements()) {
      auto size = getScalarSize(element);
      if (!size)
        return std::nullopt;
      sizes.push_back(*size);
    }
    return sizes;
  }
  auto constant = dyn_cast_or_null<arith::ConstantOp>(op);
  auto elements =
      constant ? symbols::readElements(constant.getValue()) : std::nullopt;
  if (!elements)
    return std::nullopt;
  for (const symbols::Element &element : *elements) {
    if (!element.integer())
      return std::nullopt;
    sizes.push_back(*element.integer());
  }
  return sizes;
}

std::optional<SmallVector<int64_t>> getElementIntegers(Value value) {
  auto sizes = getElementSizes(value);
  SmallVector<int64_t> integers;
  for (const DimExpr &size : sizes.value_or(SmallVector<DimExpr>())) {
    if (!size.constant())
      return std::nullopt;
    integers.push_back(*size.constant());
  }
  return sizes ? std::optional(integers) : std::nullopt;
}

} // namespace qopt

//===- NodeChecks.cpp - What an ONNX node says ----------------------------===//

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "passes/Lower/Generic/NodeLowering.h"

using namespace mlir;

namespace qopt::generic {

LogicalResult NodeLowering::reject(const Twine &why) {
  if (reason.empty())
    reason = why.str();
  return failure();
}

bool NodeLowering::isWanted(unsigned output) {
  return output < node.getNumResults() &&
         isa<RankedTensorType>(node.getResult(output).getType()) &&
         (output == 0 || !node.getResult(output).use_empty());
}

RankedTensorType NodeLowering::resultType(unsigned i) {
  return cast<RankedTensorType>(node.getResult(i).getType());
}

LogicalResult NodeLowering::checkTensors(unsigned inputs) {
  for (auto [i, value] : llvm::enumerate(node.getInputs())) {
    if (isa<NoneType>(value.getType()))
      continue;
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return reject("input " + Twine(i) + " has no known rank");
    if (!getSizes(type))
      return reject("input " + Twine(i) + " has a data-dependent shape");
  }
  for (unsigned i = 0; i < inputs; ++i)
    if (!input(i))
      return reject("input " + Twine(i) + " is absent");
  for (auto [i, value] : llvm::enumerate(node.getResults())) {
    if (isa<NoneType>(value.getType()))
      continue;
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return reject("output " + Twine(i) + " has no known rank");
    if (!getSizes(type))
      return reject("output " + Twine(i) + " has a data-dependent shape");
  }
  return success();
}

LogicalResult NodeLowering::checkElements(unsigned i, StringRef allowed) {
  Type type = elementType(input(i));
  bool isNumber = isa<FloatType, IntegerType>(type);
  bool fits =
      allowed.empty()
          ? isNumber && type.getIntOrFloatBitWidth() <= 64
          : (allowed.contains('f') && (type.isF32() || type.isF64())) ||
                (allowed.contains('s') && type.isF32()) ||
                (allowed.contains('i') && isa<IntegerType>(type) &&
                 !type.isInteger(1) && type.getIntOrFloatBitWidth() % 8 == 0) ||
                (allowed.contains('b') && type.isInteger(1));
  if (fits)
    return success();
  std::string name;
  llvm::raw_string_ostream(name) << type;
  return reject("elements of type " + Twine(name) +
                " are not supported (input " + Twine(i) + ")");
}

std::optional<int64_t> NodeLowering::axis(int64_t value, int64_t rank) {
  if (value < -rank || value >= rank)
    return std::nullopt;
  return value < 0 ? value + rank : value;
}

/// A scalar as an expression.
static std::optional<DimExpr> scalarExpression(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return DimExpr(constant.getSExtValue());
  if (auto dim = value.getDefiningOp<DimOp>())
    return DimExpr::parse(dim.getExpression());
  if (auto cast = value.getDefiningOp<arith::IndexCastOp>())
    return scalarExpression(cast.getIn());
  return std::nullopt;
}

std::optional<Sizes> NodeLowering::elements(Value tensor) {
  Operation *op = tensor ? tensor.getDefiningOp() : nullptr;
  if (!op)
    return std::nullopt;
  Sizes sizes;
  DenseIntElementsAttr dense;
  if (matchPattern(tensor, m_Constant(&dense))) {
    for (const APInt &value : dense)
      sizes.push_back(DimExpr(dense.getElementType().isUnsignedInteger()
                                  ? int64_t(value.getZExtValue())
                                  : value.getSExtValue()));
    return sizes;
  }
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return elements(reshape.getInput());
  if (auto node = dyn_cast<onnx::NodeOp>(op)) {
    if (!node.is("Constant"))
      return std::nullopt;
    if (auto value =
            node.getParameters().getAs<DenseIntElementsAttr>("value")) {
      for (const APInt &element : value)
        sizes.push_back(DimExpr(element.getSExtValue()));
      return sizes;
    }
    if (auto ints = node.intsAttribute("value_ints"))
      return Sizes(ints->begin(), ints->end());
    if (node.attribute("value_int"))
      return Sizes{DimExpr(node.intAttribute("value_int", 0))};
    return std::nullopt;
  }
  auto from = dyn_cast<tensor::FromElementsOp>(op);
  if (!from)
    return std::nullopt;
  for (Value element : from.getElements()) {
    auto size = scalarExpression(element);
    if (!size)
      return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

std::optional<SmallVector<int64_t>> NodeLowering::constants(Value tensor) {
  auto sizes = elements(tensor);
  if (!sizes)
    return std::nullopt;
  SmallVector<int64_t> values;
  for (const DimExpr &size : *sizes) {
    if (!size.isConstant())
      return std::nullopt;
    values.push_back(*size.constant());
  }
  return values;
}

} // namespace qopt::generic

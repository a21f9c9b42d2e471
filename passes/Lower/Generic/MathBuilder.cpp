//===- MathBuilder.cpp - Formulas on scalars or vectors -------------------===//

#include "passes/Lower/Generic/MathBuilder.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace qopt::generic {

Type MathBuilder::like(Type element) const {
  if (auto vector = dyn_cast<VectorType>(shape))
    return vector.clone(element);
  return element;
}

Value MathBuilder::number(Type type, double value) const {
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  APFloat exact(value);
  bool losesInfo;
  exact.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  TypedAttr attribute = FloatAttr::get(element, exact);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return make<arith::ConstantOp>(attribute);
}

Value MathBuilder::integer(Type type, int64_t value) const {
  TypedAttr attribute =
      builder.getIntegerAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return make<arith::ConstantOp>(attribute);
}

Value MathBuilder::mulAdd(Value a, Value b, Value c) const {
  auto contract = arith::FastMathFlags::contract;
  return make<arith::AddFOp>(make<arith::MulFOp>(a, b, contract), c, contract);
}

Value MathBuilder::polynomial(Value x, ArrayRef<double> coefficients) const {
  Value result = number(x.getType(), coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    result = mulAdd(result, x, number(x.getType(), coefficient));
  return result;
}

Value MathBuilder::negate(Value condition) const {
  return make<arith::XOrIOp>(condition, integer(condition.getType(), 1));
}

Value MathBuilder::clamp(Value x, double low, double high) const {
  x = select(less(x, low), number(x.getType(), low), x);
  return select(greater(x, high), number(x.getType(), high), x);
}

Value MathBuilder::abs(Value x) const {
  return bits(f32(), andInt(bits(i32(), x), 0x7fffffff));
}

Value MathBuilder::copySign(Value a, Value b) const {
  Value sign = andInt(bits(i32(), b), int64_t(-0x7fffffff) - 1);
  Value magnitude = andInt(bits(i32(), a), 0x7fffffff);
  return bits(f32(), make<arith::OrIOp>(magnitude, sign));
}

} // namespace qopt::generic

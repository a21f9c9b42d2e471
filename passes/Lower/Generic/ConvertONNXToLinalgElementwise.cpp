//===- ConvertONNXToLinalgElementwise.cpp - Scalar functions --------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "passes/Lower/Generic/NodeLowering.h"

using namespace mlir;

namespace qopt::generic {
namespace {

using Function = llvm::function_ref<Value(ArrayRef<Value>)>;

/// All inputs through one function of scalars, with broadcasting.
LogicalResult mapInputs(NodeLowering &lowering, Function function) {
  SmallVector<Value> inputs(lowering.node.getInputs());
  RankedTensorType type = lowering.resultType();
  lowering.results[0] = lowering.map(inputs, lowering.resultSizes(),
                                     type.getElementType(), function);
  return success();
}

LogicalResult check(NodeLowering &lowering, unsigned inputs,
                    StringRef allowed) {
  if (failed(lowering.checkTensors(inputs)))
    return failure();
  for (unsigned i = 0; i < lowering.numInputs(); ++i) {
    if (!lowering.input(i))
      return lowering.reject("input " + Twine(i) + " is absent");
    if (failed(lowering.checkElements(i, allowed)))
      return failure();
  }
  return success();
}

template <typename FloatOp, typename IntegerOp>
LogicalResult lowerBinary(NodeLowering &lowering) {
  if (failed(check(lowering, 2, "fi")))
    return failure();
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    if (isFloat(x[0].getType()))
      return lowering.make<FloatOp>(x[0], x[1]);
    return lowering.make<IntegerOp>(x[0], x[1]);
  });
}

/// Truncates; x / 0 is 0 and min / -1 is min, where the instruction traps.
Value divideIntegers(NodeLowering &lowering, Value a, Value b,
                     bool isUnsigned) {
  Type type = a.getType();
  Value zero = lowering.integer(type, 0), one = lowering.integer(type, 1);
  Value isZero = lowering.compare(arith::CmpIPredicate::eq, b, zero);
  Value divisor = lowering.select(isZero, one, b);
  if (isUnsigned)
    return lowering.select(isZero, zero,
                           lowering.make<arith::DivUIOp>(a, divisor));
  Value isMinusOne =
      lowering.compare(arith::CmpIPredicate::eq, b, lowering.integer(type, -1));
  divisor = lowering.select(isMinusOne, one, divisor);
  Value quotient = lowering.make<arith::DivSIOp>(a, divisor);
  quotient = lowering.select(isMinusOne, lowering.make<arith::SubIOp>(zero, a),
                             quotient);
  return lowering.select(isZero, zero, quotient);
}

LogicalResult lowerDiv(NodeLowering &lowering) {
  if (failed(check(lowering, 2, "fi")))
    return failure();
  bool isUnsignedType = isUnsigned(lowering.elementType(lowering.input(0)));
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    if (isFloat(x[0].getType()))
      return lowering.make<arith::DivFOp>(x[0], x[1]);
    return divideIntegers(lowering, x[0], x[1], isUnsignedType);
  });
}

/// base^exponent of integers by squaring; a negative exponent gives 1 / base^n.
Value powerOfIntegers(NodeLowering &lowering, Value base, Value exponent) {
  Type type = base.getType();
  Value one = lowering.integer(type, 1), zero = lowering.integer(type, 0);
  Value noBits = lowering.integer(exponent.getType(), 0);
  Value isNegative =
      lowering.compare(arith::CmpIPredicate::slt, exponent, noBits);
  Value size = lowering.make<math::AbsIOp>(exponent);
  Value result = one, square = base;
  for (int64_t bit = 1; bit < 64; bit *= 2) { // beyond 63 all but +-1 overflow
    Value masked = lowering.make<arith::AndIOp>(
        size, lowering.integer(exponent.getType(), bit));
    Value isSet = lowering.compare(arith::CmpIPredicate::ne, masked, noBits);
    result = lowering.select(
        isSet, lowering.make<arith::MulIOp>(result, square), result);
    square = lowering.make<arith::MulIOp>(square, square);
  }
  Value isUnit = lowering.compare(arith::CmpIPredicate::eq,
                                  lowering.make<math::AbsIOp>(base), one);
  Value inverse = lowering.select(isUnit, result, zero);
  return lowering.select(isNegative, inverse, result);
}

/// x^n for the few exponents that cost less than a power and are exact.
Value knownPower(NodeLowering &lowering, Value x, double exponent) {
  auto one = [&] { return lowering.number(x.getType(), 1); };
  auto root = [&]() -> Value { return lowering.make<math::SqrtOp>(x); };
  auto square = [&]() -> Value { return lowering.make<arith::MulFOp>(x, x); };
  if (exponent == 0)
    return one();
  if (exponent == 1)
    return x;
  if (exponent == 2)
    return square();
  if (exponent == 3)
    return lowering.make<arith::MulFOp>(square(), x);
  if (exponent == 0.5)
    return root();
  if (exponent == -1)
    return lowering.make<arith::DivFOp>(one(), x);
  if (exponent == -2)
    return lowering.make<arith::DivFOp>(one(), square());
  if (exponent == -0.5)
    return lowering.make<arith::DivFOp>(one(), root());
  return nullptr;
}

/// The one value of a constant tensor.
std::optional<double> splatValue(Value tensor) {
  DenseElementsAttr dense;
  if (!matchPattern(tensor, m_Constant(&dense)) || !dense.isSplat())
    return std::nullopt;
  if (isa<FloatType>(dense.getElementType()))
    return dense.getSplatValue<FloatAttr>().getValueAsDouble();
  return double(dense.getSplatValue<APInt>().getSExtValue());
}

LogicalResult lowerPow(NodeLowering &lowering) {
  if (failed(check(lowering, 2, "fi")))
    return failure();
  Type base = lowering.elementType(lowering.input(0));
  Type exponent = lowering.elementType(lowering.input(1));
  auto known = splatValue(lowering.input(1));
  bool isKnown =
      known && llvm::is_contained({0., 1., 2., 3., .5, -1., -2., -.5}, *known);
  if (base.isF64() && !isKnown)
    return lowering.reject("powers of f64 are not supported");
  Type f32 = lowering.builder.getF32Type();
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    if (!isFloat(base) && !isFloat(exponent)) {
      Value n = castScalar(lowering, x[1], exponent, base);
      return powerOfIntegers(lowering, x[0], n);
    }
    if (isFloat(base) && isKnown)
      if (Value power = knownPower(lowering, x[0], *known))
        return power;
    Value n = castScalar(lowering, x[1], exponent, f32);
    Value power =
        lowering.make<math::PowFOp>(castScalar(lowering, x[0], base, f32), n);
    if (isFloat(base))
      return power;
    // An integer to an integral power is an integer before it is truncated.
    Value rounded = lowering.make<math::RoundEvenOp>(power);
    Value isIntegral = lowering.compare(arith::CmpFPredicate::OEQ, n,
                                        lowering.make<math::FloorOp>(n));
    return castScalar(lowering, lowering.select(isIntegral, rounded, power),
                      f32, base);
  });
}

template <typename FloatOp, typename SignedOp, typename UnsignedOp>
LogicalResult lowerExtremum(NodeLowering &lowering) {
  if (failed(check(lowering, 1, "fi")))
    return failure();
  bool isUnsignedType = isUnsigned(lowering.elementType(lowering.input(0)));
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    Value result = x[0];
    for (Value next : x.drop_front()) {
      if (isFloat(next.getType()))
        result = lowering.make<FloatOp>(result, next);
      else if (isUnsignedType)
        result = lowering.make<UnsignedOp>(result, next);
      else
        result = lowering.make<SignedOp>(result, next);
    }
    return result;
  });
}

template <typename LogicOp> LogicalResult lowerLogic(NodeLowering &lowering) {
  if (failed(check(lowering, 2, "b")))
    return failure();
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    return lowering.make<LogicOp>(x[0], x[1]);
  });
}

LogicalResult lowerNot(NodeLowering &lowering) {
  if (failed(check(lowering, 1, "b")))
    return failure();
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    return lowering.make<arith::XOrIOp>(x[0],
                                        lowering.integer(x[0].getType(), 1));
  });
}

template <arith::CmpFPredicate floats, arith::CmpIPredicate signedIntegers,
          arith::CmpIPredicate unsignedIntegers>
LogicalResult lowerComparison(NodeLowering &lowering) {
  bool isEquality = signedIntegers == arith::CmpIPredicate::eq;
  if (failed(check(lowering, 2, isEquality ? "fib" : "fi")))
    return failure();
  bool isUnsignedType = isUnsigned(lowering.elementType(lowering.input(0)));
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    if (isFloat(x[0].getType()))
      return lowering.compare(floats, x[0], x[1]);
    return lowering.compare(isUnsignedType ? unsignedIntegers : signedIntegers,
                            x[0], x[1]);
  });
}

LogicalResult lowerWhere(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(3)) ||
      failed(lowering.checkElements(0, "b")) ||
      failed(lowering.checkElements(1, "")))
    return failure();
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    return lowering.select(x[0], x[1], x[2]);
  });
}

LogicalResult lowerIsNaN(NodeLowering &lowering) {
  if (failed(check(lowering, 1, "f")))
    return failure();
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    return lowering.compare(arith::CmpFPredicate::UNO, x[0], x[0]);
  });
}

LogicalResult lowerAbs(NodeLowering &lowering) {
  if (failed(check(lowering, 1, "fi")))
    return failure();
  bool isUnsignedType = isUnsigned(lowering.elementType(lowering.input(0)));
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    if (isFloat(x[0].getType()))
      return lowering.make<math::AbsFOp>(x[0]);
    return isUnsignedType ? x[0] : lowering.make<math::AbsIOp>(x[0]);
  });
}

LogicalResult lowerNeg(NodeLowering &lowering) {
  if (failed(check(lowering, 1, "fi")))
    return failure();
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    if (isFloat(x[0].getType()))
      return lowering.make<arith::NegFOp>(x[0]);
    return lowering.make<arith::SubIOp>(lowering.integer(x[0].getType(), 0),
                                        x[0]);
  });
}

/// Functions with an instruction are there for f64 too; the others are made of
/// polynomials, in f32.
template <typename MathOp, bool hasDouble = false>
LogicalResult lowerFunction(NodeLowering &lowering) {
  if (failed(check(lowering, 1, hasDouble ? "f" : "s")))
    return failure();
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    return lowering.make<MathOp>(x[0]);
  });
}

LogicalResult lowerReciprocal(NodeLowering &lowering) {
  if (failed(check(lowering, 1, "f")))
    return failure();
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    return lowering.make<arith::DivFOp>(lowering.number(x[0].getType(), 1),
                                        x[0]);
  });
}

LogicalResult lowerSigmoid(NodeLowering &lowering) {
  if (failed(check(lowering, 1, "s")))
    return failure();
  return mapInputs(lowering, [&](ArrayRef<Value> x) -> Value {
    Value one = lowering.number(x[0].getType(), 1);
    Value power =
        lowering.make<math::ExpOp>(lowering.make<arith::NegFOp>(x[0]));
    return lowering.make<arith::DivFOp>(
        one, lowering.make<arith::AddFOp>(one, power));
  });
}

} // namespace

void addElementwise(LoweringTable &table) {
  using FP = arith::CmpFPredicate;
  using IP = arith::CmpIPredicate;
  table["Add"] = lowerBinary<arith::AddFOp, arith::AddIOp>;
  table["Sub"] = lowerBinary<arith::SubFOp, arith::SubIOp>;
  table["Mul"] = lowerBinary<arith::MulFOp, arith::MulIOp>;
  table["Div"] = lowerDiv;
  table["Pow"] = lowerPow;
  table["Max"] =
      lowerExtremum<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>;
  table["Min"] =
      lowerExtremum<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>;
  table["And"] = lowerLogic<arith::AndIOp>;
  table["Or"] = lowerLogic<arith::OrIOp>;
  table["Xor"] = lowerLogic<arith::XOrIOp>;
  table["Not"] = lowerNot;
  table["Equal"] = lowerComparison<FP::OEQ, IP::eq, IP::eq>;
  table["Less"] = lowerComparison<FP::OLT, IP::slt, IP::ult>;
  table["LessOrEqual"] = lowerComparison<FP::OLE, IP::sle, IP::ule>;
  table["Greater"] = lowerComparison<FP::OGT, IP::sgt, IP::ugt>;
  table["GreaterOrEqual"] = lowerComparison<FP::OGE, IP::sge, IP::uge>;
  table["Where"] = lowerWhere;
  table["IsNaN"] = lowerIsNaN;
  table["Abs"] = lowerAbs;
  table["Neg"] = lowerNeg;
  table["Sqrt"] = lowerFunction<math::SqrtOp, /*hasDouble=*/true>;
  table["Floor"] = lowerFunction<math::FloorOp>;
  table["Ceil"] = lowerFunction<math::CeilOp>;
  table["Round"] = lowerFunction<math::RoundEvenOp>;
  table["Exp"] = lowerFunction<math::ExpOp>;
  table["Log"] = lowerFunction<math::LogOp>;
  table["Erf"] = lowerFunction<math::ErfOp>;
  table["Sin"] = lowerFunction<math::SinOp>;
  table["Cos"] = lowerFunction<math::CosOp>;
  table["Tanh"] = lowerFunction<math::TanhOp>;
  table["Reciprocal"] = lowerReciprocal;
  table["Sigmoid"] = lowerSigmoid;
}

} // namespace qopt::generic

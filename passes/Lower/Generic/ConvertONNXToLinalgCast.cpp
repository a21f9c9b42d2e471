//===- ConvertONNXToLinalgCast.cpp - Changes of element type --------------===//

#include "passes/Lower/Generic/NodeLowering.h"

using namespace mlir;

namespace qopt::generic {

static bool isHalf(Type type) { return type.isF16() || type.isBF16(); }

/// Truncates. ONNX leaves open what becomes of NaN and of numbers outside the
/// type: they become 0 and the nearest number that a float of `from` and the
/// type can hold, so that no undefined value reaches an index.
static Value floatToInteger(NodeLowering &lowering, Value value, Type to) {
  Type from = value.getType();
  unsigned bits = to.getIntOrFloatBitWidth();
  bool toUnsigned = isUnsigned(to);
  auto &semantics = cast<FloatType>(from).getFloatSemantics();
  auto limit = [&](bool isMax) {
    APInt integer = toUnsigned ? (isMax ? APInt::getMaxValue(bits)
                                        : APInt::getMinValue(bits))
                               : (isMax ? APInt::getSignedMaxValue(bits)
                                        : APInt::getSignedMinValue(bits));
    APFloat number(semantics);
    number.convertFromAPInt(integer, !toUnsigned, APFloat::rmTowardZero);
    return lowering.make<arith::ConstantOp>(FloatAttr::get(from, number));
  };
  Value low = limit(false), high = limit(true);
  auto less = arith::CmpFPredicate::OLT;
  Value isNumber = lowering.compare(arith::CmpFPredicate::ORD, value, value);
  value = lowering.select(isNumber, value, lowering.number(from, 0));
  value = lowering.select(lowering.compare(less, value, low), low, value);
  value = lowering.select(lowering.compare(less, high, value), high, value);
  if (toUnsigned)
    return lowering.make<arith::FPToUIOp>(signless(to), value);
  return lowering.make<arith::FPToSIOp>(signless(to), value);
}

Value castScalar(NodeLowering &lowering, Value value, Type from, Type to) {
  if (from == to)
    return value;
  if (isHalf(from) || (isHalf(to) && !to.isF32() && from.isF64()))
    // Halves are widened first; f64 goes to halves over f32.
    if (!to.isF32() && !from.isF32()) {
      Type f32 = lowering.builder.getF32Type();
      return castScalar(lowering, castScalar(lowering, value, from, f32), f32,
                        to);
    }
  unsigned fromBits = from.getIntOrFloatBitWidth();
  unsigned toBits = to.getIntOrFloatBitWidth();
  if (isFloat(from) && isFloat(to))
    return fromBits < toBits ? lowering.make<arith::ExtFOp>(to, value)
                             : lowering.make<arith::TruncFOp>(to, value);
  if (to.isInteger(1)) {
    if (isFloat(from))
      return lowering.compare(arith::CmpFPredicate::UNE, value,
                              lowering.number(from, 0));
    return lowering.compare(arith::CmpIPredicate::ne, value,
                            lowering.integer(from, 0));
  }
  if (isFloat(from))
    return floatToInteger(lowering, value, to);
  if (isFloat(to)) {
    Type f32 = lowering.builder.getF32Type();
    Type wide = isHalf(to) ? f32 : to;
    Value number = isUnsigned(from)
                       ? lowering.make<arith::UIToFPOp>(wide, value)
                       : lowering.make<arith::SIToFPOp>(wide, value);
    return castScalar(lowering, number, wide, to);
  }
  if (fromBits == toBits)
    return value;
  if (fromBits > toBits)
    return lowering.make<arith::TruncIOp>(signless(to), value);
  return isUnsigned(from) ? lowering.make<arith::ExtUIOp>(signless(to), value)
                          : lowering.make<arith::ExtSIOp>(signless(to), value);
}

static bool isCastable(Type type) {
  if (isa<FloatType>(type))
    return type.isF16() || type.isBF16() || type.isF32() || type.isF64();
  return type.isInteger(1) ||
         (isa<IntegerType>(type) && type.getIntOrFloatBitWidth() % 8 == 0 &&
          type.getIntOrFloatBitWidth() <= 64);
}

static LogicalResult lowerCast(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(1)))
    return failure();
  Value input = lowering.input(0);
  Type from = lowering.elementType(input);
  Type to = lowering.resultType().getElementType();
  for (Type type : {from, to})
    if (!isCastable(type)) {
      std::string name;
      llvm::raw_string_ostream(name) << type;
      return lowering.reject("casts of type " + name + " are not supported");
    }
  lowering.results[0] =
      from == to ? input
                 : lowering.map(input, lowering.resultSizes(), to,
                                [&](ArrayRef<Value> x) {
                                  return castScalar(lowering, x[0], from, to);
                                });
  return success();
}

void addCast(LoweringTable &table) {
  table["Cast"] = lowerCast;
  table["CastLike"] = lowerCast;
}

} // namespace qopt::generic

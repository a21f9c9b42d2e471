//===- ExpandMathHalf.cpp - f16 and bf16 by integer arithmetic ------------===//

#include "passes/Lower/Generic/MathBuilder.h"

using namespace mlir;

namespace qopt::generic {

static Value orInt(const MathBuilder &math, Value a, Value b) {
  return math.make<arith::OrIOp>(a, b);
}

static Value isAtLeast(const MathBuilder &math, Value a, int64_t limit) {
  return math.make<arith::CmpIOp>(arith::CmpIPredicate::sge, a, math.i(limit));
}

/// The exponent moves from 5 to 8 bits: its bias grows by 112. Infinity and NaN
/// take the largest exponent; denormals are their fraction times 2^-24, which a
/// subtraction normalizes.
Value widenF16(const MathBuilder &math, Value x) {
  Value raw = math.make<arith::ExtUIOp>(math.i32(), math.bits(math.i16(), x));
  Value sign = math.shiftLeft(math.andInt(raw, 0x8000), 16);
  Value magnitude = math.andInt(raw, 0x7fff);
  Value moved = math.addInt(math.shiftLeft(magnitude, 13), 112 << 23);
  Value special = math.addInt(moved, 112 << 23);
  // 2^-14 with the fraction below, minus 2^-14
  Value denormal = math.add(math.bits(math.f32(), math.addInt(moved, 1 << 23)),
                            -0.00006103515625);
  Value result =
      math.select(isAtLeast(math, magnitude, 0x7c00), special, moved);
  result = math.select(isAtLeast(math, magnitude, 0x0400), result,
                       math.bits(math.i32(), denormal));
  return math.bits(math.f32(), orInt(math, result, sign));
}

/// Round to nearest even. Normal numbers: half an ulp, less one unit where the
/// kept fraction is even, is added before the cut. Denormals: adding 0.5 puts
/// their rounded multiple of 2^-24 into the low bits.
Value narrowF16(const MathBuilder &math, Value x) {
  Value raw = math.bits(math.i32(), x);
  Value sign = math.andInt(math.shiftRight(raw, 16), 0x8000);
  Value magnitude = math.andInt(raw, 0x7fffffff);
  Value odd = math.andInt(math.shiftRight(magnitude, 13), 1);
  Value rounded = math.make<arith::AddIOp>(
      math.addInt(magnitude, 0xfff - (int64_t(112) << 23)), odd);
  Value normal = math.shiftRight(rounded, 13);
  Value shifted = math.add(math.bits(math.f32(), magnitude), 0.5);
  Value denormal = math.addInt(math.bits(math.i32(), shifted), -0x3f000000);
  Value result =
      math.select(isAtLeast(math, magnitude, 0x38800000), normal, denormal);
  Value special = math.select(isAtLeast(math, magnitude, 0x7f800001),
                              math.i(0x7e00), math.i(0x7c00));
  result = math.select(isAtLeast(math, magnitude, 0x47800000), special, result);
  Value half =
      math.make<arith::TruncIOp>(math.i16(), orInt(math, result, sign));
  return math.bits(math.like(math.builder.getF16Type()), half);
}

Value widenBF16(const MathBuilder &math, Value x) {
  Value raw = math.make<arith::ExtUIOp>(math.i32(), math.bits(math.i16(), x));
  return math.bits(math.f32(), math.shiftLeft(raw, 16));
}

/// Round to nearest even; NaN stays quiet.
Value narrowBF16(const MathBuilder &math, Value x) {
  Value raw = math.bits(math.i32(), x);
  Value odd = math.andInt(math.shiftRight(raw, 16), 1);
  Value rounded = math.make<arith::AddIOp>(math.addInt(raw, 0x7fff), odd);
  Value quiet = orInt(math, raw, math.i(0x400000));
  Value isNumber = math.compare(arith::CmpFPredicate::ORD, x, x);
  Value kept = math.shiftRight(math.select(isNumber, rounded, quiet), 16);
  return math.bits(math.like(math.builder.getBF16Type()),
                   math.make<arith::TruncIOp>(math.i16(), kept));
}

} // namespace qopt::generic

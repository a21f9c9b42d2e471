//===- ExpandMathPower.cpp - x^y, and rounding to integers ----------------===//

#include "passes/Lower/Generic/MathBuilder.h"

#include <limits>

using namespace mlir;

namespace qopt::generic {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// log2 of a positive f64 that came from f32: exponent + log2(m), m between
/// sqrt(1/2) and sqrt(2), by s = (m - 1) / (m + 1).
static Value logarithm(const MathBuilder &math, Value x) {
  constexpr int64_t rootHalf = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
  Value shifted = math.addInt(math.bits(math.i64(), x), one - rootHalf);
  // The exponent as f64: below the exponent bits of 2^52, which is taken off.
  constexpr int64_t twoTo52 = 0x4330000000000000;
  Value exponent = math.make<arith::OrIOp>(math.shiftRight(shifted, 52),
                                           math.integer(math.i64(), twoTo52));
  Value n =
      math.add(math.bits(math.f64(), exponent), -(4503599627370496.0 + 1023));
  Value m = math.bits(
      math.f64(), math.addInt(math.andInt(shifted, 0xfffffffffffff), rootHalf));
  Value s = math.div(math.add(m, -1), math.add(m, 1));
  // minimax on m's interval, error 4.3e-12
  Value p = math.polynomial(math.mul(s, s),
                            {2.88539008179019341, 0.961796673187387887,
                             0.577083616773406471, 0.411670692131231308,
                             0.340769537450615723});
  return math.mulAdd(s, p, n);
}

/// 2^x of an f64 from -1000 to 1000.
static Value exponential(const MathBuilder &math, Value x) {
  constexpr double magic = 6755399441055744.0;
  Value shifted = math.add(x, magic);
  Value r = math.sub(x, math.add(shifted, -magic));
  // minimax on [-1/2, 1/2], error 4.7e-11
  Value p = math.polynomial(r, {1, 0.693147180704762667, 0.240226510670033866,
                                0.0555041036539097379, 0.00961803805958825336,
                                0.00133339353571031009, 0.000154667815336606622,
                                0.0000151961338840174164});
  // The low bits of `shifted` are the exponent.
  Value scale =
      math.shiftLeft(math.addInt(math.bits(math.i64(), shifted), 1023), 52);
  return math.mul(p, math.bits(math.f64(), scale));
}

/// 2^(y log2 |x|) in f64, with the special values of C's pow.
Value expandPow(const MathBuilder &math, Value x, Value y) {
  Value magnitude = math.abs(x);
  Value log = logarithm(math, math.make<arith::ExtFOp>(math.f64(), magnitude));
  auto wide = [&](double value) { return math.number(math.f64(), value); };
  log = math.select(math.equal(magnitude, 0), wide(-infinity), log);
  log = math.select(math.equal(magnitude, infinity), wide(infinity), log);
  Value isNumber =
      math.compare(arith::CmpFPredicate::ORD, magnitude, magnitude);
  log = math.select(isNumber, log,
                    wide(std::numeric_limits<double>::quiet_NaN()));
  Value product = math.mul(log, math.make<arith::ExtFOp>(math.f64(), y));
  product = math.select(math.equal(magnitude, 1), wide(0), product);
  product = math.clamp(product, -1000, 1000);
  Value power =
      math.make<arith::TruncFOp>(math.f32(), exponential(math, product));
  // A negative number has powers with integers only; odd ones are negative.
  auto isWhole = [&](Value value) {
    return math.compare(arith::CmpFPredicate::OEQ,
                        expandRound(math, value, Rounding::Even), value);
  };
  Value isInteger = isWhole(y);
  Value isOdd = math.both(isInteger, math.negate(isWhole(math.mul(y, 0.5))));
  Value isNegative = math.make<arith::CmpIOp>(
      arith::CmpIPredicate::slt, math.bits(math.i32(), x), math.i(0));
  Value negative = math.make<arith::NegFOp>(power);
  power = math.select(math.both(isOdd, isNegative), negative, power);
  Value isFinite = math.less(magnitude, infinity);
  Value hasNone =
      math.both(math.both(math.less(x, 0), isFinite), math.negate(isInteger));
  power = math.select(hasNone, math.f(std::numeric_limits<double>::quiet_NaN()),
                      power);
  return math.select(math.equal(y, 0), math.f(1), power);
}

Value expandRound(const MathBuilder &math, Value x, Rounding rounding) {
  // Beyond 2^23 every number is an integer; below, adding it leaves no
  // fraction.
  constexpr double limit = 8388608;
  Value magnitude = math.abs(x);
  Value rounded = math.add(math.add(magnitude, limit), -limit);
  if (rounding == Rounding::ToZero)
    rounded =
        math.select(math.compare(arith::CmpFPredicate::OGT, rounded, magnitude),
                    math.add(rounded, -1), rounded);
  if (rounding == Rounding::AwayFromZero) {
    // Ties went to the even neighbour.
    Value isTie = math.equal(math.sub(magnitude, rounded), 0.5);
    rounded = math.select(isTie, math.add(rounded, 1), rounded);
  }
  rounded = math.copySign(rounded, x);
  if (rounding == Rounding::Down || rounding == Rounding::Up) {
    bool isDown = rounding == Rounding::Down;
    Value isWrong = math.compare(isDown ? arith::CmpFPredicate::OGT
                                        : arith::CmpFPredicate::OLT,
                                 rounded, x);
    rounded = math.select(isWrong, math.add(rounded, isDown ? -1 : 1), rounded);
    rounded = math.copySign(rounded, x); // ceil(-0.5) is -0
  }
  return math.select(math.less(magnitude, limit), rounded, x);
}

} // namespace qopt::generic

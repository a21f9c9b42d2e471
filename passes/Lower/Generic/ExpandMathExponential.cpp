//===- ExpandMathExponential.cpp - exp, log, tanh, erf by polynomials -----===//

#include "passes/Lower/Generic/MathBuilder.h"

#include <limits>

using namespace mlir;

// Coefficients are minimax fits (Lawson iteration, relative error) of the
// function on the interval that stands beside them.

namespace qopt::generic {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

// ln 2 in two parts: the first has 15 bits, so that its product with an
// exponent is exact.
constexpr double log2High = 0.693145751953125;
constexpr double log2Low = 1.42860682030941723e-6;

/// 2^n of an integer from -126 to 127.
static Value powerOfTwo(const MathBuilder &math, Value n) {
  return math.bits(math.f32(), math.shiftLeft(math.addInt(n, 127), 23));
}

namespace {
/// exp(x) = scale * 2^exponent.
struct Power {
  Value scale, exponent;
};
} // namespace

/// exp(x) = exp(r) 2^n, n = round(x / ln 2), |r| <= ln 2 / 2.
static Power splitExp(const MathBuilder &math, Value x) {
  // Adding 1.5 * 2^23 leaves the nearest integer in the low bits.
  constexpr double magic = 12582912;
  Value shifted = math.mulAdd(x, 1.44269504088896341, math.f(magic));
  Value n = math.add(shifted, -magic);
  Value r = math.mulAdd(n, -log2High, x);
  r = math.mulAdd(n, -log2Low, r);
  // on [-ln 2 / 2, ln 2 / 2], error 3.3e-9: 1 + r + r^2 p(r)
  Value p =
      math.polynomial(r, {4.999999404e-01, 1.666651517e-01, 4.166845605e-02,
                          8.369418792e-03, 1.381314476e-03});
  Value squared = math.mul(r, r);
  Value exponent = math.make<arith::SubIOp>(math.bits(math.i32(), shifted),
                                            math.i(0x4b400000));
  return {math.add(math.mulAdd(p, squared, r), 1), exponent};
}

/// The power of two is multiplied in two steps, so that denormal results and
/// infinity come out of the multiplication.
Value expandExp(const MathBuilder &math, Value x) {
  // Beyond: 0 and infinity.
  auto [scale, exponent] = splitExp(math, math.clamp(x, -105, 90));
  Value half = math.make<arith::ShRSIOp>(exponent, math.i(1));
  Value rest = math.make<arith::SubIOp>(exponent, half);
  Value result = math.mul(scale, powerOfTwo(math, half));
  return math.mul(result, powerOfTwo(math, rest));
}

/// log(x) = e ln 2 + log(1 + f), 1 + f between sqrt(1/2) and sqrt(2).
Value expandLog(const MathBuilder &math, Value x) {
  Value isDenormal = math.less(x, 1.17549435e-38);
  Value scaled = math.select(isDenormal, math.mul(x, 8388608), x);
  constexpr int64_t rootHalf = 0x3f3504f3;
  Value shifted =
      math.addInt(math.bits(math.i32(), scaled), 0x3f800000 - rootHalf);
  Value e = math.addInt(math.shiftRight(shifted, 23), -127);
  e = math.select(isDenormal, math.addInt(e, -23), e);
  Value m = math.bits(math.f32(),
                      math.addInt(math.andInt(shifted, 0x7fffff), rootHalf));
  Value f = math.add(m, -1), squared = math.mul(f, f);
  Value n = math.make<arith::SIToFPOp>(math.f32(), e);
  // on [sqrt(1/2) - 1, sqrt(2) - 1], error 7.5e-10: f - f^2 / 2 + f^3 p(f)
  Value p =
      math.polynomial(f, {3.333331347e-01, -2.500000894e-01, 2.000211924e-01,
                          -1.666799635e-01, 1.421955228e-01, -1.240558922e-01,
                          1.188816279e-01, -1.167565137e-01, 6.746638566e-02});
  Value small = math.mulAdd(math.mul(f, squared), p, math.mul(n, log2Low));
  small = math.mulAdd(squared, -0.5, small);
  Value result = math.mulAdd(n, log2High, math.add(f, small));
  result = math.select(math.equal(x, infinity), x, result);
  result = math.select(math.equal(x, 0), math.f(-infinity), result);
  Value isNumber = math.compare(arith::CmpFPredicate::OGE, x, math.f(0));
  return math.select(isNumber, result, math.f(notANumber));
}

/// Near 0 an odd polynomial, elsewhere 1 - 2 / (exp(2 |x|) + 1).
Value expandTanh(const MathBuilder &math, Value x) {
  Value magnitude = math.abs(x), squared = math.mul(x, x);
  // on [0, 0.625], error 4.4e-9
  Value p = math.polynomial(squared, {-3.333328068e-01, 1.333144158e-01,
                                      -5.373971537e-02, 2.063908800e-02,
                                      -5.704987328e-03});
  Value small = math.mulAdd(math.mul(x, squared), p, x);
  Value power = expandExp(math, math.add(magnitude, magnitude));
  Value large = math.sub(math.f(1), math.div(math.f(2), math.add(power, 1)));
  Value isSmall = math.less(magnitude, 0.625);
  return math.select(isSmall, small, math.copySign(large, x));
}

/// Near 0 an odd polynomial, elsewhere 1 - exp(p(|x|)).
Value expandErf(const MathBuilder &math, Value x) {
  Value magnitude = math.abs(x), squared = math.mul(x, x);
  // on [0, 1], error 1.3e-9
  Value p = math.polynomial(squared,
                            {1.283791661e-01, -3.761262596e-01, 1.128358543e-01,
                             -2.685381286e-02, 5.188329145e-03,
                             -8.010205347e-04, 7.853896386e-05});
  Value small = math.mulAdd(x, p, x);
  // log(1 - erf) on [0.9, 4], error of erf 1.7e-9
  Value t = math.clamp(magnitude, 0, 4);
  Value q =
      math.polynomial(t, {-1.664471638e-04, -1.127797246e+00, -6.369760633e-01,
                          -1.041136831e-01, 2.231521532e-02, -3.065490862e-03,
                          1.982197282e-04});
  auto [scale, exponent] = splitExp(math, q); // q in [-18, 0]
  Value large =
      math.sub(math.f(1), math.mul(scale, powerOfTwo(math, exponent)));
  Value isSmall = math.less(magnitude, 0.95);
  return math.select(isSmall, small, math.copySign(large, x));
}

} // namespace qopt::generic

//===- ExpandMathTrigonometric.cpp - sin and cos by polynomials -----------===//

#include "passes/Lower/Generic/MathBuilder.h"

using namespace mlir;

namespace qopt::generic {

/// x = n pi / 2 + r, |r| <= pi / 4; n tells which of sin(r), cos(r) and which
/// sign. The reduction is in f64, where n pi / 2 is exact to 1e-11 for
/// |x| <= 1e5; the error grows with |x| until, from 1e15 on, nothing of r is
/// left. The result stays in [-1, 1] all the same.
Value expandSinCos(const MathBuilder &math, Value x, bool isCos) {
  Value wide = math.make<arith::ExtFOp>(math.f64(), x);
  // Adding 1.5 * 2^52 leaves the nearest integer in the low bits.
  constexpr double magic = 6755399441055744.0;
  Value shifted = math.add(math.mul(wide, 0.63661977236758134308), magic);
  Value n = math.add(shifted, -magic);
  Value rest = math.mulAdd(n, -1.57079632679489661923, wide);
  constexpr double quarterPi = 0.78539816339744831;
  Value r = math.clamp(math.make<arith::TruncFOp>(math.f32(), rest), -quarterPi,
                       quarterPi);
  Value quadrant =
      math.make<arith::TruncIOp>(math.i32(), math.bits(math.i64(), shifted));
  if (isCos) // cos(x) = sin(x + pi / 2)
    quadrant = math.addInt(quadrant, 1);
  Value squared = math.mul(r, r);
  // on [-pi / 4, pi / 4], errors 4.1e-9 and 1.3e-10
  Value p = math.polynomial(
      squared, {-1.666665375e-01, 8.332112804e-03, -1.950874139e-04});
  Value sine = math.mulAdd(math.mul(r, squared), p, r);
  Value q = math.polynomial(
      squared, {4.166664556e-02, -1.388725126e-03, 2.442568075e-05});
  Value cosine = math.mulAdd(squared, -0.5, math.f(1));
  cosine = math.mulAdd(math.mul(squared, squared), q, cosine);
  Value isOdd = math.make<arith::CmpIOp>(arith::CmpIPredicate::ne,
                                         math.andInt(quadrant, 1), math.i(0));
  Value result = math.select(isOdd, cosine, sine);
  // Quadrants 2 and 3 have the other sign.
  Value sign = math.shiftLeft(math.andInt(quadrant, 2), 30);
  return math.bits(math.f32(), math.make<arith::XOrIOp>(
                                   math.bits(math.i32(), result), sign));
}

} // namespace qopt::generic

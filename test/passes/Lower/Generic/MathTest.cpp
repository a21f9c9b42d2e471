//===- MathTest.cpp - Polynomials against the C library in double ---------===//

#include "test/passes/Lower/Generic/Jit.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <limits>

using namespace qopt::test;

static float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

static std::string module(const std::string &op, unsigned inputs) {
  std::string maps, operands, types, arguments, names, parameters;
  for (unsigned i = 0; i < inputs; ++i) {
    std::string n = std::to_string(i), comma = i ? ", " : "";
    maps += "affine_map<(d0) -> (d0)>, ";
    operands += comma + "%x" + n;
    types += comma + "memref<?xf32>";
    arguments += "%a" + n + ": f32, ";
    names += comma + "%a" + n;
    parameters += "%x" + n + ": memref<?xf32>, ";
  }
  return "func.func @f(" + parameters +
         "%y: memref<?xf32>) attributes {llvm.emit_c_interface} {\n"
         "linalg.generic {indexing_maps = [" +
         maps +
         "affine_map<(d0) -> (d0)>], iterator_types = [\"parallel\"]} ins(" +
         operands + " : " + types + ") outs(%y : memref<?xf32>) {\n^bb0(" +
         arguments + "%b: f32):\n%r = " + op + " " + names +
         " : f32\nlinalg.yield %r : f32\n}\nreturn\n}\n";
}

/// Distance in units of the last place of the exact result. Denormal results
/// have the place of the least normal number, as floats have.
static double ulps(float got, double exact) {
  if (std::isnan(exact) || std::isnan(got))
    return std::isnan(exact) == std::isnan(double(got)) ? 0 : 1e30;
  double least = std::numeric_limits<float>::min();
  float rounded = float(exact);
  if (got == rounded)
    return 0;
  if (std::isinf(got) || std::isinf(rounded))
    return 1e30;
  double size = std::max(std::abs(exact), least);
  double ulp = std::ldexp(1.0, std::ilogb(size) - 23);
  return std::abs(double(got) - exact) / ulp;
}

using Function = std::function<double(double, double)>;
using Samples = std::vector<float>;

/// The largest error over the samples, on all ISA versions.
static double worst(const std::string &op, const std::vector<Samples> &inputs,
                    const Function &exact,
                    const std::function<double(float, double)> &error = ulps) {
  double result = 0;
  for (const std::string &isa : runnableIsas()) {
    auto jit = Jit::compile(module(op, inputs.size()), isa);
    if (!jit) {
      ADD_FAILURE() << op << " does not compile for " << isa;
      return 1e30;
    }
    int64_t count = inputs[0].size();
    std::vector<Buffer> buffers;
    for (const Samples &samples : inputs) {
      buffers.emplace_back(std::vector<int64_t>{count}, 4);
      std::copy(samples.begin(), samples.end(), buffers.back().data<float>());
    }
    buffers.emplace_back(std::vector<int64_t>{count}, 4);
    EXPECT_TRUE(jit->call("f", buffers));
    double largest = 0, at = 0;
    for (int64_t i = 0; i < count; ++i) {
      double x = inputs[0][i], y = inputs.size() > 1 ? inputs[1][i] : 0;
      double here = error(buffers.back().data<float>()[i], exact(x, y));
      if (here > largest) {
        largest = here;
        at = x;
      }
    }
    std::printf("%s on %s: %.3g at %.9g\n", op.c_str(), isa.c_str(), largest,
                at);
    result = std::max(result, largest);
  }
  return result;
}

/// Every 1021st float: all exponents, both signs, infinities and NaN.
static Samples allFloats() {
  Samples samples = {0.f, -0.f, 1.f, -1.f, INFINITY, -INFINITY, NAN};
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 1021)
    samples.push_back(fromBits(uint32_t(bits)));
  return samples;
}

/// Equally spaced numbers.
static Samples between(double low, double high, int count = 500000) {
  Samples samples;
  for (int i = 0; i <= count; ++i)
    samples.push_back(float(low + (high - low) * i / count));
  return samples;
}

static Samples operator+(Samples a, const Samples &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The limits. A correctly rounded function has 0.5 ulp. The polynomials are
// exact to 1/15 ulp; what comes on top is the rounding of the few operations
// that join them, each 0.5 ulp, of which most act on a small term. Two are
// joined at full size in exp, log and tanh.
constexpr double twoRoundings = 1.5;

TEST(ExpandMath, exp) {
  EXPECT_LE(worst("math.exp", {allFloats() + between(-104, 89)},
                  [](double x, double) { return std::exp(x); }),
            twoRoundings);
}

TEST(ExpandMath, log) {
  EXPECT_LE(worst("math.log", {allFloats() + between(0.5, 2)},
                  [](double x, double) { return std::log(x); }),
            twoRoundings);
}

TEST(ExpandMath, tanh) {
  EXPECT_LE(worst("math.tanh", {allFloats() + between(-10, 10)},
                  [](double x, double) { return std::tanh(x); }),
            twoRoundings);
}

TEST(ExpandMath, erf) {
  EXPECT_LE(worst("math.erf", {allFloats() + between(-5, 5)},
                  [](double x, double) { return std::erf(x); }),
            twoRoundings);
}

// One instruction, correctly rounded; the reciprocal is a second one, whose
// operand is off by 0.5 ulp, which is up to one ulp of the quotient.
TEST(ExpandMath, roots) {
  EXPECT_LE(worst("math.sqrt", {allFloats()},
                  [](double x, double) { return std::sqrt(x); }),
            0.5);
  EXPECT_LE(worst("math.rsqrt", {allFloats()},
                  [](double x, double) { return 1 / std::sqrt(x); }),
            twoRoundings);
}

static double absolute(float got, double exact) {
  if (std::isnan(exact))
    return std::isnan(got) ? 0 : 1e30;
  return std::abs(got - exact);
}

// Near the zeros of sin and cos the relative error has no bound, as the
// argument's own rounding has none there; 2e-7 is 3 units of 2^-24, the last
// place of results near 1.
TEST(ExpandMath, sinAndCos) {
  Samples samples = between(-10, 10) + between(-1e5, 1e5, 2000000) +
                    Samples{INFINITY, NAN, 0.f, 1e-30f};
  EXPECT_LE(worst(
                "math.sin", {samples},
                [](double x, double) { return std::sin(x); }, absolute),
            2e-7);
  EXPECT_LE(worst(
                "math.cos", {samples},
                [](double x, double) { return std::cos(x); }, absolute),
            2e-7);
}

/// How far a result lies outside [-1, 1].
static double outside(float got, double exact) {
  if (std::isnan(exact))
    return std::isnan(got) ? 0 : 1e30;
  return std::isnan(got) ? 1e30 : std::max(0., std::abs(got) - 1.);
}

// Far away the quadrant is lost, the range is not.
TEST(ExpandMath, sinAndCosOfAnyNumber) {
  EXPECT_LE(worst(
                "math.sin", {allFloats()},
                [](double x, double) { return std::sin(x); }, outside),
            1e-7);
  EXPECT_LE(worst(
                "math.cos", {allFloats()},
                [](double x, double) { return std::cos(x); }, outside),
            1e-7);
}

// In f64 until the last rounding.
TEST(ExpandMath, pow) {
  Samples bases, exponents;
  const float special[] = {0.f,       -0.f,  1.f,   -1.f,      0.5f,
                           -0.5f,     2.f,   -2.f,  3.f,       -3.f,
                           2.5f,      -2.5f, 1e30f, 1e-30f,    INFINITY,
                           -INFINITY, NAN,   7.f,   16777217.f};
  for (float x : special)
    for (float y : special) {
      bases.push_back(x);
      exponents.push_back(y);
    }
  for (float y : {2.f, 3.f, 4.f, 10.f, -1.f, -7.f, 0.3f, 1.7f, 0.0001f})
    for (float x : between(0.001, 300, 50000)) {
      bases.push_back(x);
      exponents.push_back(y);
      bases.push_back(-x);
      exponents.push_back(std::round(y));
    }
  EXPECT_LE(worst("math.powf", {bases, exponents},
                  [](double x, double y) { return std::pow(x, y); }),
            0.51);
}

TEST(ExpandMath, rounding) {
  Samples samples = allFloats() + between(-20, 20, 80);
  EXPECT_EQ(worst("math.floor", {samples},
                  [](double x, double) { return std::floor(x); }),
            0);
  EXPECT_EQ(worst("math.ceil", {samples},
                  [](double x, double) { return std::ceil(x); }),
            0);
  EXPECT_EQ(worst("math.roundeven", {samples},
                  [](double x, double) { return std::nearbyint(x); }),
            0);
  EXPECT_EQ(worst("math.round", {samples},
                  [](double x, double) { return std::round(x); }),
            0);
  EXPECT_EQ(worst("math.trunc", {samples},
                  [](double x, double) { return std::trunc(x); }),
            0);
}

/// All 65536 halves widen exactly and come back; floats round as the machine's
/// compiler rounds them.
static void checkHalf(const std::string &type,
                      const std::function<float(uint16_t)> &widen) {
  std::string text =
      "#id = affine_map<(d0) -> (d0)>\n"
      "func.func @widen(%x: memref<?x" +
      type +
      ">, %y: memref<?xf32>) attributes "
      "{llvm.emit_c_interface} {\nlinalg.generic {indexing_maps = [#id, #id], "
      "iterator_types = [\"parallel\"]} ins(%x : memref<?x" +
      type + ">) outs(%y : memref<?xf32>) {\n^bb0(%a: " + type +
      ", %b: f32):\n"
      "%r = arith.extf %a : " +
      type +
      " to f32\nlinalg.yield %r : f32\n}\nreturn\n}\n"
      "func.func @narrow(%x: memref<?xf32>, %y: memref<?x" +
      type +
      ">) attributes "
      "{llvm.emit_c_interface} {\nlinalg.generic {indexing_maps = [#id, #id], "
      "iterator_types = [\"parallel\"]} ins(%x : memref<?xf32>) outs(%y : "
      "memref<?x" +
      type + ">) {\n^bb0(%a: f32, %b: " + type +
      "):\n"
      "%r = arith.truncf %a : f32 to " +
      type + "\nlinalg.yield %r : " + type + "\n}\nreturn\n}\n";
  for (const std::string &isa : runnableIsas()) {
    auto jit = Jit::compile(text, isa);
    ASSERT_TRUE(jit);
    std::vector<Buffer> buffers = {Buffer({65536}, 2), Buffer({65536}, 4)};
    for (unsigned i = 0; i < 65536; ++i)
      buffers[0].data<uint16_t>()[i] = i;
    ASSERT_TRUE(jit->call("widen", buffers));
    for (unsigned i = 0; i < 65536; ++i) {
      float got = buffers[1].data<float>()[i], exact = widen(i);
      if (std::isnan(exact))
        ASSERT_TRUE(std::isnan(got)) << isa << " " << i;
      else
        ASSERT_EQ(std::memcmp(&got, &exact, 4), 0) << isa << " " << i;
    }
    Samples samples = allFloats();
    std::vector<float> steps;
    for (unsigned i = 0; i < 65535; ++i) { // ties between neighbours
      float a = widen(i), b = widen(i + 1);
      if (std::isfinite(a) && std::isfinite(b))
        samples.push_back((a + b) / 2);
    }
    int64_t count = samples.size();
    std::vector<Buffer> narrow = {Buffer({count}, 4), Buffer({count}, 2)};
    std::copy(samples.begin(), samples.end(), narrow[0].data<float>());
    ASSERT_TRUE(jit->call("narrow", narrow));
    for (int64_t i = 0; i < count; ++i) {
      float got = widen(narrow[1].data<uint16_t>()[i]), x = samples[i];
      if (std::isnan(x)) {
        ASSERT_TRUE(std::isnan(got)) << isa;
        continue;
      }
      // Nearest: no other half is closer, and of two the even one.
      uint16_t bits = narrow[1].data<uint16_t>()[i];
      uint16_t magnitude = bits & 0x7fff;
      ASSERT_EQ(std::signbit(got), std::signbit(x)) << isa << " " << x;
      double distance = std::abs(double(got) - double(x));
      if (std::isinf(got)) {
        double largest = std::abs(double(widen(magnitude - 1)));
        double half = (largest - std::abs(double(widen(magnitude - 2)))) / 2;
        ASSERT_GE(std::abs(double(x)), largest + half) << isa << " " << x;
        continue;
      }
      for (int step : {-1, 1}) {
        int other = int(magnitude) + step;
        if (other < 0)
          continue;
        double neighbour = widen(uint16_t(other));
        if (std::isinf(neighbour)) // where the next half would be
          neighbour = 2 * std::abs(double(widen(magnitude))) -
                      std::abs(double(widen(magnitude - 1)));
        double far = std::abs(neighbour - std::abs(double(x)));
        ASSERT_TRUE(distance < far || (distance == far && bits % 2 == 0))
            << isa << " " << x << " " << got;
      }
    }
  }
}

TEST(ExpandMath, halves) {
  checkHalf("f16", [](uint16_t bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 31 ? (fraction ? NAN : INFINITY)
                   : exponent     ? std::ldexp(1024 + fraction, exponent - 25)
                                  : std::ldexp(fraction, -24);
    return float(bits >> 15 ? -value : value);
  });
  checkHalf("bf16",
            [](uint16_t bits) { return fromBits(uint32_t(bits) << 16); });
}

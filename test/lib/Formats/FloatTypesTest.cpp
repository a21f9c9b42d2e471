//===- FloatTypesTest.cpp - Rounding against the definition ---------------===//

#include "lib/Formats/FloatTypes.h"
#include "lib/Formats/DataType.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

using namespace qopt;

namespace {

/// A 16-bit float type by its definition: the values of the bits 0 .. infinity.
struct Definition {
  int mantissaBits;
  int bias;
  std::vector<double> magnitudes;

  Definition(int mantissaBits, int bias)
      : mantissaBits(mantissaBits), bias(bias) {
    for (int bits = 0; bits <= infinity(); ++bits) {
      int exponent = bits >> mantissaBits,
          mantissa = bits & ((1 << mantissaBits) - 1);
      int whole = exponent ? mantissa + (1 << mantissaBits) : mantissa;
      magnitudes.push_back(
          std::ldexp(whole, std::max(exponent, 1) - bias - mantissaBits));
    }
  }

  int infinity() const {
    return ((1 << (15 - mantissaBits)) - 1) << mantissaBits;
  }

  /// The nearest, of two the even one. Infinity stands where one more binade's
  /// first value would.
  uint16_t round(double value) const {
    double magnitude = std::min(std::fabs(value), magnitudes.back());
    auto above =
        std::lower_bound(magnitudes.begin(), magnitudes.end(), magnitude);
    size_t bits = size_t(above - magnitudes.begin());
    if (*above != magnitude) {
      double up = *above - magnitude, down = magnitude - magnitudes[bits - 1];
      if (down < up || (down == up && bits % 2))
        --bits;
    }
    return uint16_t(bits | (std::signbit(value) ? 0x8000 : 0));
  }
};

const Definition f16(10, 15), bf16(7, 127);

bool isNaN(const Definition &type, uint16_t bits) {
  return (bits & 0x7fff) > type.infinity();
}

void checkWidening(const Definition &type, float (*widen)(uint16_t)) {
  for (int bits = 0; bits < 65536; ++bits) {
    float value = widen(uint16_t(bits));
    int magnitude = bits & 0x7fff;
    if (isNaN(type, uint16_t(bits))) {
      EXPECT_TRUE(std::isnan(value));
      continue;
    }
    double expected = magnitude == type.infinity()
                          ? std::numeric_limits<double>::infinity()
                          : type.magnitudes[size_t(magnitude)];
    ASSERT_EQ(std::fabs(double(value)), expected) << bits;
    ASSERT_EQ(std::signbit(value), bits >= 0x8000) << bits;
  }
}

TEST(FloatTypes, EveryPatternWidensExactly) {
  checkWidening(f16, f16ToF32);
  checkWidening(bf16, bf16ToF32);
}

TEST(FloatTypes, EveryPatternComesBack) {
  for (int i = 0; i < 65536; ++i) {
    uint16_t bits = uint16_t(i);
    if (isNaN(f16, bits)) {
      uint16_t back = f32ToF16(f16ToF32(bits));
      EXPECT_EQ(back, bits | 0x200);
      EXPECT_TRUE(isNaN(bf16, f16ToBf16(bits)));
    } else {
      ASSERT_EQ(f32ToF16(f16ToF32(bits)), bits);
      if ((bits & 0x7fff) != f16.infinity())
        ASSERT_EQ(f16ToBf16(bits), bf16.round(f16ToF32(bits)));
    }
    if (isNaN(bf16, bits)) {
      EXPECT_EQ(f32ToBf16(bf16ToF32(bits)), bits | 0x40);
      EXPECT_TRUE(isNaN(f16, bf16ToF16(bits)));
    } else {
      ASSERT_EQ(f32ToBf16(bf16ToF32(bits)), bits);
      if ((bits & 0x7fff) != bf16.infinity())
        ASSERT_EQ(bf16ToF16(bits), f16.round(bf16ToF32(bits)));
    }
  }
}

void checkRounding(float value) {
  if (std::isnan(value)) {
    EXPECT_TRUE(isNaN(f16, f32ToF16(value)));
    EXPECT_TRUE(isNaN(bf16, f32ToBf16(value)));
    EXPECT_EQ(f32ToF16(value) >> 15, bitsOf(value) >> 31);
    return;
  }
  ASSERT_EQ(f32ToF16(value), f16.round(value)) << value;
  ASSERT_EQ(f32ToBf16(value), bf16.round(value)) << value;
  ASSERT_EQ(f64ToF16(value), f16.round(value)) << value;
}

TEST(FloatTypes, RoundsRandomValuesToNearestEven) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000000; ++i)
    checkRounding(floatOf(uint32_t(random())));
  std::uniform_real_distribution<float> nearRange(-17, 17);
  for (int i = 0; i < 2000000; ++i)
    checkRounding(std::ldexp(nearRange(random), int(random() % 48) - 32));
}

TEST(FloatTypes, RoundsNeighboursOfTies) {
  for (const Definition *type : {&f16, &bf16})
    for (size_t i = 0; i + 1 < type->magnitudes.size(); ++i) {
      double tie = (type->magnitudes[i] + type->magnitudes[i + 1]) / 2;
      uint32_t bits = bitsOf(float(tie));
      for (uint32_t near : {bits, bits + 1, bits - 1})
        for (uint32_t sign : {0u, 0x80000000u})
          checkRounding(floatOf(near | sign));
    }
  checkRounding(std::numeric_limits<float>::infinity());
}

TEST(FloatTypes, DoubleRoundsOnce) {
  std::mt19937_64 random(11);
  auto check = [](double value) {
    ASSERT_EQ(f64ToF16(value), f16.round(value)) << value;
    ASSERT_EQ(f64ToBf16(value), bf16.round(value)) << value;
  };
  for (const Definition *type : {&f16, &bf16})
    for (size_t i = 0; i + 1 < type->magnitudes.size(); ++i) {
      double tie = (type->magnitudes[i] + type->magnitudes[i + 1]) / 2;
      for (double near :
           {tie, std::nextafter(tie, 1e300), std::nextafter(tie, 0)}) {
        check(near);
        check(-near);
      }
    }
  for (int i = 0; i < 1000000; ++i) {
    uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isnan(value))
      check(value);
  }
  EXPECT_TRUE(isNaN(f16, f64ToF16(std::nan(""))));
  EXPECT_TRUE(isNaN(bf16, f64ToBf16(std::nan(""))));
}

TEST(FloatTypes, ConvertElementsAgreesWithTheScalars) {
  std::vector<float> values = {0, -1.5f, 1e-7f, 65519, 65520, 3.3e38f, -0.1f};
  // At any alignment.
  std::vector<char> source(values.size() * 4 + 1),
      target(values.size() * 8 + 1);
  std::memcpy(source.data() + 1, values.data(), values.size() * 4);
  for (DataType type :
       {DataType::F16, DataType::BF16, DataType::F64, DataType::F32}) {
    convertElements(source.data() + 1, DataType::F32, target.data() + 1, type,
                    int64_t(values.size()));
    for (size_t i = 0; i < values.size(); ++i) {
      const char *at = target.data() + 1 + i * size_t(bytesOf(type));
      uint16_t half;
      double wide;
      float same;
      std::memcpy(&half, at, 2);
      if (type == DataType::F16)
        EXPECT_EQ(half, f32ToF16(values[i]));
      if (type == DataType::BF16)
        EXPECT_EQ(half, f32ToBf16(values[i]));
      std::memcpy(&same, at, 4);
      if (type == DataType::F32)
        EXPECT_EQ(same, values[i]);
      if (type == DataType::F64) {
        std::memcpy(&wide, at, 8);
        EXPECT_EQ(wide, double(values[i]));
      }
    }
  }
}

} // namespace

//===- RoundingTest.cpp - From numbers to codes ---------------------------===//

#include "lib/Formats/Rounding.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace qopt;

namespace {

TEST(Rounding, TiesGoToTheEvenInteger) {
  for (int i = -1000; i <= 1000; ++i) {
    float tie = float(i) + 0.5f;
    float even = float(i % 2 == 0 ? i : i + 1);
    EXPECT_EQ(roundToEven(tie), even);
    EXPECT_EQ(roundToEven(std::nextafter(tie, -1e9f)), float(i));
    EXPECT_EQ(roundToEven(std::nextafter(tie, 1e9f)), float(i + 1));
  }
}

TEST(Rounding, IsThatOfTheStandardLibraryUpToItsLimit) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> exponent(-4, 22);
  for (int i = 0; i < 1000000; ++i) {
    float x = std::exp2(exponent(random)) * (random() % 2 ? 1.0f : -1.0f);
    ASSERT_EQ(roundToEven(x), std::nearbyint(x)) << x;
  }
  EXPECT_EQ(roundToEven(4194304), 4194304);
  EXPECT_EQ(roundToEven(-4194304), -4194304);
}

TEST(Rounding, ClampStaysInside) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(clampTo(3, -1, 2), 2);
  EXPECT_EQ(clampTo(-3, -1, 2), -1);
  EXPECT_EQ(clampTo(1.5f, -1, 2), 1.5f);
  EXPECT_EQ(clampTo(infinity, -1, 2), 2);
  EXPECT_EQ(clampTo(-infinity, -1, 2), -1);
  EXPECT_EQ(clampTo(std::nanf(""), -1, 2), -1);
}

TEST(Rounding, NearestIndexIsTheNearestCode) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 6);
  for (float scale : {1.0f, -1.0f, 0.3f, -0.07f})
    for (float zeroIndex : {0.0f, 8.0f, 15.0f, 7.3f, -2.5f})
      for (int i = 0; i < 10000; ++i) {
        float weight = normal(random) * scale;
        double found = nearestIndex(weight, scale, zeroIndex, 15);
        double distance = 1e9;
        for (int index = 0; index <= 15; ++index)
          distance = std::min(
              distance,
              std::fabs(weight - double(scale) * (index - double(zeroIndex))));
        double own =
            std::fabs(weight - double(scale) * (found - double(zeroIndex)));
        // Quotient and sum are rounded, at most 2^-24 of 64 each.
        ASSERT_LE(own, distance + std::fabs(scale) * 1e-5);
      }
}

TEST(Rounding, NearestIndexOfAnything) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(nearestIndex(1e38f, 1e-30f, 8, 15), 15);
  EXPECT_EQ(nearestIndex(-1e38f, 1e-30f, 8, 15), 0);
  EXPECT_EQ(nearestIndex(infinity, 1, 8, 15), 15);
  EXPECT_EQ(nearestIndex(std::nanf(""), 1, 8, 15), 0);
  EXPECT_EQ(nearestIndex(0, 0, 8, 15), 8);
  EXPECT_EQ(nearestIndex(1, 0, 8, 15), 8);
  EXPECT_EQ(nearestIndex(2.5f, 1, 8, 15), 10);
  EXPECT_EQ(nearestIndex(3.5f, 1, 8, 15), 12);
}

TEST(Rounding, OfParametersIsThatOfTheirType) {
  EXPECT_EQ(roundToType(1.0f / 3, DataType::F32), 1.0f / 3);
  EXPECT_EQ(roundToType(1.0f / 3, DataType::F16), 0.333251953125f);
  EXPECT_EQ(roundToType(1.0f / 3, DataType::BF16), 0.333984375f);
  EXPECT_EQ(roundToType(1e-9f, DataType::F16), 0);
}

} // namespace

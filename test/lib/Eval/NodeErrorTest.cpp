//===- NodeErrorTest.cpp - Tests of SQNR and cosine -----------------------===//

#include "lib/Eval/NodeError.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

using namespace qopt;

namespace {

TEST(NodeError, AgreesWithTheDefinition) {
  constexpr int64_t rows = 13, columns = 37;
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> reference, codes;
  for (int64_t i = 0; i < rows * columns; ++i) {
    // Rows of very different sizes: cosines weigh them alike, SQNR does not.
    float size = std::pow(10.0f, float(i / columns % 5) - 2);
    reference.push_back(size * normal(random));
    codes.push_back(reference.back() + size * normal(random) / 50);
  }
  long double signal = 0, noise = 0, cosines = 0;
  for (int64_t row = 0; row < rows; ++row) {
    long double dot = 0, a = 0, b = 0;
    for (int64_t i = row * columns; i < (row + 1) * columns; ++i) {
      long double r = reference[size_t(i)], c = codes[size_t(i)];
      signal += r * r;
      noise += (r - c) * (r - c);
      dot += r * c;
      a += r * r;
      b += c * c;
    }
    cosines += dot / std::sqrt(a * b);
  }
  NodeError whole, parts;
  whole.add(reference.data(), codes.data(), rows, columns);
  for (size_t row = 0; row < rows; ++row)
    parts.add(&reference[row * columns], &codes[row * columns], 1, columns);
  // Sums of doubles: 14 of 16 digits of the ratio, in dB.
  EXPECT_NEAR(whole.sqnr(), double(10 * std::log10(signal / noise)), 1e-12);
  EXPECT_NEAR(whole.cosine(), double(cosines / rows), 1e-14);
  EXPECT_EQ(whole.sqnr(), parts.sqnr());
  EXPECT_EQ(whole.cosine(), parts.cosine());
}

TEST(NodeError, IsInDecibels) {
  float reference[] = {10, 0}, tenth[] = {9, 0};
  NodeError error;
  error.add(reference, tenth, 1, 2);
  EXPECT_DOUBLE_EQ(error.sqnr(), 20);
  EXPECT_EQ(error.cosine(), 1);
}

TEST(NodeError, EqualOutputsAreExact) {
  float values[] = {1, -2, 3, 0, 0, 0};
  NodeError error;
  error.add(values, values, 2, 3);
  EXPECT_EQ(error.sqnr(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(error.cosine(), 1);
}

TEST(NodeError, RowsThatAreLostHaveNothingInCommon) {
  float reference[] = {3, 4, 1, 0}, codes[] = {0, 0, 1, 0};
  NodeError error;
  error.add(reference, codes, 2, 2);
  EXPECT_EQ(error.cosine(), 0.5);
  EXPECT_DOUBLE_EQ(error.sqnr(), 10 * std::log10(26.0 / 25));
}

TEST(NodeError, BrokenOutputsAreNoFigures) {
  EXPECT_TRUE(std::isnan(NodeError().sqnr()));
  EXPECT_TRUE(std::isnan(NodeError().cosine()));
  float values[] = {1, 2};
  float broken[] = {1, std::numeric_limits<float>::quiet_NaN()};
  NodeError error;
  error.add(values, broken, 1, 2);
  EXPECT_TRUE(std::isnan(error.sqnr()));
  EXPECT_TRUE(std::isnan(error.cosine()));
}

} // namespace

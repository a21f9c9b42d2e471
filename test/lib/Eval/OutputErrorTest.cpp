//===- OutputErrorTest.cpp - Tests of distances of outputs ----------------===//

#include "lib/Eval/OutputError.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace qopt;

namespace {

TEST(OutputError, RowsAndTheirLargestDifference) {
  // Cosines 1, 0 and 0.6: exact in double.
  const float reference[] = {1, 2, 1, 0, 3, 4};
  const float output[] = {2, 4, 0, 5, 5, 0};
  OutputError error;
  EXPECT_TRUE(std::isnan(error.cosineMean()));
  EXPECT_EQ(error.add(output, reference, 1, 2), 1);
  EXPECT_DOUBLE_EQ(error.add(output + 2, reference + 2, 2, 2), 0.6);
  EXPECT_EQ(error.rows(), 3);
  EXPECT_DOUBLE_EQ(error.cosineMean(), 1.6 / 3);
  EXPECT_EQ(error.cosineQuantile(0), 0);
  EXPECT_DOUBLE_EQ(error.cosineQuantile(0.5), 0.6);
  EXPECT_DOUBLE_EQ(error.cosineQuantile(0.25), 0.3);
  EXPECT_EQ(error.largestDifference(), 5);
}

TEST(OutputError, WhatIsNoNumberShows) {
  const float reference[] = {1, 2, 1, 1};
  const float output[] = {1, std::numeric_limits<float>::quiet_NaN(), 1, 9};
  OutputError error;
  error.add(output, reference, 2, 2);
  EXPECT_TRUE(std::isnan(error.cosineMean()));
  EXPECT_TRUE(std::isnan(error.cosineQuantile(0)));
  EXPECT_TRUE(std::isnan(error.largestDifference()));
}

} // namespace

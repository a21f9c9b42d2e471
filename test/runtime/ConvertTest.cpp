//===- ConvertTest.cpp - Conversions between dtypes -----------------------===//

extern "C" {
#include "runtime/convert.h"
}

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

namespace {

float toFloat(uint16_t code, qopt_dtype dtype) {
  float value;
  qopt_to_float(&value, &code, dtype, 1);
  return value;
}

uint16_t fromFloat(float value, qopt_dtype dtype) {
  uint16_t code;
  qopt_from_float(&code, &value, dtype, 1);
  return code;
}

/// The definition of binary16.
float halfValue(uint16_t code) {
  int exponent = code >> 10 & 31;
  double mantissa = code & 1023, sign = code & 0x8000 ? -1 : 1;
  if (exponent == 31)
    return mantissa != 0 ? NAN : static_cast<float>(sign) * INFINITY;
  if (exponent != 0)
    mantissa += 1024;
  int power = (exponent == 0 ? 1 : exponent) - 25;
  return static_cast<float>(sign * std::ldexp(mantissa, power));
}

TEST(Convert, everyHalfIsExactAndComesBack) {
  for (unsigned code = 0; code < 65536; ++code) {
    float value = toFloat(static_cast<uint16_t>(code), QOPT_FLOAT16);
    float expected = halfValue(static_cast<uint16_t>(code));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value)) << code;
      EXPECT_TRUE(
          std::isnan(toFloat(fromFloat(value, QOPT_FLOAT16), QOPT_FLOAT16)));
      continue;
    }
    ASSERT_EQ(value, expected) << code;
    ASSERT_EQ(std::signbit(value), std::signbit(expected)) << code;
    ASSERT_EQ(fromFloat(value, QOPT_FLOAT16), code);
  }
}

/// Between each two neighbours: the middle goes to the even one, what is next
/// to the middle to the nearer one. `infinity` is the code after the largest.
void checkRounding(qopt_dtype dtype, unsigned infinity, float afterLargest) {
  for (unsigned low = 0; low < infinity; ++low) {
    double a = toFloat(static_cast<uint16_t>(low), dtype);
    double b = low + 1 == infinity
                   ? afterLargest
                   : toFloat(static_cast<uint16_t>(low + 1), dtype);
    float middle = static_cast<float>((a + b) / 2);
    unsigned even = low % 2 ? low + 1 : low;
    ASSERT_EQ(fromFloat(middle, dtype), even) << low;
    ASSERT_EQ(fromFloat(-middle, dtype), even | 0x8000) << low;
    ASSERT_EQ(fromFloat(std::nextafter(middle, 0.0f), dtype), low);
    ASSERT_EQ(fromFloat(std::nextafter(middle, INFINITY), dtype), low + 1);
  }
}

TEST(Convert, toHalfRoundsToNearestEven) {
  checkRounding(QOPT_FLOAT16, 0x7c00, 65536.0f);
  EXPECT_EQ(fromFloat(1e30f, QOPT_FLOAT16), 0x7c00);
  EXPECT_EQ(fromFloat(-INFINITY, QOPT_FLOAT16), 0xfc00);
}

TEST(Convert, toBfloatRoundsToNearestEven) {
  // The last step has no float above it: 2^128 is infinite.
  for (unsigned low = 1; low < 0x7f7f; ++low) {
    uint32_t bits = low << 16 | 0x8000;
    float middle, above, below;
    std::memcpy(&middle, &bits, 4);
    ++bits;
    std::memcpy(&above, &bits, 4);
    bits -= 2;
    std::memcpy(&below, &bits, 4);
    ASSERT_EQ(fromFloat(middle, QOPT_BFLOAT16), low + low % 2);
    ASSERT_EQ(fromFloat(above, QOPT_BFLOAT16), low + 1);
    ASSERT_EQ(fromFloat(below, QOPT_BFLOAT16), low);
  }
  EXPECT_EQ(fromFloat(std::numeric_limits<float>::max(), QOPT_BFLOAT16),
            0x7f80);
  EXPECT_TRUE(
      std::isnan(toFloat(fromFloat(NAN, QOPT_BFLOAT16), QOPT_BFLOAT16)));
  EXPECT_EQ(toFloat(0x3fc0, QOPT_BFLOAT16), 1.5f);
}

TEST(Convert, integersOfEveryDtype) {
  for (int dtype : {QOPT_BOOL, QOPT_UINT8, QOPT_INT8, QOPT_INT16, QOPT_UINT16,
                    QOPT_INT32, QOPT_UINT32, QOPT_INT64, QOPT_UINT64}) {
    uint64_t array[2] = {~0ull, ~0ull};
    ASSERT_TRUE(qopt_store_integer(array, dtype, 1, 1));
    EXPECT_EQ(qopt_load_integer(array, dtype, 1), 1) << qopt_dtype_name(dtype);
  }
  for (int dtype : {QOPT_INT8, QOPT_INT16, QOPT_INT32, QOPT_INT64}) {
    uint64_t array[1] = {};
    ASSERT_TRUE(qopt_store_integer(array, dtype, 0, -5));
    EXPECT_EQ(qopt_load_integer(array, dtype, 0), -5);
  }
  float values[3] = {0, -0.0f, 0};
  ASSERT_TRUE(qopt_store_integer(values, QOPT_FLOAT, 2, 3));
  EXPECT_EQ(values[2], 3.0f);
  EXPECT_EQ(qopt_load_integer(values, QOPT_FLOAT, 1), 0);
  EXPECT_EQ(qopt_load_integer(values, QOPT_FLOAT, 2), 1);
  EXPECT_FALSE(qopt_store_integer(values, QOPT_FLOAT16, 0, 1));
}

TEST(Convert, namesAndSizes) {
  EXPECT_STREQ(qopt_dtype_name(QOPT_BFLOAT16), "bfloat16");
  EXPECT_STREQ(qopt_dtype_name(8), "unknown");
  EXPECT_STREQ(qopt_dtype_name(-1), "unknown");
  EXPECT_EQ(qopt_dtype_bytes(QOPT_BOOL), 1u);
  EXPECT_EQ(qopt_dtype_bytes(QOPT_DOUBLE), 8u);
  EXPECT_EQ(qopt_dtype_bytes(99), 0u);
}

} // namespace

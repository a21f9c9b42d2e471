//===- CacheTest.cpp - Caches from past_* and to present_* ----------------===//

#include "lib/Formats/Activations.h"

extern "C" {
#include "runtime/cache.h"
}

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <tuple>
#include <vector>

namespace {

constexpr int64_t batch = 3, heads = 2, dim = 70, context = 65, padded = 96;

/// Is key, steps, threads.
class CacheTest : public ::testing::TestWithParam<std::tuple<bool, int, int>> {
protected:
  void SetUp() override {
    std::tie(isKey, steps, threads) = GetParam();
    ASSERT_EQ(qopt_pool_create(threads, 0, nullptr, nullptr, &pool), QOPT_OK);
  }
  void TearDown() override { qopt_pool_free(pool); }

  /// A cache whose memory is all ones.
  qopt_cache makeCache(int32_t dtype, size_t vectorBytes) {
    qopt_cache cache = {nullptr, heads, dim, context, isKey, dtype};
    size_t bytes;
    EXPECT_TRUE(qopt_cache_bytes(&cache, batch, &bytes));
    EXPECT_EQ(bytes, batch * heads * padded * vectorBytes);
    EXPECT_EQ(qopt_cache_vector_bytes(dtype, dim), int64_t(vectorBytes));
    memory.assign(bytes, 0xff);
    cache.data = memory.data();
    return cache;
  }

  /// Element d of time step t in a head.
  int64_t place(int64_t t, int64_t d) const {
    return isKey ? (t / 32 * dim + d) * 32 + t % 32 : t * dim + d;
  }

  std::vector<float> randomPast() const {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> past(batch * heads * steps * dim);
    for (float &value : past)
      value = normal(random);
    return past;
  }

  bool isKey;
  int steps, threads;
  qopt_pool *pool = nullptr;
  std::vector<uint8_t> memory;
};

TEST_P(CacheTest, liesAsTheLayoutSaysAndComesBack) {
  qopt_cache cache = makeCache(QOPT_FLOAT, 4 * dim);
  std::vector<float> past(batch * heads * steps * dim);
  for (size_t i = 0; i < past.size(); ++i)
    past[i] = static_cast<float>(i);
  qopt_cache_load(&cache, pool, past.data(), QOPT_FLOAT, batch, steps);
  for (int64_t h = 0; h < batch * heads; ++h)
    for (int64_t t = 0; t < padded; ++t)
      for (int64_t d = 0; d < dim; ++d) {
        uint32_t bits, expected = 0xffffffff;
        std::memcpy(&bits, &memory[4 * (h * padded * dim + place(t, d))], 4);
        if (t < steps)
          expected = qopt::bitsOf(past[(h * steps + t) * dim + d]);
        ASSERT_EQ(bits, expected) << h << " " << t << " " << d;
      }

  std::vector<float> present(past.size());
  qopt_cache_store(&cache, pool, present.data(), QOPT_FLOAT, batch, steps);
  EXPECT_EQ(present, past);

  std::vector<uint16_t> half(past.size()), again(past.size(), 7);
  for (size_t i = 0; i < half.size(); ++i)
    half[i] = static_cast<uint16_t>(i % 0x7c00);
  for (qopt_dtype dtype : {QOPT_FLOAT16, QOPT_BFLOAT16}) {
    qopt_cache_load(&cache, pool, half.data(), dtype, batch, steps);
    qopt_cache_store(&cache, pool, again.data(), dtype, batch, steps);
    EXPECT_EQ(half, again);
  }
}

TEST_P(CacheTest, roundsToHalf) {
  qopt_cache cache = makeCache(QOPT_FLOAT16, 2 * dim);
  std::vector<float> past = randomPast(), present(past.size());
  qopt_cache_load(&cache, pool, past.data(), QOPT_FLOAT, batch, steps);
  for (int64_t h = 0; h < batch * heads; ++h)
    for (int64_t t = 0; t < padded; ++t)
      for (int64_t d = 0; d < dim; ++d) {
        uint16_t bits, expected = 0xffff;
        std::memcpy(&bits, &memory[2 * (h * padded * dim + place(t, d))], 2);
        if (t < steps)
          expected = qopt::f32ToF16(past[(h * steps + t) * dim + d]);
        ASSERT_EQ(bits, expected) << h << " " << t << " " << d;
      }
  qopt_cache_store(&cache, pool, present.data(), QOPT_FLOAT, batch, steps);
  for (size_t i = 0; i < past.size(); ++i)
    ASSERT_EQ(present[i], qopt::f16ToF32(qopt::f32ToF16(past[i])));
}

/// Bit for bit what generated code chooses.
TEST_P(CacheTest, roundsToCodes) {
  qopt_cache cache = makeCache(QOPT_INT8, dim + 4);
  std::vector<float> past = randomPast(), present(past.size());
  for (int64_t d = 0; d < dim && steps > 1; ++d) {
    past[d] = 0;
    past[dim + d] *= 0x1p-105f; // counts as zeros
  }
  qopt_cache_load(&cache, pool, past.data(), QOPT_FLOAT, batch, steps);
  qopt_cache_store(&cache, pool, present.data(), QOPT_FLOAT, batch, steps);
  for (int64_t h = 0; h < batch * heads; ++h) {
    const uint8_t *head = &memory[h * padded * (dim + 4)];
    for (int64_t t = 0; t < padded; ++t) {
      const float *vector = t < steps ? &past[(h * steps + t) * dim] : nullptr;
      float largest = 0, inverse = 0, scale;
      for (int64_t d = 0; t < steps && d < dim; ++d)
        largest = std::max(largest, std::fabs(vector[d]));
      inverse = qopt::activationInverse(largest);
      std::memcpy(&scale, head + padded * dim + 4 * t, 4);
      ASSERT_EQ(qopt::bitsOf(scale),
                t < steps ? qopt::bitsOf(qopt::activationScale(largest))
                          : 0xffffffff);
      for (int64_t d = 0; d < dim; ++d) {
        int8_t code = t < steps ? qopt::activationCode(vector[d], inverse) : -1;
        ASSERT_EQ(int8_t(head[place(t, d)]), code) << h << " " << t << " " << d;
        if (t < steps)
          ASSERT_EQ(present[(h * steps + t) * dim + d], float(code) * scale);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, CacheTest,
                         ::testing::Combine(::testing::Bool(),
                                            ::testing::Values(0, 1, 31, 32, 65),
                                            ::testing::Values(1, 3)));

TEST(Cache, refusesSizesThatDoNotFit) {
  size_t bytes;
  qopt_cache cache = {nullptr, 1 << 20, 1 << 20, 1 << 20, true, QOPT_FLOAT};
  EXPECT_FALSE(qopt_cache_bytes(&cache, 1 << 10, &bytes));
  cache = {nullptr, 1, 1, INT64_MAX, true, QOPT_INT8};
  EXPECT_FALSE(qopt_cache_bytes(&cache, 1, &bytes));
}

} // namespace

//===- CacheTest.cpp - Caches from past_* and to present_* ----------------===//

extern "C" {
#include "runtime/cache.h"
}

#include <gtest/gtest.h>
#include <tuple>
#include <vector>

namespace {

/// Is key, steps, threads.
class CacheRoundTrip
    : public ::testing::TestWithParam<std::tuple<bool, int, int>> {};

TEST_P(CacheRoundTrip, liesAsTheLayoutSaysAndComesBack) {
  auto [isKey, steps, threads] = GetParam();
  const int64_t batch = 3, heads = 2, dim = 70, context = 65;
  qopt_pool *pool = nullptr;
  ASSERT_EQ(qopt_pool_create(threads, 0, nullptr, nullptr, &pool), QOPT_OK);
  qopt_cache cache = {nullptr, heads, dim, context, isKey};
  size_t bytes;
  ASSERT_TRUE(qopt_cache_bytes(&cache, batch, &bytes));
  int64_t panels = (context + QOPT_KEY_PANEL - 1) / QOPT_KEY_PANEL;
  int64_t padded = isKey ? panels * QOPT_KEY_PANEL : context;
  ASSERT_EQ(bytes, 4u * batch * heads * dim * padded);
  std::vector<float> memory(bytes / 4, -1);
  cache.data = memory.data();

  std::vector<float> past(batch * heads * steps * dim);
  for (size_t i = 0; i < past.size(); ++i)
    past[i] = static_cast<float>(i);
  qopt_cache_load(&cache, pool, past.data(), QOPT_FLOAT, batch, steps);
  for (int64_t h = 0; h < batch * heads; ++h)
    for (int64_t t = 0; t < context; ++t)
      for (int64_t d = 0; d < dim; ++d) {
        int64_t index = isKey ? ((h * panels + t / QOPT_KEY_PANEL) * dim + d) *
                                        QOPT_KEY_PANEL +
                                    t % QOPT_KEY_PANEL
                              : (h * context + t) * dim + d;
        float expected = t < steps ? past[(h * steps + t) * dim + d] : -1.0f;
        ASSERT_EQ(memory[index], expected) << h << " " << t << " " << d;
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
  qopt_pool_free(pool);
}

INSTANTIATE_TEST_SUITE_P(Sizes, CacheRoundTrip,
                         ::testing::Combine(::testing::Bool(),
                                            ::testing::Values(0, 1, 31, 32, 65),
                                            ::testing::Values(1, 3)));

TEST(Cache, refusesSizesThatDoNotFit) {
  size_t bytes;
  qopt_cache cache = {nullptr, 1 << 20, 1 << 20, 1 << 20, true};
  EXPECT_FALSE(qopt_cache_bytes(&cache, 1 << 10, &bytes));
  cache = {nullptr, 1, 1, INT64_MAX, true};
  EXPECT_FALSE(qopt_cache_bytes(&cache, 1, &bytes));
}

} // namespace

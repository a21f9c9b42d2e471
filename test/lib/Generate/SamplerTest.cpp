//===- SamplerTest.cpp - The next token -----------------------------------===//

#include "lib/Generate/Sampler.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>

namespace qopt {
namespace {

constexpr float nothing = -INFINITY;

std::map<int64_t, int> count(const SamplingOptions &options,
                             const std::vector<float> &logits, int samples) {
  Sampler sampler(options, 0);
  std::map<int64_t, int> counts;
  for (int i = 0; i < samples; ++i)
    ++counts[*sampler.sample(logits)];
  return counts;
}

TEST(Sampler, GreedyTakesTheLowestOfEqualLogits) {
  Sampler sampler({}, 0);
  EXPECT_EQ(sampler.sample({1.0f, 3.0f, 3.0f, nothing}), 1);
  EXPECT_EQ(sampler.sample({nothing, nothing, -5.0f}), 2);
}

TEST(Sampler, NoNumbersGiveNoToken) {
  SamplingOptions options;
  for (double temperature : {0.0, 1.0}) {
    options.temperature = temperature;
    Sampler sampler(options, 0);
    EXPECT_EQ(sampler.sample({nothing, NAN}), std::nullopt);
    EXPECT_EQ(sampler.sample({nothing, NAN, 1.0f}), 2);
    EXPECT_EQ(sampler.sample({1.0f, INFINITY}), 1);
    EXPECT_EQ(sampler.sample({}), std::nullopt);
  }
}

TEST(Sampler, FollowsTheProbabilities) {
  SamplingOptions options;
  options.temperature = 2;
  // softmax(logits / 2) = {1, 2, 5} / 8
  std::vector<float> logits = {0, float(2 * std::log(2.0)),
                               float(2 * std::log(5.0)), nothing};
  const int samples = 20000;
  std::map<int64_t, int> counts = count(options, logits, samples);
  // Five standard deviations of a binomial distribution.
  for (auto [token, share] : {std::pair(0, 0.125), {1, 0.25}, {2, 0.625}})
    EXPECT_NEAR(counts[token], samples * share,
                5 * std::sqrt(samples * share * (1 - share)));
  EXPECT_EQ(counts.count(3), 0u);
}

TEST(Sampler, SeedsAndRowsDiffer) {
  SamplingOptions options;
  options.temperature = 1;
  std::vector<float> logits(1000, 0);
  auto draw = [&](uint64_t seed, uint64_t row) {
    options.seed = seed;
    Sampler sampler(options, row);
    std::vector<int64_t> tokens;
    for (int i = 0; i < 8; ++i)
      tokens.push_back(*sampler.sample(logits));
    return tokens;
  };
  EXPECT_EQ(draw(7, 0), draw(7, 0));
  EXPECT_NE(draw(7, 0), draw(7, 1));
  EXPECT_NE(draw(7, 0), draw(8, 0));
  EXPECT_NE(draw(7, 0), draw(7 + (uint64_t(1) << 32), 0));
}

/// The tokens that can come.
std::vector<int64_t> support(SamplingOptions options,
                             const std::vector<float> &logits) {
  options.temperature = 1;
  std::vector<int64_t> tokens;
  for (auto [token, times] : count(options, logits, 3000))
    tokens.push_back(token);
  return tokens;
}

TEST(Sampler, KeepsTheLikely) {
  // Probabilities 0.1, 0.2, 0.3, 0.4.
  std::vector<float> logits;
  for (double p : {0.1, 0.2, 0.3, 0.4})
    logits.push_back(float(std::log(p)));
  using Tokens = std::vector<int64_t>;
  SamplingOptions options;
  EXPECT_EQ(support(options, logits), (Tokens{0, 1, 2, 3}));
  options.topK = 2;
  EXPECT_EQ(support(options, logits), (Tokens{2, 3}));
  options.topK = 100;
  EXPECT_EQ(support(options, logits), (Tokens{0, 1, 2, 3}));
  options = {};
  options.topP = 0.69;
  EXPECT_EQ(support(options, logits), (Tokens{2, 3}));
  options.topP = 0.71;
  EXPECT_EQ(support(options, logits), (Tokens{1, 2, 3}));
  options.topP = 0;
  EXPECT_EQ(support(options, logits), (Tokens{3}));
  options = {};
  options.minP = 0.6;
  EXPECT_EQ(support(options, logits), (Tokens{2, 3}));
  options.minP = 1;
  EXPECT_EQ(support(options, logits), (Tokens{3}));
  // top-p of what top-k left: 0.4 / 0.7 is beyond a half.
  options = {};
  options.topK = 2;
  options.topP = 0.5;
  EXPECT_EQ(support(options, logits), (Tokens{3}));
  // Ties at the limit of top-k: the lower id stays.
  options = {};
  options.topK = 1;
  EXPECT_EQ(support(options, {0, 0, 0}), (Tokens{0}));
}

TEST(Sampler, PenalisesWhatIsThere) {
  SamplingOptions options;
  options.repetitionPenalty = 2;
  Sampler sampler(options, 0);
  sampler.see({0});
  EXPECT_EQ(sampler.sample({3.0f, 2.0f, -1.0f}), 1);   // 3 / 2
  EXPECT_EQ(sampler.sample({3.0f, 2.0f, -1.0f}), 0);   // 2 / 2
  EXPECT_EQ(sampler.sample({-3.0f, -2.0f, -5.0f}), 1); // -6, -4, -5
}

TEST(Sampler, CandidatesAreAllThatIsRead) {
  std::mt19937 random(3);
  std::vector<float> logits;
  for (int i = 0; i < 500; ++i) // with ties
    logits.push_back(i % 7   ? float(random() % 40) * 0.1f
                     : i % 3 ? NAN
                             : nothing);
  std::vector<int64_t> order;
  for (size_t i = 0; i < logits.size(); ++i)
    if (logits[i] > nothing)
      order.push_back(int64_t(i));
  auto numbers = order.size();
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  });
  for (int64_t topK : {int64_t(1), int64_t(5), int64_t(numbers), int64_t(600)})
    for (double temperature : {0.0, 0.7})
      for (double topP : {1.0, 0.8})
        for (double minP : {0.0, 0.3}) {
          SamplingOptions options;
          options.topK = topK;
          options.temperature = temperature;
          options.topP = topP;
          options.minP = minP;
          int64_t wanted = options.wantedLogits();
          EXPECT_EQ(wanted, temperature > 0 ? topK : 1);
          std::vector<float> values(wanted, nothing);
          std::vector<int64_t> tokens(wanted, -1);
          for (int64_t i = 0; i < std::min<int64_t>(wanted, numbers); ++i)
            values[i] = logits[tokens[i] = order[i]];
          Sampler all(options, 0), few(options, 0);
          for (int i = 0; i < 50; ++i)
            EXPECT_EQ(few.sample(values, tokens), all.sample(logits));
        }
  Sampler sampler({}, 0);
  EXPECT_EQ(sampler.sample({nothing}, {-1}), std::nullopt);
  SamplingOptions options;
  options.temperature = 1;
  EXPECT_EQ(options.wantedLogits(), 0);
  options.topK = 8;
  options.repetitionPenalty = 2;
  EXPECT_EQ(options.wantedLogits(), 0);
}

} // namespace
} // namespace qopt

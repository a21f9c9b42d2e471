//===- EvaluationTest.cpp - Tests of perplexity and KL --------------------===//

#include "lib/Eval/Evaluation.h"
#include "lib/Eval/Statistics.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <random>

using namespace qopt;

namespace {

/// The definition, in long double and without any trick.
std::vector<long double> softmax(const float *row, int64_t size) {
  long double max = *std::max_element(row, row + size), sum = 0;
  std::vector<long double> p;
  for (int64_t i = 0; i < size; ++i)
    p.push_back(std::exp((long double)row[i] - max));
  for (long double value : p)
    sum += value;
  for (long double &value : p)
    value /= sum;
  return p;
}

struct Case {
  int64_t rows, vocabulary;
  std::vector<float> logits, reference;
  std::vector<int64_t> targets;

  Case(int64_t rows, int64_t vocabulary, float spread)
      : rows(rows), vocabulary(vocabulary) {
    std::mt19937 random(5);
    std::normal_distribution<float> normal(0, spread);
    for (int64_t i = 0; i < rows * vocabulary; ++i) {
      reference.push_back(normal(random));
      logits.push_back(reference.back() + normal(random) / 10);
    }
    for (int64_t i = 0; i < rows; ++i)
      targets.push_back(int64_t(random() % uint64_t(vocabulary)));
  }
};

TEST(Evaluation, AgreesWithTheDefinition) {
  // Vocabularies that are and are not multiples of the number of lanes; the
  // spread of 100 reaches probabilities of e^-700.
  for (int64_t vocabulary : {1, 7, 8, 1001, 4096})
    for (float spread : {0.1f, 3.0f, 100.0f}) {
      Case c(20, vocabulary, spread);
      Evaluation evaluation(vocabulary);
      evaluation.add(c.logits.data(), c.reference.data(), c.targets);
      Figures figures = evaluation.getFigures();

      long double nll = 0, cosines = 0;
      std::vector<double> divergences;
      int agreements = 0;
      for (int64_t row = 0; row < c.rows; ++row) {
        const float *l = &c.logits[size_t(row * vocabulary)];
        const float *r = &c.reference[size_t(row * vocabulary)];
        auto p = softmax(l, vocabulary), q = softmax(r, vocabulary);
        nll -= std::log(p[size_t(c.targets[size_t(row)])]);
        long double kl = 0;
        for (size_t i = 0; i < p.size(); ++i)
          kl += q[i] > 0 ? q[i] * (std::log(q[i]) - std::log(p[i])) : 0;
        divergences.push_back(double(kl));
        long double dot = 0, lSquare = 0, rSquare = 0;
        for (int64_t i = 0; i < vocabulary; ++i) {
          dot += (long double)l[i] * r[i];
          lSquare += (long double)l[i] * l[i];
          rSquare += (long double)r[i] * r[i];
        }
        cosines += dot / (std::sqrt(lSquare) * std::sqrt(rSquare));
        agreements += std::max_element(l, l + vocabulary) - l ==
                      std::max_element(r, r + vocabulary) - r;
      }
      EXPECT_EQ(figures.tokens, c.rows);
      // Twelve digits of the mean: the sums are of doubles.
      double mean = double(nll / c.rows);
      EXPECT_NEAR(std::log(figures.perplexity), mean, 1e-12 * (1 + mean));
      double klSum =
          std::accumulate(divergences.begin(), divergences.end(), 0.0);
      std::sort(divergences.begin(), divergences.end());
      // Of 20 rows: half way from the 9th to the 10th, and 0.81 of the way from
      // the 18th to the 19th.
      double middle = (divergences[9] + divergences[10]) / 2;
      double p99 = 0.19 * divergences[18] + 0.81 * divergences[19];
      EXPECT_NEAR(figures.klMean, klSum / double(c.rows), 1e-12 * spread);
      EXPECT_NEAR(figures.klMedian, middle, 1e-12 * spread);
      EXPECT_NEAR(figures.kl99, p99, 1e-12 * spread);
      EXPECT_NEAR(figures.klMax, divergences[19], 1e-12 * spread);
      EXPECT_NEAR(figures.cosine, double(cosines / c.rows), 1e-14);
      EXPECT_EQ(figures.top1, double(agreements) / double(c.rows));
    }
}

TEST(Evaluation, AModelAgreesWithItself) {
  Case c(50, 4096, 3);
  Evaluation evaluation(c.vocabulary);
  evaluation.add(c.reference.data(), c.reference.data(), c.targets);
  Figures figures = evaluation.getFigures();
  EXPECT_EQ(figures.klMean, 0);
  EXPECT_EQ(figures.klMax, 0);
  EXPECT_EQ(figures.top1, 1);
  EXPECT_EQ(figures.cosine, 1);
  EXPECT_EQ(figures.perplexity, figures.referencePerplexity);
}

TEST(Evaluation, DoesNotDependOnTheCallsRowsComeIn) {
  Case c(31, 100, 2);
  Evaluation whole(c.vocabulary), parts(c.vocabulary), alone(c.vocabulary);
  whole.add(c.logits.data(), c.reference.data(), c.targets);
  double likelihood = 0, kl = 0;
  for (size_t row = 0; row < c.targets.size(); ++row) {
    PartFigures part = parts.add(&c.logits[row * 100], &c.reference[row * 100],
                                 {c.targets[row]});
    EXPECT_EQ(part.tokens, 1);
    likelihood += part.negativeLogLikelihood / 31;
    kl += part.kl / 31;
  }
  Figures one = whole.getFigures(), many = parts.getFigures();
  EXPECT_NEAR(likelihood, std::log(one.perplexity), 1e-12 * likelihood);
  EXPECT_NEAR(kl, one.klMean, 1e-12);
  EXPECT_EQ(one.perplexity, many.perplexity);
  EXPECT_EQ(one.klMean, many.klMean);
  EXPECT_EQ(one.klMedian, many.klMedian);
  EXPECT_EQ(one.kl99, many.kl99);
  EXPECT_EQ(one.klMax, many.klMax);
  EXPECT_EQ(one.cosine, many.cosine);
  alone.add(c.logits.data(), nullptr, c.targets);
  EXPECT_EQ(alone.getFigures().perplexity, one.perplexity);
  EXPECT_FALSE(alone.getFigures().hasReference);
}

TEST(Evaluation, CosineIsOfDirections) {
  float row[] = {1, 2, 3, 4}, twice[] = {2, 4, 6, 8};
  float across[] = {2, -1, 4, -3}, zeros[] = {0, 0, 0, 0};
  auto cosine = [](const float *a, const float *b) {
    Evaluation evaluation(4);
    evaluation.add(a, b, {0});
    return evaluation.getFigures().cosine;
  };
  EXPECT_EQ(cosine(row, twice), 1);
  EXPECT_EQ(cosine(row, across), 0);
  EXPECT_EQ(cosine(zeros, zeros), 1);
}

TEST(Evaluation, ExcludedTokensAndBrokenLogits) {
  float infinity = std::numeric_limits<float>::infinity();
  // Both models exclude the same token: it takes no part.
  float both[] = {0, 0, -infinity, 0};
  Evaluation same(4);
  same.add(both, both, {1});
  EXPECT_EQ(same.getFigures().klMean, 0);
  EXPECT_EQ(same.getFigures().cosine, 1);
  EXPECT_NEAR(same.getFigures().perplexity, 3, 1e-12);
  // A NaN is not hidden.
  float nan[] = {0, std::numeric_limits<float>::quiet_NaN(), 0, 0};
  Evaluation broken(4);
  broken.add(nan, both, {0});
  EXPECT_TRUE(std::isnan(broken.getFigures().perplexity));
  EXPECT_TRUE(std::isnan(broken.getFigures().klMean));
  EXPECT_TRUE(std::isnan(broken.getFigures().kl99));
  EXPECT_TRUE(std::isnan(broken.getFigures().klMax));
  EXPECT_TRUE(std::isnan(broken.getFigures().cosine));
}

TEST(Statistics, Quantiles) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(quantile({5}, 0.99), 5);
  EXPECT_DOUBLE_EQ(quantile({0, 10, 20, 30, 40}, 0.9), 36);
  EXPECT_EQ(quantile({0, 1, 2}, 1), 2);
  EXPECT_EQ(quantile({0, 1, 2}, 0), 0);
  EXPECT_TRUE(std::isnan(median({})));
  EXPECT_TRUE(std::isnan(quantile({1, std::nan(""), 2}, 1)));
}

} // namespace

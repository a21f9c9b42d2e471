//===- Evaluation.cpp - Quality of predictions ----------------------------===//

#include "lib/Eval/Evaluation.h"

#include "lib/Eval/Statistics.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace qopt {

/// Sums run in this many lanes, so that the compiler may use vectors without
/// reordering anything.
static constexpr int lanes = 8;

namespace {
struct Maximum {
  float value;
  int64_t index;
};

/// Of one row: sum of exp(l - max), and of it weighted by differences.
struct RowSums {
  double model = 0;
  double reference = 0;
  double weighted = 0; ///< exp(r - max r) * ((r - max r) - (l - max l))
};
} // namespace

/// exp(x) for x <= 0, to about 1e-14 relative; below e^-700 it is that.
/// x = n ln 2 + r with |r| <= ln 2 / 2, a Taylor polynomial for e^r, and 2^n by
/// the exponent's bits. No branch and no call: it becomes vector code.
static inline double expOfNegative(double x) {
  constexpr double magic = 0x1.8p52; // adding it rounds to an integer
  x = x < -700.0 ? -700.0 : x;
  double shifted = x * 1.4426950408889634 + magic;
  double n = shifted - magic;
  double r = x - n * 6.93147180369123816490e-01;
  r -= n * 1.90821492927058770002e-10;
  double p = 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  uint64_t bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  bits = (bits + 1023) << 52;
  double power;
  std::memcpy(&power, &bits, sizeof(power));
  return p * power;
}

static Maximum findMaximum(const float *row, int64_t size) {
  float best[lanes];
  std::fill(best, best + lanes, row[0]);
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
    for (int j = 0; j < lanes; ++j)
      best[j] = best[j] < row[i + j] ? row[i + j] : best[j];
  float value = *std::max_element(best, best + lanes);
  for (; i < size; ++i)
    value = std::max(value, row[i]);
  return {value, std::find(row, row + size, value) - row};
}

static double sum(const double *values) {
  return std::accumulate(values, values + lanes, 0.0);
}

static RowSums sumModel(const float *row, double max, int64_t size) {
  double sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
    for (int j = 0; j < lanes; ++j)
      sums[j] += expOfNegative(row[i + j] - max);
  for (; i < size; ++i)
    sums[0] += expOfNegative(row[i] - max);
  RowSums result;
  result.model = sum(sums);
  return result;
}

static RowSums sumBoth(const float *row, double max, const float *reference,
                       double referenceMax, int64_t size) {
  double sums[lanes] = {}, referenceSums[lanes] = {}, weighted[lanes] = {};
  auto step = [&](int64_t i, int j) {
    double difference = reference[i] - referenceMax, other = row[i] - max;
    double weight = expOfNegative(difference);
    sums[j] += expOfNegative(other);
    referenceSums[j] += weight;
    // Both -inf where a model excludes a token: no part in the sum.
    double term = weight * (difference - other);
    weighted[j] += difference < -700.0 ? 0.0 : term;
  };
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
    for (int j = 0; j < lanes; ++j)
      step(i + j, j);
  for (; i < size; ++i)
    step(i, 0);
  return {sum(sums), sum(referenceSums), sum(weighted)};
}

PartFigures Evaluation::add(const float *logits, const float *reference,
                            llvm::ArrayRef<int64_t> targets) {
  PartFigures part;
  int64_t agreementsBefore = agreements;
  auto addLikelihood = [&](double value) {
    negativeLogLikelihood += value;
    part.negativeLogLikelihood += value;
  };
  for (int64_t target : targets) {
    Maximum best = findMaximum(logits, vocabulary);
    if (!reference) {
      RowSums sums = sumModel(logits, best.value, vocabulary);
      addLikelihood(std::log(sums.model) -
                    (double(logits[target]) - best.value));
    } else {
      Maximum referenceBest = findMaximum(reference, vocabulary);
      RowSums sums = sumBoth(logits, best.value, reference, referenceBest.value,
                             vocabulary);
      double logModel = std::log(sums.model),
             logReference = std::log(sums.reference);
      addLikelihood(logModel - (double(logits[target]) - best.value));
      referenceNegativeLogLikelihood +=
          logReference - (double(reference[target]) - referenceBest.value);
      // sum p_ref ((r - max r - ln Z_ref) - (l - max l - ln Z))
      divergences.push_back(sums.weighted / sums.reference - logReference +
                            logModel);
      part.kl += divergences.back();
      agreements += best.index == referenceBest.index;
      cosines += cosine(logits, reference, vocabulary);
      reference += vocabulary;
    }
    ++tokens;
    logits += vocabulary;
  }
  double count = double(targets.size());
  part.tokens = int64_t(targets.size());
  part.negativeLogLikelihood /= count;
  part.kl /= count;
  part.top1 = double(agreements - agreementsBefore) / count;
  return part;
}

Figures Evaluation::getFigures() const {
  Figures figures;
  figures.tokens = tokens;
  figures.perplexity = std::exp(negativeLogLikelihood / double(tokens));
  if (divergences.empty())
    return figures;
  figures.hasReference = true;
  figures.referencePerplexity =
      std::exp(referenceNegativeLogLikelihood / double(tokens));
  figures.klMean =
      std::accumulate(divergences.begin(), divergences.end(), 0.0) /
      double(tokens);
  figures.klMedian = median(divergences);
  figures.kl99 = quantile(divergences, 0.99);
  figures.klMax = quantile(divergences, 1);
  figures.top1 = double(agreements) / double(tokens);
  figures.cosine = cosines / double(tokens);
  return figures;
}

} // namespace qopt

//===- Statistics.cpp - Quantiles, cosines --------------------------------===//

#include "lib/Eval/Statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace qopt {

double quantile(std::vector<double> samples, double fraction) {
  // What is not a number has no place in an order.
  if (samples.empty() ||
      std::any_of(samples.begin(), samples.end(),
                  [](double sample) { return std::isnan(sample); }))
    return std::numeric_limits<double>::quiet_NaN();
  double position = fraction * double(samples.size() - 1);
  size_t below = size_t(position);
  auto nth = samples.begin() + below;
  std::nth_element(samples.begin(), nth, samples.end());
  double low = *nth;
  if (below + 1 == samples.size())
    return low;
  double high = *std::min_element(nth + 1, samples.end());
  return low + (position - double(below)) * (high - low);
}

double cosine(const float *row, const float *reference, int64_t size) {
  constexpr int lanes = 8; // for vectors, without reordering anything
  double dots[lanes] = {}, squares[lanes] = {}, referenceSquares[lanes] = {};
  constexpr float excluded = -std::numeric_limits<float>::infinity();
  auto step = [&](int64_t i, int j) {
    bool neither = row[i] == excluded && reference[i] == excluded;
    double a = neither ? 0 : row[i], b = neither ? 0 : reference[i];
    dots[j] += a * b;
    squares[j] += a * a;
    referenceSquares[j] += b * b;
  };
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
    for (int j = 0; j < lanes; ++j)
      step(i + j, j);
  for (; i < size; ++i)
    step(i, 0);
  auto sum = [](const double *values) {
    return std::accumulate(values, values + lanes, 0.0);
  };
  double square = sum(squares), referenceSquare = sum(referenceSquares);
  if (square == 0 || referenceSquare == 0)
    return square == referenceSquare;
  // One root of the product: exactly 1 for equal rows.
  return sum(dots) / std::sqrt(square * referenceSquare);
}

} // namespace qopt

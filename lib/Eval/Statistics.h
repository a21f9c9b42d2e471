//===- Statistics.h - Quantiles, cosines ------------------------*- C++ -*-===//

#ifndef QOPT_LIB_EVAL_STATISTICS_H
#define QOPT_LIB_EVAL_STATISTICS_H

#include <cstdint>
#include <vector>

namespace qopt {

/// The value below which this fraction of the samples lies, interpolated
/// linearly between neighbours as numpy does; NaN for no samples or when one of
/// them is.
double quantile(std::vector<double> samples, double fraction);

inline double median(std::vector<double> samples) {
  return quantile(std::move(samples), 0.5);
}

/// Of two rows; 1 where both are nothing but zeros, 0 where one is. What is
/// minus infinity in both (a token that is excluded) takes no part.
double cosine(const float *row, const float *reference, int64_t size);

} // namespace qopt

#endif // QOPT_LIB_EVAL_STATISTICS_H

//===- Statistics.h - Quantiles of samples ----------------------*- C++ -*-===//

#ifndef QOPT_LIB_EVAL_STATISTICS_H
#define QOPT_LIB_EVAL_STATISTICS_H

#include <vector>

namespace qopt {

/// The value below which this fraction of the samples lies, interpolated
/// linearly between neighbours as numpy does; NaN for no samples or when one of
/// them is.
double quantile(std::vector<double> samples, double fraction);

inline double median(std::vector<double> samples) {
  return quantile(std::move(samples), 0.5);
}

} // namespace qopt

#endif // QOPT_LIB_EVAL_STATISTICS_H

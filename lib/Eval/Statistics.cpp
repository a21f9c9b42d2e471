//===- Statistics.cpp - Quantiles of samples ------------------------------===//

#include "lib/Eval/Statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

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

} // namespace qopt

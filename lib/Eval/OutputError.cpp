//===- OutputError.cpp - How far an output is from a reference ------------===//

#include "lib/Eval/OutputError.h"

#include "lib/Eval/Statistics.h"
#include <cmath>
#include <numeric>

namespace qopt {

double OutputError::add(const float *output, const float *reference,
                        int64_t newRows, int64_t columns) {
  double sum = 0;
  for (int64_t row = 0; row < newRows; ++row) {
    for (int64_t i = 0; i < columns; ++i) {
      double difference = std::abs(double(output[i]) - reference[i]);
      // Once it is no number, it stays so.
      if (difference > largest || std::isnan(difference))
        largest = difference;
    }
    cosines.push_back(cosine(output, reference, columns));
    sum += cosines.back();
    output += columns;
    reference += columns;
  }
  return sum;
}

double OutputError::cosineMean() const {
  return std::accumulate(cosines.begin(), cosines.end(), 0.0) / double(rows());
}

double OutputError::cosineQuantile(double fraction) const {
  return quantile(cosines, fraction);
}

} // namespace qopt

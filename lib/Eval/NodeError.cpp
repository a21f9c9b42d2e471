//===- NodeError.cpp - How far a node's output is from floats -------------===//

#include "lib/Eval/NodeError.h"

#include "lib/Eval/Statistics.h"
#include <cmath>
#include <limits>

namespace qopt {

constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

void NodeError::add(const float *reference, const float *codes, int64_t newRows,
                    int64_t columns) {
  for (int64_t row = 0; row < newRows; ++row) {
    // A sum for each row first: millions of small squares would be lost in one.
    double rowSignal = 0, rowNoise = 0;
    for (int64_t i = 0; i < columns; ++i) {
      double difference = double(reference[i]) - codes[i];
      rowSignal += double(reference[i]) * reference[i];
      rowNoise += difference * difference;
    }
    signal += rowSignal;
    noise += rowNoise;
    cosines += qopt::cosine(codes, reference, columns);
    reference += columns;
    codes += columns;
  }
  rows += newRows;
}

double NodeError::sqnr() const {
  if (rows == 0 || std::isnan(signal) || std::isnan(noise))
    return notANumber;
  return noise == 0 ? std::numeric_limits<double>::infinity()
                    : 10 * std::log10(signal / noise);
}

double NodeError::cosine() const {
  return rows == 0 ? notANumber : cosines / double(rows);
}

} // namespace qopt

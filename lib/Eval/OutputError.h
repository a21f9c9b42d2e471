//===- OutputError.h - How far an output is from a reference ----*- C++ -*-===//

#ifndef QOPT_LIB_EVAL_OUTPUTERROR_H
#define QOPT_LIB_EVAL_OUTPUTERROR_H

#include <cstdint>
#include <vector>

namespace qopt {

/// Adds up how far rows of an output (those of tokens, say) are from another
/// model's. The figures do not depend on how the rows are divided into calls.
class OutputError {
public:
  /// Both are [rows, columns]. Returns the sum of the rows' cosines.
  double add(const float *output, const float *reference, int64_t rows,
             int64_t columns);

  int64_t rows() const { return int64_t(cosines.size()); }
  /// Over rows; NaN where a value is none or nothing was added.
  double cosineMean() const;
  /// That below which this fraction of the rows is; 0: the smallest.
  double cosineQuantile(double fraction) const;
  /// The largest |output - reference| of all elements; NaN where a value is.
  double largestDifference() const { return largest; }

private:
  std::vector<double> cosines;
  double largest = 0;
};

} // namespace qopt

#endif // QOPT_LIB_EVAL_OUTPUTERROR_H

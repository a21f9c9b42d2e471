//===- NodeError.h - How far a node's output is from floats -----*- C++ -*-===//

#ifndef QOPT_LIB_EVAL_NODEERROR_H
#define QOPT_LIB_EVAL_NODEERROR_H

#include <cstdint>

namespace qopt {

/// Adds up how far the output of a node that computes with codes is from what
/// it gives in float, row by row. The figures do not depend on how the rows are
/// divided into calls.
class NodeError {
public:
  /// Both are [rows, columns].
  void add(const float *reference, const float *codes, int64_t rows,
           int64_t columns);

  /// Signal to quantization noise ratio of all elements in dB,
  /// 10 log10(sum reference^2 / sum (reference - codes)^2): infinite where both
  /// are equal, NaN where a value is none or nothing was added.
  double sqnr() const;
  /// Mean over rows of the cosine of the two; NaN likewise.
  double cosine() const;

private:
  int64_t rows = 0;
  double signal = 0, noise = 0, cosines = 0; ///< the sums
};

} // namespace qopt

#endif // QOPT_LIB_EVAL_NODEERROR_H

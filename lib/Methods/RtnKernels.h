//===- RtnKernels.h - Searching the scale of a group ------------*- C++ -*-===//

#ifndef QOPT_LIB_METHODS_RTNKERNELS_H
#define QOPT_LIB_METHODS_RTNKERNELS_H

#include "lib/Formats/Format.h"
#include "lib/Methods/HostIsa.h"
#include <cstdint>

namespace qopt {

/// Candidates that are tried side by side.
constexpr int rtnLanes = 16;
constexpr int maxRtnSteps = 100;
constexpr int maxRtnCandidates =
    (maxRtnSteps + rtnLanes - 1) / rtnLanes * rtnLanes;

/// What the search knows of format and options.
struct RtnPlan {
  RtnPlan(const Format &format, int steps);

  Format format;
  int steps;
  /// Candidates of one way to place the range: `steps`, rounded up to lanes.
  int candidates;
  /// How much of the range candidate i keeps; those beyond `steps` repeat the
  /// last.
  float shrink[maxRtnCandidates];
};

/// The smallest and the largest of some weights. -0 is less than 0.
struct WeightRange {
  float low, high;
  bool isFinite; ///< every one of the weights
};

/// Scales and zeros to choose from, as they would be stored.
struct RtnCandidates {
  static constexpr int capacity = 2 * maxRtnCandidates; ///< two ways

  int count;     ///< a multiple of rtnLanes
  bool areEqual; ///< there is only one, repeated
  alignas(64) float scale[capacity];
  alignas(64) float zero[capacity];
  alignas(64) float zeroIndex[capacity]; ///< zero - minCode
};

/// The loops over weights, for one ISA version. The error of a candidate is
/// the sum of squares in the order of the weights: in f32 over each 32 of them,
/// then over these sums; so it does not depend on the width of a register.
struct RtnKernels {
  WeightRange (*findRange)(const float *weights, int64_t count);
  /// The range has a number that is not 0.
  void (*makeCandidates)(const RtnPlan &plan, const WeightRange &range,
                         RtnCandidates &candidates);
  /// The first candidate of the smallest error; `range` is that of the weights.
  int (*findBest)(const float *weights, int64_t count, const Format &format,
                  const WeightRange &range, const RtnCandidates &candidates);
  /// The error of each candidate.
  void (*sumErrors)(const float *weights, int64_t count, const Format &format,
                    const RtnCandidates &candidates, float *errors);
  /// nearestIndex of each weight.
  void (*encode)(const float *weights, int64_t count, const Format &format,
                 float scale, float zero, uint8_t *indices);
};

const RtnKernels &getRtnKernels(HostIsa isa);

} // namespace qopt

#endif // QOPT_LIB_METHODS_RTNKERNELS_H

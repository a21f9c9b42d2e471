//===- RtnCandidates.h - Scales and zeros to choose from --------*- C++ -*-===//

#ifndef QOPT_LIB_METHODS_RTNCANDIDATES_H
#define QOPT_LIB_METHODS_RTNCANDIDATES_H

#include "lib/Formats/Rounding.h"
#include "lib/Methods/RtnKernels.h"
#include <cfloat>

// Part of RtnKernels.cpp, for no other file: compiled into each ISA version.
#define QOPT_INLINE [[gnu::always_inline]] inline

namespace qopt {

/// The largest scale: |scale| * |code - zero| never overflows, nor does the
/// rounding of the scale.
inline float maxScale(const Format &format) {
  if (format.scale == DataType::F16)
    return 65504.0f;
  return FLT_MAX / float(format.maxIndex() + 1);
}

/// The smallest positive number of a type.
inline float minOf(DataType type) {
  return type == DataType::F16    ? 0x1p-24f
         : type == DataType::BF16 ? 0x1p-133f
                                  : FLT_TRUE_MIN;
}

/// scale[i] for scales that are not 0 in exact arithmetic and have the sign of
/// `smallest`, the nearest number to 0 that is a scale.
template <DataType type>
QOPT_INLINE void storeScales(float *scale, int count, float limit,
                             float smallest) {
  for (int i = 0; i < count; ++i) {
    float stored = roundToType(clampTo(scale[i], -limit, limit), type);
    scale[i] = stored != 0 ? stored : smallest;
  }
}

QOPT_INLINE void storeScales(const Format &format, float *scale, int count,
                             bool isNegative) {
  const float limit = maxScale(format), tiny = minOf(format.scale);
  const float smallest = isNegative ? -tiny : tiny;
  if (format.scale == DataType::F16)
    storeScales<DataType::F16>(scale, count, limit, smallest);
  else if (format.scale == DataType::BF16)
    storeScales<DataType::BF16>(scale, count, limit, smallest);
  else
    storeScales<DataType::F32>(scale, count, limit, smallest);
}

template <DataType type>
QOPT_INLINE void storeFloatZeros(float *zero, int count, float low,
                                 float high) {
  for (int i = 0; i < count; ++i)
    zero[i] = roundToType(clampTo(zero[i], low, high), type);
}

/// `isCode`: 0 is in the range of the group, so its zero in that of the codes.
QOPT_INLINE void storeZeros(const Format &format, float *zero, int count,
                            bool isCode) {
  if (format.zero == Format::Zero::Integer) {
    const float low = float(format.minZero()), high = float(format.maxZero());
    for (int i = 0; i < count; ++i)
      zero[i] = roundToEven(clampTo(zero[i], low, high));
    return;
  }
  const float limit = format.zeroType == DataType::F16 ? 65504.0f : 0x1p100f;
  const float low = isCode ? float(format.minCode()) : -limit;
  const float high = isCode ? low + float(format.maxIndex()) : limit;
  if (format.zeroType == DataType::F16)
    storeFloatZeros<DataType::F16>(zero, count, low, high);
  else if (format.zeroType == DataType::BF16)
    storeFloatZeros<DataType::BF16>(zero, count, low, high);
  else
    storeFloatZeros<DataType::F32>(zero, count, low, high);
}

/// Candidates [begin, begin + plan.candidates) for codes that span [low, high],
/// shrunk around `center`:
///   scale = (high - low) / maxIndex, zero = minCode - low / scale.
QOPT_INLINE void spanRange(const RtnPlan &plan, float low, float high,
                           float center, int begin, RtnCandidates &candidates) {
  const Format &format = plan.format;
  const int count = plan.candidates;
  const float halfOfIndices = float(format.maxIndex()) * 0.5f;
  const float minCode = float(format.minCode()), limit = maxScale(format);
  float *scale = candidates.scale + begin, *zero = candidates.zero + begin;
  float lows[maxRtnCandidates], exact[maxRtnCandidates];
  const float below = low - center, above = high - center;
  for (int i = 0; i < count; ++i) {
    lows[i] = center + plan.shrink[i] * below;
    float top = center + plan.shrink[i] * above;
    // By halves, as the range may be larger than the largest number.
    exact[i] = (top * 0.5f - lows[i] * 0.5f) / halfOfIndices;
    scale[i] = exact[i];
  }
  storeScales(format, scale, count, false);
  // Where the scale cannot reach, the codes are at least shared out fairly.
  for (int i = 0; i < count; ++i)
    zero[i] = minCode - lows[i] / (exact[i] > limit ? exact[i] : scale[i]);
  storeZeros(format, zero, count, low <= 0 && high >= 0);
}

/// Candidates for a zero that is not stored: the weight of largest magnitude is
/// the code of largest magnitude, whatever its sign, so that no code is wasted:
///   scale = weight / (code - zero).
QOPT_INLINE void spanMagnitude(const RtnPlan &plan, const WeightRange &range,
                               RtnCandidates &candidates) {
  const Format &format = plan.format;
  const float zero = float(format.constantZero());
  const float largest = range.high > -range.low ? range.high : range.low;
  const bool isCentered =
      format.isSigned || format.zero == Format::Zero::Midpoint;
  const float code = isCentered ? -float((format.maxIndex() + 1) / 2)
                                : float(format.maxIndex());
  for (int i = 0; i < plan.candidates; ++i) {
    candidates.scale[i] = plan.shrink[i] * largest / code;
    candidates.zero[i] = zero;
  }
  storeScales(format, candidates.scale, plan.candidates,
              (largest < 0) != (code < 0));
}

QOPT_INLINE void makeRtnCandidates(const RtnPlan &plan,
                                   const WeightRange &range,
                                   RtnCandidates &candidates) {
  candidates.count = plan.candidates;
  if (!plan.format.storesZeros()) {
    spanMagnitude(plan, range, candidates);
  } else {
    const float low = range.low < 0 ? range.low : 0.0f;
    const float high = range.high > 0 ? range.high : 0.0f;
    spanRange(plan, low, high, 0.0f, 0, candidates);
    // A zero that is not an index need not be a value of the group. But far
    // from 0 few of its digits are left: both are tried.
    if (plan.format.zero == Format::Zero::Float &&
        (low != range.low || high != range.high)) {
      float center = range.low + (range.high - range.low) * 0.5f;
      spanRange(plan, range.low, range.high, center, plan.candidates,
                candidates);
      candidates.count = 2 * plan.candidates;
    }
  }
  candidates.areEqual = plan.steps == 1 && candidates.count == plan.candidates;
  const float minCode = float(plan.format.minCode());
  for (int i = 0; i < candidates.count; ++i)
    candidates.zeroIndex[i] = candidates.zero[i] - minCode;
}

} // namespace qopt

#undef QOPT_INLINE

#endif // QOPT_LIB_METHODS_RTNCANDIDATES_H

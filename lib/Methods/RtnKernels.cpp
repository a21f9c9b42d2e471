//===- RtnKernels.cpp - Searching the scale of a group --------------------===//

#include "lib/Methods/RtnKernels.h"

#include "lib/Formats/Rounding.h"
#include <algorithm>
#include <cfloat>
#include <cstring>

// Everything below is compiled into each ISA version.
#define INLINE [[gnu::always_inline]] static inline

namespace qopt {

RtnPlan::RtnPlan(const Format &format, int steps)
    : format(format), steps(steps),
      candidates((steps + rtnLanes - 1) / rtnLanes * rtnLanes) {
  for (int i = 0; i < candidates; ++i)
    shrink[i] = float(100 - std::min(i, steps - 1)) / 100.0f;
}

/// Floats as integers of the same order; its own inverse.
INLINE int32_t orderOf(int32_t bits) {
  return bits ^ (bits >> 31 & 0x7fffffff);
}

INLINE WeightRange findRangeImpl(const float *weights, int64_t count) {
  int32_t low = INT32_MAX, high = INT32_MIN;
  for (int64_t k = 0; k < count; ++k) {
    int32_t order = orderOf(int32_t(bitsOf(weights[k])));
    low = order < low ? order : low;
    high = order > high ? order : high;
  }
  const int32_t infinity = 0x7f800000;
  return {floatOf(uint32_t(orderOf(low))), floatOf(uint32_t(orderOf(high))),
          high < infinity && low > orderOf(int32_t(0xff800000))};
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

/// The largest scale: |scale| * |code - zero| never overflows, nor does the
/// rounding of the scale.
static float maxScale(const Format &format) {
  if (format.scale == DataType::F16)
    return 65504.0f;
  return FLT_MAX / float(format.maxIndex() + 1);
}

/// The smallest positive number of a type.
static float minOf(DataType type) {
  return type == DataType::F16    ? 0x1p-24f
         : type == DataType::BF16 ? 0x1p-133f
                                  : FLT_TRUE_MIN;
}

/// scale[i] for scales that are not 0 in exact arithmetic and have the sign of
/// `smallest`, the nearest number to 0 that is a scale.
template <DataType type>
INLINE void storeScales(float *scale, int count, float limit, float smallest) {
  for (int i = 0; i < count; ++i) {
    float stored = roundToType(clampTo(scale[i], -limit, limit), type);
    scale[i] = stored != 0 ? stored : smallest;
  }
}

INLINE void storeScales(const Format &format, float *scale, int count,
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
INLINE void storeFloatZeros(float *zero, int count, float low, float high) {
  for (int i = 0; i < count; ++i)
    zero[i] = roundToType(clampTo(zero[i], low, high), type);
}

/// `isCode`: 0 is in the range of the group, so its zero in that of the codes.
INLINE void storeZeros(const Format &format, float *zero, int count,
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
INLINE void spanRange(const RtnPlan &plan, float low, float high, float center,
                      int begin, RtnCandidates &candidates) {
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
INLINE void spanMagnitude(const RtnPlan &plan, const WeightRange &range,
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

INLINE void makeCandidatesImpl(const RtnPlan &plan, const WeightRange &range,
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

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

namespace {

/// A number for each of the candidates that are tried side by side.
typedef float Lanes __attribute__((vector_size(rtnLanes * sizeof(float))));

/// Scales and zeros of a batch.
struct Batch {
  Lanes scale, zeroIndex, maxIndex;
};

} // namespace

INLINE void loadBatch(const RtnCandidates &candidates, int begin,
                      const Format &format, Batch &batch) {
  std::memcpy(&batch.scale, candidates.scale + begin, sizeof(Lanes));
  std::memcpy(&batch.zeroIndex, candidates.zeroIndex + begin, sizeof(Lanes));
  batch.maxIndex = Lanes{} + float(format.maxIndex());
}

/// The squared error of a weight.
INLINE void squareError(float weight, const Batch &batch, Lanes &square) {
  Lanes index = weight / batch.scale + batch.zeroIndex;
  roundToIndex(index, batch.maxIndex);
  Lanes error = weight - batch.scale * (index - batch.zeroIndex);
  square = error * error;
}

/// Of numbers that are not negative.
INLINE float smallestOf(const Lanes &lanes) {
  int32_t bits[rtnLanes];
  std::memcpy(bits, &lanes, sizeof(bits));
  int32_t least = bits[0];
  for (int i = 1; i < rtnLanes; ++i)
    least = bits[i] < least ? bits[i] : least;
  return floatOf(uint32_t(least));
}

/// Sums the errors of a batch; false as soon as all of them reach `limit`.
INLINE bool sumBatch(const float *weights, int64_t count, const Batch &batch,
                     float limit, Lanes &total) {
  constexpr int64_t piece = 32;
  total = Lanes{};
  for (int64_t begin = 0; begin < count; begin += piece) {
    const int64_t end = begin + piece < count ? begin + piece : count;
    Lanes sum = {};
    for (int64_t k = begin; k < end; ++k) {
      Lanes square;
      squareError(weights[k], batch, square);
      sum += square;
    }
    total += sum;
    if (smallestOf(total) >= limit)
      return false;
  }
  return true;
}

INLINE int findBestImpl(const float *weights, int64_t count,
                        const Format &format, const WeightRange &range,
                        const RtnCandidates &candidates) {
  float least = __builtin_inff();
  int best = 0;
  for (int begin = 0; begin < candidates.count; begin += rtnLanes) {
    Batch batch;
    loadBatch(candidates, begin, format, batch);
    // No sum is less than one of its terms, also when it is rounded: what the
    // outermost weights cost rules most of the narrow ranges out.
    Lanes low, high, total;
    squareError(range.low, batch, low);
    squareError(range.high, batch, high);
    Lanes bound = low > high ? low : high;
    if (smallestOf(bound) >= least ||
        !sumBatch(weights, count, batch, least, total))
      continue;
    least = smallestOf(total);
    int lane = 0;
    while (total[lane] != least)
      ++lane;
    best = begin + lane;
  }
  return best;
}

INLINE void sumErrorsImpl(const float *weights, int64_t count,
                          const Format &format, const RtnCandidates &candidates,
                          float *errors) {
  for (int begin = 0; begin < candidates.count; begin += rtnLanes) {
    Batch batch;
    Lanes total;
    loadBatch(candidates, begin, format, batch);
    sumBatch(weights, count, batch, __builtin_nanf(""), total);
    std::memcpy(errors + begin, &total, sizeof(total));
  }
}

INLINE void encodeImpl(const float *weights, int64_t count,
                       const Format &format, float scale, float zero,
                       uint8_t *indices) {
  const float maxIndex = float(format.maxIndex());
  const float zeroIndex = zero - float(format.minCode());
  for (int64_t k = 0; k < count; ++k)
    indices[k] =
        uint8_t(int32_t(nearestIndex(weights[k], scale, zeroIndex, maxIndex)));
}

//===----------------------------------------------------------------------===//
// Versions
//===----------------------------------------------------------------------===//

#define VERSION(isa, attribute)                                                \
  attribute static WeightRange findRange##isa(const float *weights,            \
                                              int64_t count) {                 \
    return findRangeImpl(weights, count);                                      \
  }                                                                            \
  attribute static void makeCandidates##isa(const RtnPlan &plan,               \
                                            const WeightRange &range,          \
                                            RtnCandidates &candidates) {       \
    makeCandidatesImpl(plan, range, candidates);                               \
  }                                                                            \
  attribute static int findBest##isa(                                          \
      const float *weights, int64_t count, const Format &format,               \
      const WeightRange &range, const RtnCandidates &candidates) {             \
    return findBestImpl(weights, count, format, range, candidates);            \
  }                                                                            \
  attribute static void sumErrors##isa(                                        \
      const float *weights, int64_t count, const Format &format,               \
      const RtnCandidates &candidates, float *errors) {                        \
    sumErrorsImpl(weights, count, format, candidates, errors);                 \
  }                                                                            \
  attribute static void encode##isa(const float *weights, int64_t count,       \
                                    const Format &format, float scale,         \
                                    float zero, uint8_t *indices) {            \
    encodeImpl(weights, count, format, scale, zero, indices);                  \
  }                                                                            \
  static const RtnKernels kernels##isa = {findRange##isa, makeCandidates##isa, \
                                          findBest##isa, sumErrors##isa,       \
                                          encode##isa};

VERSION(Baseline, )
#if defined(__x86_64__)
VERSION(V3, [[gnu::target("arch=x86-64-v3")]])
VERSION(V4, [[gnu::target("arch=x86-64-v4")]])
#endif

const RtnKernels &getRtnKernels(HostIsa isa) {
#if defined(__x86_64__)
  if (isa == HostIsa::X86_64_V4)
    return kernelsV4;
  if (isa == HostIsa::X86_64_V3)
    return kernelsV3;
#endif
  return kernelsBaseline;
}

} // namespace qopt

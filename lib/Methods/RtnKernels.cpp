//===- RtnKernels.cpp - Searching the scale of a group --------------------===//

#include "lib/Methods/RtnKernels.h"

#include "lib/Formats/Rounding.h"
#include "lib/Methods/RtnCandidates.h"
#include <algorithm>
#include <cstring>

// Compiled into each ISA version.
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
    makeRtnCandidates(plan, range, candidates);                                \
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

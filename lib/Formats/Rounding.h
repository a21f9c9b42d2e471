//===- Rounding.h - From numbers to codes -----------------------*- C++ -*-===//

#ifndef QOPT_LIB_FORMATS_ROUNDING_H
#define QOPT_LIB_FORMATS_ROUNDING_H

#include "lib/Formats/FloatTypes.h"
#include "lib/Formats/Format.h"

namespace qopt {

/// The definition of rounding to integers: to nearest, ties to even, as one
/// addition and subtraction, for |x| <= 2^22. Free of branches, so that loops
/// over it become vector code; must not be compiled with -ffast-math.
constexpr float roundingMagic = 12582912.0f; // 1.5 * 2^23: the last bit is 1
inline float roundToEven(float x) {
  return (x + roundingMagic) - roundingMagic;
}

/// x, but not beyond [low, high]; low when x is no number.
inline float clampTo(float x, float low, float high) {
  float atLeast = x > low ? x : low;
  return atLeast < high ? atLeast : high;
}

/// x = round(clamp(x, 0, maxIndex)), for T = float or a vector of floats: in
/// place, as each ISA version passes vectors in its own way.
template <typename T>
[[gnu::always_inline]] inline void roundToIndex(T &x, const T &maxIndex) {
  x = x > 0.0f ? x : T{};
  x = x < maxIndex ? x : maxIndex;
  x = (x + roundingMagic) - roundingMagic;
}

/// A number as it is after being stored as `type`: f32, f16 or bf16.
inline float roundToType(float x, DataType type) {
  return type == DataType::F16    ? f16ToF32(f32ToF16(x))
         : type == DataType::BF16 ? bf16ToF32(f32ToBf16(x))
                                  : x;
}

/// The index of the code nearest to a weight, for a scale and a zero as they
/// are stored. The quotient is rounded once as f32 and clamped before it is
/// rounded to an integer, so that no weight is out of reach of roundToEven:
/// index = round(clamp(w / scale + (zero - minCode), 0, 2^bits - 1)).
/// A scale of 0 stands for a group of zeros: the index is that of the zero.
inline float nearestIndex(float weight, float scale, float zeroIndex,
                          float maxIndex) {
  float index = (scale != 0 ? weight / scale : 0.0f) + zeroIndex;
  roundToIndex(index, maxIndex);
  return index;
}

} // namespace qopt

#endif // QOPT_LIB_FORMATS_ROUNDING_H

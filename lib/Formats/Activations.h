//===- Activations.h - int8 codes of activations ----------------*- C++ -*-===//

#ifndef QOPT_LIB_FORMATS_ACTIVATIONS_H
#define QOPT_LIB_FORMATS_ACTIVATIONS_H

#include "lib/Formats/Rounding.h"

namespace qopt {

/// The definition of dynamic int8 activations: a group's largest magnitude
/// becomes 127; x is about code * scale. All operations are of f32, rounded
/// once each, the same in generated code.

/// Below this a group counts as zeros: 127 / it would leave f32.
constexpr float smallestActivation = 0x1p-100f;

inline float activationScale(float largest) {
  return largest < smallestActivation ? 0.0f : largest / 127.0f;
}
inline float activationInverse(float largest) {
  return largest < smallestActivation ? 0.0f : 127.0f / largest;
}
/// In [-127, 127].
inline int8_t activationCode(float x, float inverse) {
  return int8_t(roundToEven(x * inverse));
}

/// Rows of codes are whole chunks, with zeros behind K: what kernels read at
/// once.
constexpr int64_t codesInChunk = 64;
inline int64_t paddedCodes(int64_t K) {
  return (K + codesInChunk - 1) / codesInChunk * codesInChunk;
}

} // namespace qopt

#endif // QOPT_LIB_FORMATS_ACTIVATIONS_H

//===- FloatTypes.h - Rounding between float types --------------*- C++ -*-===//

#ifndef QOPT_LIB_FORMATS_FLOATTYPES_H
#define QOPT_LIB_FORMATS_FLOATTYPES_H

#include <cstdint>
#include <cstring>

namespace qopt {

/// The definition of every rounding between float types: to nearest, ties to
/// even; too large a value becomes an infinity; a NaN stays one, quiet, with
/// its sign. Sixteen-bit types are their bits. All of it is free of branches,
/// so that loops over it become vector code.

inline uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

inline float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

inline float bf16ToF32(uint16_t bits) { return floatOf(uint32_t(bits) << 16); }

inline uint16_t f32ToBf16(float value) {
  uint32_t bits = bitsOf(value);
  bool isNaN = (bits & 0x7fffffff) > 0x7f800000;
  uint32_t nearest = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return uint16_t(isNaN ? (bits >> 16) | 0x40 : nearest);
}

inline float f16ToF32(uint16_t bits) {
  const uint32_t magnitude = uint32_t(bits & 0x7fff) << 13;
  const uint32_t exponent = magnitude & 0x0f800000;
  // Exponents differ by 127 - 15; infinities and NaNs keep all ones.
  uint32_t normal = magnitude + (112u << 23);
  uint32_t special = magnitude + (224u << 23);
  // A subnormal is magnitude * 2^-24: read as 2^-14 + that, less 2^-14.
  float subnormal = floatOf(magnitude + (113u << 23)) - floatOf(113u << 23);
  uint32_t result = exponent == 0            ? bitsOf(subnormal)
                    : exponent == 0x0f800000 ? special
                                             : normal;
  return floatOf(result | uint32_t(bits & 0x8000) << 16);
}

inline uint16_t f32ToF16(float value) {
  const uint32_t bits = bitsOf(value);
  const uint32_t magnitude = bits & 0x7fffffff;
  // Rounds at bit 13, and moves the exponent by 15 - 127; a carry may make it
  // an infinity.
  uint32_t normal =
      (magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  // Below 2^-14: 0.5 has the last bit of a subnormal, 2^-24, as its own last
  // bit.
  uint32_t subnormal = bitsOf(floatOf(magnitude) + 0.5f) - bitsOf(0.5f);
  uint32_t nan = 0x7e00 | ((magnitude >> 13) & 0x1ff);
  uint32_t result = magnitude > 0x7f800000    ? nan
                    : magnitude >= 0x47800000 ? 0x7c00 // 65536
                    : magnitude < 0x38800000  ? subnormal
                                              : normal;
  return uint16_t(result | (bits >> 31) << 15);
}

/// To f32 so that a second rounding to a type of at most 22 significant bits
/// gives what one rounding of `value` would: the part that is cut off leaves a
/// 1 in the last bit ("round to odd").
inline float f64ToF32Odd(double value) {
  float nearest = float(value);
  bool exact = double(nearest) == value || value != value;
  uint32_t bits = bitsOf(nearest);
  double distance =
      value < 0 ? double(nearest) - value : value - double(nearest);
  // Nearest was away from zero: the magnitude below it is one step less.
  uint32_t towardZero = bits - (distance < 0 ? 1 : 0);
  return exact ? nearest : floatOf(towardZero | 1);
}

inline uint16_t f64ToF16(double value) { return f32ToF16(f64ToF32Odd(value)); }
inline uint16_t f64ToBf16(double value) {
  return f32ToBf16(f64ToF32Odd(value));
}
inline uint16_t f16ToBf16(uint16_t bits) { return f32ToBf16(f16ToF32(bits)); }
inline uint16_t bf16ToF16(uint16_t bits) { return f32ToF16(bf16ToF32(bits)); }

} // namespace qopt

#endif // QOPT_LIB_FORMATS_FLOATTYPES_H

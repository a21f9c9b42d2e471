//===- Format.h - Which values a tensor can hold ----------------*- C++ -*-===//

#ifndef QOPT_LIB_FORMATS_FORMAT_H
#define QOPT_LIB_FORMATS_FORMAT_H

#include "lib/Formats/DataType.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace qopt {

/// Uniform codes of a matrix [N, K] whose rows are divided along K into groups
/// that share a scale and a zero point:
///
///   value = scale * (code - zero)
///
/// A code is named by its index 0 .. 2^bits - 1, code = index + minCode(). The
/// last group of a row is shorter when `block` does not divide K.
struct Format {
  enum class Zero {
    None,     ///< zero = 0
    Midpoint, ///< zero = 2^(bits - 1); unsigned codes only: signed ones have it
    Integer,  ///< an integer of `zeroBits` bits, signed as the codes are
    Float,    ///< a number of `zeroType`
  };
  /// Values of `block` beside numbers of elements.
  static constexpr int64_t channel = 0, tensor = -1;

  unsigned bits = 8;              ///< of a code: 2..8
  bool isSigned = true;           ///< codes start at -2^(bits - 1), else at 0
  int64_t block = channel;        ///< 16, or a multiple of 32 up to 256
  DataType scale = DataType::F32; ///< f32, f16 or bf16
  Zero zero = Zero::None;
  unsigned zeroBits = 0;             ///< 2..8
  DataType zeroType = DataType::F16; ///< f32, f16 or bf16

  /// Reads "codes = u4, block = 64, scale = f16, zero = u4" (block also
  /// `channel`, `tensor`; zero also `none`, `midpoint`, `f16`, ...; any order,
  /// zero may be missing) or the name of a preset: "int4-g64", "int8-channel".
  /// The error says which part is wrong and what it may be.
  static llvm::Expected<Format> parse(llvm::StringRef text);
  /// As parse reads it, in the order codes, block, scale, zero.
  /// A zero of `none` is left out.
  std::string str() const;
  /// An error when the parts do not go together; says why.
  llvm::Error verify() const;

  bool operator==(const Format &other) const;

  /// The middle index, which signed codes of 0 have.
  int64_t middle() const { return int64_t(1) << (bits - 1); }
  int64_t minCode() const { return isSigned ? -middle() : 0; }
  int64_t maxIndex() const { return (int64_t(1) << bits) - 1; }
  /// Range of an integer zero.
  int64_t minZero() const {
    return isSigned ? -(int64_t(1) << (zeroBits - 1)) : 0;
  }
  int64_t maxZero() const { return minZero() + (int64_t(1) << zeroBits) - 1; }
  /// The zero of formats that store none.
  int64_t constantZero() const { return zero == Zero::Midpoint ? middle() : 0; }
  bool storesZeros() const {
    return zero == Zero::Integer || zero == Zero::Float;
  }

  /// Elements of a whole group of rows of K elements.
  int64_t groupSize(int64_t K) const {
    return block > 0 ? block : K > 0 ? K : 1;
  }
  /// Groups of a row; those of `tensor` are one for all rows, but count here
  /// too, as every row has its copy in QuantizedMatrix.
  int64_t groups(int64_t K) const {
    return (K + groupSize(K) - 1) / groupSize(K);
  }

  /// Bytes of codes, scales and zeros, each stored without gaps; `tensor` has
  /// one scale.
  int64_t bytes(int64_t N, int64_t K) const;
  /// 8 * bytes / (N * K).
  double bitsPerWeight(int64_t N, int64_t K) const;
};

/// Names of formats and what they stand for:
///
///   int<bits>-g<block>        unsigned codes, f16 scale, integer zero of as
///                             many bits
///   int<bits>-g<block>-sym    signed codes, f16 scale, no zero
///   int<bits>-channel         signed codes, f32 scale, no zero
///   int<bits>-tensor          the same, one scale
///
/// with 2..8 bits and blocks 16, 32, 64, 128, 256. A new preset is one line in
/// Presets.cpp.
struct FormatPreset {
  const char *name;
  const char *format; ///< as Format::parse reads it
};
llvm::ArrayRef<FormatPreset> getFormatPresets();

/// Rows of codes with their parameters, as solvers make them and layouts store
/// them.
struct QuantizedMatrix {
  Format format;
  int64_t N = 0, K = 0;
  std::vector<uint8_t> indices; ///< [N, K]
  std::vector<float> scales;    ///< [N, groups], values of `format.scale`
  std::vector<float> zeros;     ///< [N, groups], representable; constantZero()
                                ///< where the format stores none

  float scaleOf(int64_t n, int64_t k) const {
    return scales[n * format.groups(K) + k / format.groupSize(K)];
  }
  float zeroOf(int64_t n, int64_t k) const {
    return zeros[n * format.groups(K) + k / format.groupSize(K)];
  }
  /// The value of an element, exact: no operation rounds.
  double value(int64_t n, int64_t k) const {
    int64_t code = indices[n * K + k] + format.minCode();
    return double(scaleOf(n, k)) * (double(code) - double(zeroOf(n, k)));
  }
};

/// f32, f16 or bf16 by its name; nothing when it is none of them.
std::optional<DataType> readFloatType(llvm::StringRef text);

} // namespace qopt

#endif // QOPT_LIB_FORMATS_FORMAT_H

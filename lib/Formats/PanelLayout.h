//===- PanelLayout.h - Codes in the order products read them ----*- C++ -*-===//

#ifndef QOPT_LIB_FORMATS_PANELLAYOUT_H
#define QOPT_LIB_FORMATS_PANELLAYOUT_H

#include "lib/Formats/Format.h"
#include "lib/Formats/Panels.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace qopt {

/// Where the codes, scales and zeros of a matrix [N, K] lie when it is packed
/// for products on any x86 ISA version. The 32 columns of a panel (rows n of
/// the matrix; those beyond N have index 0, scale 0, zero 0) follow one
/// another, and one panel the next, each a multiple of 64 bytes:
///
///   panel   = zeros, segment*
///   segment = step*, scales                         segmentSize elements of K
///   step    = plane*                                32 elements of K
///   plane   = [w dwords][32 columns][4 bytes]
///
/// A code of b bits is cut into planes of w = 8, 4, 2 or 1 bits, the upper ones
/// first: 3 = 2 + 1, 7 = 4 + 2 + 1. In a plane, byte j of a column's dword d
/// has in bits [i * w, (i + 1) * w) the part of element
/// k = 32 * step + (d * 8 / w + i) * 4 + j: shifted right by i * w and masked,
/// a dword holds four consecutive elements, a byte for each.
/// Elements beyond K have index 0.
///
/// A segment is a group, or two groups of 16. Behind its steps stand the scales
/// of its groups, [groups][32 columns]; so all starts at multiples of 64 bytes.
/// `channel` and `tensor` are one segment.
/// In front stand the zeros, [groups of K][32 columns], so that a panel is one
/// stream for the prefetcher, up to a multiple of 64 bytes: float ones as they
/// are, integer ones as index (zero - minZero()): of more than 4 bits as bytes,
/// else column c in the low half of byte c, column c + 16 in the high half of
/// byte c, 16 bytes. Bytes that nothing fills are 0.
class PanelLayout {
public:
  static constexpr int64_t stepSize = 32;

  PanelLayout(const Format &format, int64_t N, int64_t K);

  struct Plane {
    unsigned bits;  ///< w
    unsigned shift; ///< of its part in the code
    int64_t offset; ///< in the step, bytes
  };

  const Format format;
  const int64_t N, K;
  llvm::SmallVector<Plane, 3> planes;

  int64_t panels() const { return (N + panelColumns - 1) / panelColumns; }
  int64_t panelBytes() const;
  int64_t bytes() const { return panels() * panelBytes(); }

  int64_t segmentSize() const;  ///< elements of K, of all but the last
  int64_t segments() const;     ///< of a panel
  int64_t stepBytes() const;    ///< 128 * bits
  int64_t segmentBytes() const; ///< of all but the last
  /// Steps of a segment; the last one may have fewer.
  int64_t steps(int64_t segment) const;
  /// Groups of a segment; the last one may have fewer.
  int64_t groups(int64_t segment) const;
  int64_t segmentOffset(int64_t segment) const; ///< in the panel
  int64_t scaleOffset(int64_t group) const;     ///< of 32 scales, in the panel
  int64_t zeroOffset(int64_t group) const;      ///< of 32 zeros, in the panel
  int64_t zeroBytes() const;                    ///< of 32 zeros

  /// Writes the panels [begin, end) to `target`, where panel `begin` starts.
  /// `rows` holds the rows of the matrix from 32 * begin on.
  void pack(const QuantizedMatrix &rows, int64_t begin, int64_t end,
            uint8_t *target) const;
  /// The whole matrix from its panels.
  QuantizedMatrix unpack(const uint8_t *source) const;
};

} // namespace qopt

#endif // QOPT_LIB_FORMATS_PANELLAYOUT_H

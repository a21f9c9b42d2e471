//===- PanelLayout.cpp - Packs codes into panels --------------------------===//

#include "lib/Formats/PanelLayout.h"

#include <algorithm>
#include <cstring>

namespace qopt {

PanelLayout::PanelLayout(const Format &format, int64_t N, int64_t K)
    : format(format), N(N), K(K) {
  unsigned left = format.bits;
  int64_t offset = 0;
  for (unsigned width : {8u, 4u, 2u, 1u})
    if (left >= width) {
      left -= width;
      planes.push_back({width, left, offset});
      offset += int64_t(width) * panelColumns * 4;
    }
}

int64_t PanelLayout::segmentSize() const {
  return std::max(format.groupSize(K), stepSize);
}
int64_t PanelLayout::segments() const {
  return (K + segmentSize() - 1) / segmentSize();
}
int64_t PanelLayout::stepBytes() const {
  return panelColumns * 4 * int64_t(format.bits);
}

int64_t PanelLayout::steps(int64_t segment) const {
  int64_t size = std::min(segmentSize(), K - segment * segmentSize());
  return (size + stepSize - 1) / stepSize;
}

int64_t PanelLayout::groups(int64_t segment) const {
  int64_t inSegment = segmentSize() / format.groupSize(K);
  if (inSegment <= 1)
    return 1;
  return std::min(inSegment, format.groups(K) - segment * inSegment);
}

/// Bytes of 32 scales or float zeros.
static int64_t lineBytes(DataType type) { return panelColumns * bytesOf(type); }

int64_t PanelLayout::segmentBytes() const {
  return steps(0) * stepBytes() + groups(0) * lineBytes(format.scale);
}
int64_t PanelLayout::segmentOffset(int64_t segment) const {
  int64_t zeros = format.groups(K) * zeroBytes();
  return (zeros + 63) / 64 * 64 + segment * segmentBytes();
}

int64_t PanelLayout::scaleOffset(int64_t group) const {
  int64_t inSegment = std::max<int64_t>(segmentSize() / format.groupSize(K), 1);
  int64_t segment = group / inSegment;
  return segmentOffset(segment) + steps(segment) * stepBytes() +
         group % inSegment * lineBytes(format.scale);
}

int64_t PanelLayout::zeroBytes() const {
  if (!format.storesZeros())
    return 0;
  if (format.zero == Format::Zero::Float)
    return lineBytes(format.zeroType);
  return format.zeroBits > 4 ? panelColumns : panelColumns / 2;
}

int64_t PanelLayout::zeroOffset(int64_t group) const {
  return group * zeroBytes();
}

int64_t PanelLayout::panelBytes() const {
  int64_t last = segments() - 1;
  return segmentOffset(last) + steps(last) * stepBytes() +
         groups(last) * lineBytes(format.scale);
}

namespace {

/// Distance of a column's dwords.
constexpr int64_t dwordStride = panelColumns * 4;

/// The low `width` bits of each byte of a dword.
constexpr uint32_t maskOf(unsigned width) {
  return ((1u << width) - 1) * 0x01010101u;
}

/// Writes a plane of a step. `indices` has 32 elements of each column, columns
/// `stride` bytes apart.
template <unsigned width>
void packPlane(const uint8_t *indices, int64_t stride, unsigned shift,
               uint8_t *plane) {
  constexpr unsigned parts = 8 / width;
  for (int64_t column = 0; column < panelColumns; ++column) {
    uint32_t elements[8];
    std::memcpy(elements, indices + column * stride, sizeof(elements));
    for (unsigned d = 0; d < width; ++d) {
      uint32_t dword = 0;
      for (unsigned i = 0; i < parts; ++i)
        dword |= (elements[d * parts + i] >> shift & maskOf(width))
                 << (i * width);
      std::memcpy(plane + d * dwordStride + column * 4, &dword, sizeof(dword));
    }
  }
}

/// Adds a plane's part to 32 indices of a column.
void unpackPlane(const PanelLayout::Plane &plane, const uint8_t *column,
                 uint32_t elements[8]) {
  const unsigned width = plane.bits, parts = 8 / width;
  for (unsigned d = 0; d < width; ++d) {
    uint32_t dword;
    std::memcpy(&dword, column + plane.offset + d * dwordStride, sizeof(dword));
    for (unsigned i = 0; i < parts; ++i)
      elements[d * parts + i] |= (dword >> (i * width) & maskOf(width))
                                 << plane.shift;
  }
}

void packPlane(const PanelLayout::Plane &plane, const uint8_t *indices,
               int64_t stride, uint8_t *step) {
  auto pack = plane.bits == 8   ? packPlane<8>
              : plane.bits == 4 ? packPlane<4>
              : plane.bits == 2 ? packPlane<2>
                                : packPlane<1>;
  pack(indices, stride, plane.shift, step + plane.offset);
}

/// Element `i` of an array of floats stored as `type`.
void writeFloat(float value, DataType type, uint8_t *array, int64_t i) {
  convertElements(&value, DataType::F32, array + i * bytesOf(type), type, 1);
}
float readFloat(const uint8_t *array, DataType type, int64_t i) {
  float value;
  convertElements(array + i * bytesOf(type), type, &value, DataType::F32, 1);
  return value;
}

/// Where the index of a column's integer zero is: its byte and its first bit.
struct ZeroPlace {
  int64_t byte;
  unsigned shift, mask;
  ZeroPlace(const Format &format, int64_t column)
      : byte(column), shift(0), mask(0xff) {
    if (format.zeroBits > 4)
      return;
    byte = column % (panelColumns / 2);
    shift = column < panelColumns / 2 ? 0 : 4;
    mask = 0xf;
  }
};

void writeZero(const Format &format, float zero, uint8_t *line,
               int64_t column) {
  if (format.zero == Format::Zero::Float)
    return writeFloat(zero, format.zeroType, line, column);
  ZeroPlace place(format, column);
  unsigned index = unsigned(int64_t(zero) - format.minZero());
  line[place.byte] = uint8_t(line[place.byte] | index << place.shift);
}

float readZero(const Format &format, const uint8_t *line, int64_t column) {
  if (format.zero == Format::Zero::Float)
    return readFloat(line, format.zeroType, column);
  ZeroPlace place(format, column);
  unsigned index = line[place.byte] >> place.shift & place.mask;
  return float(int64_t(index) + format.minZero());
}

} // namespace

void PanelLayout::pack(const QuantizedMatrix &rows, int64_t begin, int64_t end,
                       uint8_t *target) const {
  const int64_t allGroups = format.groups(K);
  for (int64_t panel = begin; panel < end; ++panel, target += panelBytes()) {
    const int64_t first = (panel - begin) * panelColumns;
    const int64_t columns = std::min(panelColumns, N - panel * panelColumns);
    const uint8_t *indices = rows.indices.data() + first * K;

    for (int64_t k = 0; k < K; k += stepSize) {
      int64_t segment = k / segmentSize();
      uint8_t *step = target + segmentOffset(segment) +
                      k % segmentSize() / stepSize * stepBytes();
      const uint8_t *source = indices + k;
      int64_t stride = K, count = std::min(stepSize, K - k);
      uint8_t padded[panelColumns * stepSize];
      if (count < stepSize || columns < panelColumns) {
        std::memset(padded, 0, sizeof(padded));
        for (int64_t c = 0; c < columns; ++c)
          std::memcpy(padded + c * stepSize, source + c * K, size_t(count));
        source = padded;
        stride = stepSize;
      }
      for (const Plane &plane : planes)
        packPlane(plane, source, stride, step);
    }

    for (int64_t group = 0; group < allGroups; ++group) {
      uint8_t *line = target + scaleOffset(group);
      std::memset(line, 0, size_t(lineBytes(format.scale)));
      for (int64_t c = 0; c < columns; ++c)
        writeFloat(rows.scales[size_t((first + c) * allGroups + group)],
                   format.scale, line, c);
    }
    std::memset(target, 0, size_t(segmentOffset(0)));
    if (!format.storesZeros())
      continue;
    for (int64_t group = 0; group < allGroups; ++group)
      for (int64_t c = 0; c < columns; ++c)
        writeZero(format, rows.zeros[size_t((first + c) * allGroups + group)],
                  target + zeroOffset(group), c);
  }
}

QuantizedMatrix PanelLayout::unpack(const uint8_t *source) const {
  const int64_t allGroups = format.groups(K);
  QuantizedMatrix matrix;
  matrix.format = format;
  matrix.N = N;
  matrix.K = K;
  matrix.indices.resize(size_t(N * K));
  matrix.scales.resize(size_t(N * allGroups));
  matrix.zeros.assign(size_t(N * allGroups), float(format.constantZero()));

  for (int64_t n = 0; n < N; ++n) {
    const uint8_t *panel = source + n / panelColumns * panelBytes();
    const int64_t column = n % panelColumns;
    for (int64_t k = 0; k < K; k += stepSize) {
      const uint8_t *step = panel + segmentOffset(k / segmentSize()) +
                            k % segmentSize() / stepSize * stepBytes();
      uint32_t elements[8] = {};
      for (const Plane &plane : planes)
        unpackPlane(plane, step + column * 4, elements);
      std::memcpy(matrix.indices.data() + n * K + k, elements,
                  size_t(std::min(stepSize, K - k)));
    }
    for (int64_t group = 0; group < allGroups; ++group) {
      size_t i = size_t(n * allGroups + group);
      matrix.scales[i] =
          readFloat(panel + scaleOffset(group), format.scale, column);
      if (format.storesZeros())
        matrix.zeros[i] = readZero(format, panel + zeroOffset(group), column);
    }
  }
  return matrix;
}

} // namespace qopt

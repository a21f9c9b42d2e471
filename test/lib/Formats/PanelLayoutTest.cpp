//===- PanelLayoutTest.cpp - Codes in the order products read them --------===//

#include "lib/Formats/PanelLayout.h"
#include "lib/Formats/FloatTypes.h"
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace qopt;

namespace {

float storable(std::mt19937 &random, DataType type) {
  float value = float(int(random() % 2001) - 1000) / 64;
  uint16_t half = type == DataType::F16 ? f32ToF16(value) : f32ToBf16(value);
  return type == DataType::F32   ? value
         : type == DataType::F16 ? f16ToF32(half)
                                 : bf16ToF32(half);
}

QuantizedMatrix makeMatrix(const Format &format, int64_t N, int64_t K,
                           std::mt19937 &random) {
  QuantizedMatrix matrix;
  matrix.format = format;
  matrix.N = N;
  matrix.K = K;
  matrix.indices.resize(size_t(N * K));
  for (uint8_t &index : matrix.indices)
    index = uint8_t(int64_t(random()) & format.maxIndex());
  for (int64_t i = 0; i < N * format.groups(K); ++i) {
    matrix.scales.push_back(storable(random, format.scale));
    float zero = float(format.constantZero());
    if (format.zero == Format::Zero::Integer)
      zero = float(format.minZero() +
                   int64_t(random() & ((1u << format.zeroBits) - 1)));
    if (format.zero == Format::Zero::Float)
      zero = storable(random, format.zeroType);
    matrix.zeros.push_back(zero);
  }
  return matrix;
}

std::vector<uint8_t> packed(const PanelLayout &layout,
                            const QuantizedMatrix &matrix) {
  // Nothing of what was there is left.
  std::vector<uint8_t> bytes(size_t(layout.bytes()), 0xa5);
  layout.pack(matrix, 0, layout.panels(), bytes.data());
  return bytes;
}

/// Code of an element by the definition in PanelLayout.h, bit by bit.
unsigned indexByDefinition(const PanelLayout &layout, const uint8_t *bytes,
                           int64_t n, int64_t k) {
  const int64_t segment = k / layout.segmentSize();
  const int64_t step = k % layout.segmentSize() / 32;
  const int64_t e = k % layout.segmentSize() % 32;
  const uint8_t *plane = bytes + n / 32 * layout.panelBytes() +
                         layout.segmentOffset(segment) +
                         step * layout.stepBytes();
  unsigned index = 0, left = layout.format.bits;
  for (unsigned w : {8u, 4u, 2u, 1u}) {
    if (left < w)
      continue;
    left -= w;
    int64_t quad = e / 4, j = e % 4, d = quad / (8 / w), i = quad % (8 / w);
    unsigned byte = plane[(d * 32 + n % 32) * 4 + j];
    index |= (byte >> (i * w) & ((1u << w) - 1)) << left;
    plane += w * 32 * 4;
  }
  return index;
}

void checkRoundTrip(const Format &format, int64_t N, int64_t K,
                    std::mt19937 &random) {
  SCOPED_TRACE(format.str() + ", " + std::to_string(N) + " x " +
               std::to_string(K));
  PanelLayout layout(format, N, K);
  ASSERT_EQ(layout.panelBytes() % 64, 0);
  QuantizedMatrix matrix = makeMatrix(format, N, K, random);
  std::vector<uint8_t> bytes = packed(layout, matrix);
  QuantizedMatrix back = layout.unpack(bytes.data());
  ASSERT_TRUE(back.format == format);
  ASSERT_EQ(back.indices, matrix.indices);
  ASSERT_EQ(back.scales, matrix.scales);
  ASSERT_EQ(back.zeros, matrix.zeros);
  for (int i = 0; i < 100; ++i) {
    int64_t n = int64_t(random()) % N, k = int64_t(random()) % K;
    ASSERT_EQ(indexByDefinition(layout, bytes.data(), n, k),
              matrix.indices[size_t(n * K + k)]);
  }
}

TEST(PanelLayout, UnpackGivesWhatWasPacked) {
  std::mt19937 random(1);
  for (unsigned bits = 2; bits <= 8; ++bits)
    for (int64_t block :
         {int64_t(16), int64_t(32), int64_t(64), int64_t(96), int64_t(128),
          int64_t(256), Format::channel, Format::tensor})
      for (bool isSigned : {false, true})
        for (auto zero : {Format::Zero::None, Format::Zero::Midpoint,
                          Format::Zero::Integer, Format::Zero::Float})
          for (DataType scale :
               {DataType::F32, DataType::F16, DataType::BF16}) {
            Format format;
            format.bits = bits;
            format.isSigned = isSigned;
            format.block = block;
            format.scale = scale;
            format.zero = zero;
            format.zeroBits = zero == Format::Zero::Integer ? bits : 0;
            format.zeroType = scale;
            if (llvm::Error error = format.verify()) {
              llvm::consumeError(std::move(error));
              continue;
            }
            const int64_t N = 1 + int64_t(random() % 70);
            const int64_t sizes[] = {1, 15, 16, 17, 31, 64, 100, 256, 333};
            const int64_t K = sizes[random() % std::size(sizes)];
            checkRoundTrip(format, N, K, random);
            checkRoundTrip(format, 32, 256, random);
            if (testing::Test::HasFatalFailure())
              return;
          }
}

TEST(PanelLayout, ZerosOfOtherWidthsThanTheCodes) {
  std::mt19937 random(2);
  for (unsigned zeroBits = 2; zeroBits <= 8; ++zeroBits)
    for (const char *codes : {"u4", "s3"}) {
      std::string text = std::string("codes = ") + codes +
                         ", block = 32, scale = f16, zero = " + codes[0] +
                         std::to_string(zeroBits);
      checkRoundTrip(llvm::cantFail(Format::parse(text)), 45, 100, random);
    }
}

TEST(PanelLayout, PanelsOfASlice) {
  std::mt19937 random(4);
  Format format = llvm::cantFail(Format::parse("int3-g32"));
  const int64_t N = 100, K = 80, groups = format.groups(K);
  PanelLayout layout(format, N, K);
  QuantizedMatrix all = makeMatrix(format, N, K, random);
  std::vector<uint8_t> whole = packed(layout, all);

  QuantizedMatrix rows = all; // from row 64 on
  rows.N = N - 64;
  rows.indices.erase(rows.indices.begin(), rows.indices.begin() + 64 * K);
  rows.scales.erase(rows.scales.begin(), rows.scales.begin() + 64 * groups);
  rows.zeros.erase(rows.zeros.begin(), rows.zeros.begin() + 64 * groups);
  std::vector<uint8_t> part(size_t(2 * layout.panelBytes()), 0xa5);
  layout.pack(rows, 2, 4, part.data());
  EXPECT_TRUE(std::equal(part.begin(), part.end(),
                         whole.begin() + 2 * layout.panelBytes()));
}

/// One row whose index k is k mod 2^bits, scale 1.
QuantizedMatrix makeCounting(const Format &format, int64_t K) {
  QuantizedMatrix matrix;
  matrix.format = format;
  matrix.N = 1;
  matrix.K = K;
  for (int64_t k = 0; k < K; ++k)
    matrix.indices.push_back(uint8_t(k & format.maxIndex()));
  for (int64_t i = 0; i < format.groups(K); ++i) {
    matrix.scales.push_back(float(i + 1));
    matrix.zeros.push_back(float(i + 2));
  }
  return matrix;
}

/// The four bytes of column 0 at a place.
std::vector<int> bytesAt(const std::vector<uint8_t> &bytes, int64_t offset) {
  return {bytes.begin() + offset, bytes.begin() + offset + 4};
}

TEST(PanelLayout, FourBitsByHand) {
  Format format = llvm::cantFail(Format::parse("int4-g64"));
  PanelLayout layout(format, 1, 128);
  ASSERT_EQ(layout.planes.size(), 1u);
  EXPECT_EQ(layout.stepBytes(), 512);
  EXPECT_EQ(layout.segmentBytes(), 2 * 512 + 64);
  EXPECT_EQ(layout.segments(), 2);
  EXPECT_EQ(layout.scaleOffset(1), 64 + 1088 + 1024);
  EXPECT_EQ(layout.zeroOffset(0), 0);
  EXPECT_EQ(layout.zeroOffset(1), 16);
  EXPECT_EQ(layout.panelBytes(), 2240);
  std::vector<uint8_t> bytes = packed(layout, makeCounting(format, 128));
  // Eight elements in a dword: 0 and 4, 1 and 5, 2 and 6, 3 and 7.
  EXPECT_EQ(bytesAt(bytes, 64), (std::vector<int>{0x40, 0x51, 0x62, 0x73}));
  EXPECT_EQ(bytesAt(bytes, 192), (std::vector<int>{0xc8, 0xd9, 0xea, 0xfb}));
  EXPECT_EQ(bytesAt(bytes, 320), bytesAt(bytes, 64));
  EXPECT_EQ(bytesAt(bytes, 68), (std::vector<int>{0, 0, 0, 0})); // column 1
  // f16: 1, 2; zeros 2, 3 in the low halves.
  EXPECT_EQ(bytesAt(bytes, 1088), (std::vector<int>{0x00, 0x3c, 0, 0}));
  EXPECT_EQ(bytesAt(bytes, 2176), (std::vector<int>{0x00, 0x40, 0, 0}));
  EXPECT_EQ(bytesAt(bytes, 0), (std::vector<int>{2, 0, 0, 0}));
  EXPECT_EQ(bytesAt(bytes, 16), (std::vector<int>{3, 0, 0, 0}));
}

TEST(PanelLayout, ZerosOfColumnsShareBytes) {
  Format format = llvm::cantFail(Format::parse("int4-g32"));
  PanelLayout layout(format, 32, 32);
  QuantizedMatrix matrix;
  matrix.format = format;
  matrix.N = matrix.K = 32;
  matrix.indices.resize(32 * 32);
  matrix.scales.resize(32, 1);
  for (int n = 0; n < 32; ++n)
    matrix.zeros.push_back(float((n * 3) % 16));
  std::vector<uint8_t> bytes = packed(layout, matrix);
  // Columns 0 and 16: 0 and 0; 1 and 17: 3 and 3; 15 and 31: 13 and 13.
  EXPECT_EQ(bytesAt(bytes, layout.zeroOffset(0)),
            (std::vector<int>{0x00, 0x33, 0x66, 0x99}));
  EXPECT_EQ(bytes[size_t(layout.zeroOffset(0) + 15)], 0xdd);
  EXPECT_EQ(bytes[size_t(layout.zeroOffset(0) + 16)], 0);
}

TEST(PanelLayout, ThreeBitsByHand) {
  Format format = llvm::cantFail(Format::parse("int3-g32-sym"));
  PanelLayout layout(format, 1, 32);
  ASSERT_EQ(layout.planes.size(), 2u);
  EXPECT_EQ(layout.planes[0].bits, 2u);
  EXPECT_EQ(layout.planes[0].shift, 1u);
  EXPECT_EQ(layout.planes[1].bits, 1u);
  EXPECT_EQ(layout.planes[1].shift, 0u);
  EXPECT_EQ(layout.planes[1].offset, 256);
  EXPECT_EQ(layout.panelBytes(), 384 + 64);
  std::vector<uint8_t> bytes = packed(layout, makeCounting(format, 32));
  // Upper two bits of 0, 4, 8 = 0, 12 = 4: 0, 2, 0, 2 from bit 0 up.
  EXPECT_EQ(bytesAt(bytes, 0), (std::vector<int>{0x88, 0x88, 0xdd, 0xdd}));
  EXPECT_EQ(bytesAt(bytes, 128), bytesAt(bytes, 0));
  // Last bit of the elements that are j mod 4.
  EXPECT_EQ(bytesAt(bytes, 256), (std::vector<int>{0x00, 0xff, 0x00, 0xff}));
}

TEST(PanelLayout, PlanesOfEveryWidth) {
  const std::vector<std::vector<unsigned>> widths = {
      {2}, {2, 1}, {4}, {4, 1}, {4, 2}, {4, 2, 1}, {8}};
  for (unsigned bits = 2; bits <= 8; ++bits) {
    Format format;
    format.bits = bits;
    PanelLayout layout(format, 1, 1);
    std::vector<unsigned> found;
    for (const PanelLayout::Plane &plane : layout.planes)
      found.push_back(plane.bits);
    EXPECT_EQ(found, widths[bits - 2]);
  }
}

TEST(PanelLayout, TwoGroupsOf16AreASegment) {
  Format format = llvm::cantFail(Format::parse("int8-g16"));
  PanelLayout layout(format, 1, 80); // the last segment has one group
  EXPECT_EQ(layout.segmentSize(), 32);
  EXPECT_EQ(layout.segments(), 3);
  EXPECT_EQ(layout.groups(0), 2);
  EXPECT_EQ(layout.groups(2), 1);
  EXPECT_EQ(layout.segmentBytes(), 1024 + 2 * 64);
  EXPECT_EQ(layout.scaleOffset(1), 192 + 1024 + 64);
  EXPECT_EQ(layout.scaleOffset(4), 192 + 2 * 1152 + 1024);
  EXPECT_EQ(layout.zeroOffset(0), 0);
  EXPECT_EQ(layout.zeroOffset(4), 4 * 32);
  std::vector<uint8_t> bytes = packed(layout, makeCounting(format, 80));
  EXPECT_EQ(bytesAt(bytes, 192 + 1152 + 128),
            (std::vector<int>{36, 37, 38, 39}));
  EXPECT_EQ(bytesAt(bytes, layout.zeroOffset(3)),
            (std::vector<int>{5, 0, 0, 0}));
  // f16 of 5, group 4.
  EXPECT_EQ(bytesAt(bytes, layout.scaleOffset(4)),
            (std::vector<int>{0x00, 0x45, 0, 0}));
}

TEST(PanelLayout, AShortLastGroupHasFewerSteps) {
  Format format = llvm::cantFail(Format::parse("int4-g128-sym"));
  PanelLayout layout(format, 1, 128 + 40);
  EXPECT_EQ(layout.steps(0), 4);
  EXPECT_EQ(layout.steps(1), 2);
  EXPECT_EQ(layout.scaleOffset(1), layout.segmentBytes() + 2 * 512);
  EXPECT_EQ(layout.panelBytes(), 4 * 512 + 64 + 2 * 512 + 64);
}

} // namespace

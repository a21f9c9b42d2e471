//===- FormatTest.cpp - Formats as text and in bytes ----------------------===//

#include "lib/Formats/Format.h"
#include <gtest/gtest.h>
#include <set>
#include <utility>

using namespace qopt;

namespace {

Format parsed(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text));
}

std::string errorOf(llvm::StringRef text) {
  llvm::Expected<Format> format = Format::parse(text);
  return format ? "none" : llvm::toString(format.takeError());
}

TEST(Format, ReadsTheLongForm) {
  Format format = parsed("codes = u4, block = 64, scale = f16, zero = u5");
  EXPECT_EQ(format.bits, 4u);
  EXPECT_FALSE(format.isSigned);
  EXPECT_EQ(format.block, 64);
  EXPECT_EQ(format.scale, DataType::F16);
  EXPECT_EQ(format.zero, Format::Zero::Integer);
  EXPECT_EQ(format.zeroBits, 5u);
  EXPECT_EQ(format.minCode(), 0);
  EXPECT_EQ(format.maxIndex(), 15);
  EXPECT_EQ(format.maxZero(), 31);

  format = parsed("zero=s3,scale=bf16,codes=s3,block=channel");
  EXPECT_EQ(format.minCode(), -4);
  EXPECT_EQ(format.minZero(), -4);
  EXPECT_EQ(format.maxZero(), 3);
  EXPECT_EQ(format.block, Format::channel);

  format = parsed("codes = u8, block = tensor, scale = f32, zero = midpoint");
  EXPECT_EQ(format.constantZero(), 128);
  EXPECT_FALSE(format.storesZeros());
}

TEST(Format, PrintsWhatItReads) {
  for (const char *text :
       {"codes = u4, block = 64, scale = f16, zero = u4",
        "codes = s3, block = 16, scale = bf16, zero = s3",
        "codes = s8, block = channel, scale = f32",
        "codes = u5, block = tensor, scale = f32, zero = midpoint",
        "codes = u6, block = 96, scale = f16, zero = f32",
        "codes = u7, block = 256, scale = f16, zero = f16",
        "codes = u2, block = 32, scale = f16, zero = bf16"}) {
    EXPECT_EQ(parsed(text).str(), text);
    EXPECT_TRUE(parsed(parsed(text).str()) == parsed(text));
  }
  EXPECT_EQ(parsed("codes = u4, block = 64, scale = f16, zero = none").str(),
            "codes = u4, block = 64, scale = f16");
}

TEST(Format, PresetsAreValidAndHaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const FormatPreset &preset : getFormatPresets()) {
    EXPECT_TRUE(names.insert(preset.name).second) << preset.name;
    EXPECT_EQ(parsed(preset.name).str(), preset.format);
  }
  EXPECT_EQ(names.size(), 7u * 12);
  EXPECT_EQ(parsed("int4-g64").str(),
            "codes = u4, block = 64, scale = f16, zero = u4");
  EXPECT_EQ(parsed("int3-g32-sym").str(),
            "codes = s3, block = 32, scale = f16");
  EXPECT_EQ(parsed("int8-channel").str(),
            "codes = s8, block = channel, scale = f32");
  EXPECT_EQ(parsed("int8-tensor").str(),
            "codes = s8, block = tensor, scale = f32");
}

TEST(Format, SaysWhatIsWrong) {
  EXPECT_EQ(errorOf("int4-g63"),
            "unknown format 'int4-g63', did you mean 'int4-g64'?; expects a "
            "name such as int4-g64, int4-g64-sym, int8-channel, or 'codes = "
            "u4, block = 64, scale = f16, zero = u4'");
  EXPECT_EQ(errorOf("").substr(0, 27), "unknown format ''; expects ");

  const std::pair<const char *, const char *> cases[] = {
      {"codes = u4, block = 64", "expects 'scale' in a format"},
      {"scale = f16, block = 64", "expects 'codes' in a format"},
      {"codes = u4, scale = f16", "expects 'block' in a format"},
      {"codes = u4, group = 64, scale = f16",
       "unknown key 'group' in a format: expects codes, block, scale, zero"},
      {"codes = u4, codes = u4, scale = f16",
       "'codes' is given twice in a format"},
      {"codes = u4, block", "expects 'key = value' in a format, but got "
                            "'block'"},
      {"codes = u4 = 3, block = 64", "expects 'key = value' in a format, but "
                                     "got 'codes = u4 = 3'"},
      {"codes = u4, block = 64, scale = f16,",
       "expects 'key = value' in a format, but got ''"},
      {"codes = 4, block = 64, scale = f16",
       "expects codes to be s2..s8 or u2..u8, but got '4'"},
      {"codes = u9, block = 64, scale = f16",
       "expects codes of 2 to 8 bits, but got 9"},
      {"codes = s1, block = 64, scale = f16",
       "expects codes of 2 to 8 bits, but got 1"},
      {"codes = u4, block = row, scale = f16",
       "expects block to be a number of elements, channel or tensor, but got "
       "'row'"},
      {"codes = u4, block = 0, scale = f16",
       "expects block to be a number of elements, channel or tensor, but got "
       "'0'"},
      {"codes = u4, block = -1, scale = f16",
       "expects block to be a number of elements, channel or tensor, but got "
       "'-1'"},
      {"codes = u4, block = 48, scale = f16",
       "expects a block of 16 elements, of a multiple of 32 up to 256, channel "
       "or tensor, but got 48"},
      {"codes = u4, block = 512, scale = f16",
       "expects a block of 16 elements, of a multiple of 32 up to 256, channel "
       "or tensor, but got 512"},
      {"codes = u4, block = 64, scale = i8",
       "expects scale to be f32, f16 or bf16, but got 'i8'"},
      {"codes = u4, block = 64, scale = f16, zero = x",
       "expects zero to be none, midpoint, an integer such as u4, f32, f16 or "
       "bf16, but got 'x'"},
      {"codes = s4, block = 64, scale = f16, zero = u4",
       "expects an integer zero to be signed as the codes are, but got 'u4'"},
      {"codes = u4, block = 64, scale = f16, zero = s4",
       "expects an integer zero to be unsigned as the codes are, but got "
       "'s4'"},
      {"codes = u4, block = 64, scale = f16, zero = u9",
       "expects an integer zero of 2 to 8 bits, but got 9"},
      {"codes = s4, block = 64, scale = f16, zero = midpoint",
       "signed codes have their midpoint at 0: expects zero = none, or "
       "unsigned codes"}};
  for (auto [text, error] : cases)
    EXPECT_EQ(errorOf(text), error) << text;
}

TEST(Format, VerifyRefusesOtherTypes) {
  Format format = parsed("codes = u4, block = 64, scale = f16, zero = f16");
  format.scale = DataType::F64;
  EXPECT_EQ(llvm::toString(format.verify()),
            "expects a scale of f32, f16 or bf16, but got F64");
  format.scale = DataType::F16;
  format.zeroType = DataType::I8;
  EXPECT_EQ(llvm::toString(format.verify()),
            "expects a float zero of f32, f16 or bf16, but got I8");
}

TEST(Format, CountsBytes) {
  auto bitsPerWeight = [](const char *text, int64_t N, int64_t K) {
    return parsed(text).bitsPerWeight(N, K);
  };
  EXPECT_EQ(bitsPerWeight("int4-g64", 8, 256), 4.3125);
  EXPECT_EQ(bitsPerWeight("int4-g64-sym", 8, 256), 4.25);
  EXPECT_EQ(bitsPerWeight("int3-g64", 8, 256), 3 + 19 / 64.0);
  EXPECT_EQ(bitsPerWeight("int2-g16", 8, 256), 2 + 18 / 16.0);
  EXPECT_EQ(bitsPerWeight("int8-channel", 8, 256), 8.125);
  EXPECT_EQ(
      bitsPerWeight("codes = u4, block = 64, scale = f16, zero = f16", 8, 256),
      4.5);
  // 21 codes of 3 bits: 8 bytes; 3 rows of 1 group: scales 6, zeros 9 bits: 2.
  EXPECT_EQ(parsed("int3-g64").bytes(3, 7), 8 + 6 + 2);
  // The last group of a row is shorter, but a group: 2 of each row.
  EXPECT_EQ(parsed("int8-g64").bytes(3, 65), 3 * 65 + 6 * 2 + 6);
  EXPECT_EQ(parsed("int8-tensor").bytes(3, 65), 3 * 65 + 4);
}

TEST(QuantizedMatrix, ValuesAreExact) {
  QuantizedMatrix matrix;
  matrix.format = parsed("codes = s4, block = 16, scale = f32, zero = s4");
  matrix.N = 2;
  matrix.K = 20;
  matrix.indices.assign(40, 0);
  matrix.scales = {1, 0.1f, -2, 3};
  matrix.zeros = {0, -3, 7, 1};
  matrix.indices[18] = 15;
  EXPECT_EQ(matrix.value(0, 0), -8);
  EXPECT_EQ(matrix.value(0, 18), double(0.1f) * 10);
  EXPECT_EQ(matrix.value(1, 15), 30);
  EXPECT_EQ(matrix.value(1, 16), -27);
}

} // namespace

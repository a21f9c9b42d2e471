//===- NpyTest.cpp - Tests of arrays in numpy's format --------------------===//

#include "lib/Files/Npy.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace llvm;
using namespace qopt;

namespace {

/// An npy file of version 1 with this dictionary.
std::string makeFile(const std::string &dictionary, const std::string &data,
                     char version = 1) {
  std::string bytes("\x93NUMPY", 6);
  bytes += version;
  bytes += '\0';
  size_t length = dictionary.size();
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes += char(length >> 8 * i);
  return bytes + dictionary + data;
}

std::string getError(const std::string &bytes) {
  Expected<NpyArray> array = parseNpy(bytes);
  return array ? "" : toString(array.takeError());
}

template <typename T> std::string bytesOf(std::vector<T> values) {
  return std::string(reinterpret_cast<char *>(values.data()),
                     values.size() * sizeof(T));
}

TEST(Npy, ReadsWhatItWritesForEveryType) {
  for (int i = 0; i <= int(NpyType::C128); ++i) {
    NpyType type = NpyType(i);
    for (std::vector<int64_t> shape :
         {std::vector<int64_t>{}, {3}, {2, 3}, {0, 4}, {1, 2, 3}}) {
      std::string header = makeNpyHeader(type, shape);
      EXPECT_EQ(header.size() % 64, 0u);
      std::string data(*getArrayBytes(type, shape), '\x35');
      Expected<NpyArray> array = parseNpy(header + data);
      ASSERT_TRUE(bool(array)) << toString(array.takeError());
      EXPECT_EQ(array->getType(), type);
      EXPECT_EQ(array->getShape(), ArrayRef(shape));
      EXPECT_EQ(StringRef(array->data(), array->getNumBytes()), data);
    }
  }
}

TEST(Npy, WritesNumpysHeader) {
  EXPECT_EQ(
      StringRef(makeNpyHeader(NpyType::F32, {2, 3})).drop_front(10).rtrim(),
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  EXPECT_EQ(StringRef(makeNpyHeader(NpyType::Bool, {7})).drop_front(10).rtrim(),
            "{'descr': '|b1', 'fortran_order': False, 'shape': (7,), }");
  EXPECT_EQ(StringRef(makeNpyHeader(NpyType::I64, {})).drop_front(10).rtrim(),
            "{'descr': '<i8', 'fortran_order': False, 'shape': (), }");
}

TEST(Npy, ReadsLaterVersionsAndOtherSpellings) {
  std::string data = bytesOf<int32_t>({1, 2});
  EXPECT_EQ(getError(makeFile(
                "{'descr':'<i4','fortran_order':False,'shape':(2,)}", data, 2)),
            "");
  EXPECT_EQ(getError(makeFile("{\"shape\": (1L, 2L), \"descr\": \"i4\", "
                              "\"fortran_order\": False}  \n",
                              data, 3)),
            "");
}

TEST(Npy, SwapsBigEndianNumbers) {
  Expected<NpyArray> array = parseNpy(
      makeFile("{'descr': '>i2', 'fortran_order': False, 'shape': (2,)}",
               std::string("\x01\x02\x03\x04", 4)));
  ASSERT_TRUE(bool(array));
  EXPECT_EQ(*getIntegers(*array), (std::vector<int64_t>{0x102, 0x304}));

  array =
      parseNpy(makeFile("{'descr': '>c8', 'fortran_order': False, 'shape': ()}",
                        std::string("abcdefgh", 8)));
  ASSERT_TRUE(bool(array));
  EXPECT_EQ(StringRef(array->data(), 8), "dcbahgfe");
}

TEST(Npy, TransposesFortranOrder) {
  // a[i][j][k] = 100 i + 10 j + k, the first index runs fastest.
  std::vector<int16_t> values;
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i)
        values.push_back(int16_t(100 * i + 10 * j + k));
  Expected<NpyArray> array = parseNpy(
      makeFile("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3, 4)}",
               bytesOf(values)));
  ASSERT_TRUE(bool(array));
  std::vector<int64_t> expected;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k)
        expected.push_back(100 * i + 10 * j + k);
  EXPECT_EQ(*getIntegers(*array), expected);
}

TEST(Npy, RefusesBadFiles) {
  auto shaped = [](const std::string &shape, const std::string &data = "") {
    return getError(makeFile(
        "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}",
        data));
  };
  EXPECT_EQ(getError(""), "not an npy file");
  EXPECT_EQ(getError("PK\3\4 and so on"), "not an npy file");
  EXPECT_EQ(getError(makeFile("{}", "", 9)), "unknown npy version 9");
  EXPECT_EQ(getError(std::string("\x93NUMPY\1\0\xff\xff{", 11)),
            "the npy header is cut off");
  EXPECT_EQ(getError(std::string("\x93NUMPY\2\0\xff\xff", 10)),
            "the npy header is cut off");
  EXPECT_EQ(shaped("(2,)", "abcd"),
            "expects 8 bytes of data after the npy header, but got 4");
  EXPECT_EQ(shaped("(1,)", "abcdefgh"),
            "expects 4 bytes of data after the npy header, but got 8");
  EXPECT_EQ(shaped("(4611686018427387904, 4)"),
            "the shape in the npy header is too large");
  EXPECT_EQ(shaped("(99999999999999999999,)"),
            "expects a size of at least 0 in the shape");
  EXPECT_EQ(shaped("(-1,)"), "expects a size of at least 0 in the shape");
  EXPECT_EQ(shaped("(1"), "expects ',' or ')' in the shape");
  EXPECT_EQ(shaped("3"), "expects a tuple for shape in the npy header");
  EXPECT_EQ(shaped("(0, 4611686018427387904, 4611686018427387904)"), "");
  EXPECT_EQ(getError(makeFile("[1]", "")),
            "expects a dictionary in the npy header");
  EXPECT_EQ(getError(makeFile("{'descr': '<f4', 'shape': ()}", "abcd")),
            "expects descr, fortran_order and shape in the npy header");
  EXPECT_EQ(getError(makeFile("{'descr': '<U4', 'fortran_order': False, "
                              "'shape': ()}",
                              "")),
            "unsupported element type '<U4'");
  EXPECT_EQ(getError(makeFile("{'descr': '|O', 'fortran_order': False, "
                              "'shape': ()}",
                              "")),
            "unsupported element type '|O'");
  EXPECT_EQ(getError(makeFile("{'descr': [('a', '<f4')], 'fortran_order': "
                              "False, 'shape': ()}",
                              "")),
            "structured arrays are not supported");
  EXPECT_EQ(getError(makeFile("{'descr': '<f4', 'descr': '<f4'}", "")),
            "repeated key 'descr' in the npy header");
  EXPECT_EQ(getError(makeFile("{'evil': 1}", "")),
            "unknown key 'evil' in the npy header");
}

TEST(Npy, NoPrefixAndNoChangedByteCrashes) {
  std::string good = makeNpyHeader(NpyType::F32, {2, 3}) + std::string(24, 'x');
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(getError(good.substr(0, length)), "");
  for (size_t at = 0; at < 128; ++at)
    for (int change = 1; change < 256; ++change) {
      std::string bad = good;
      bad[at] = char(bad[at] ^ change);
      getError(bad);
    }
}

TEST(Npy, IntegersOfAnyType) {
  NpyArray array = cantFail(NpyArray::create(NpyType::U16, {2}));
  uint16_t values[] = {65535, 3};
  memcpy(array.data(), values, sizeof(values));
  EXPECT_EQ(*getIntegers(array), (std::vector<int64_t>{65535, 3}));
  array = cantFail(NpyArray::create(NpyType::F32, {2}));
  EXPECT_EQ(toString(getIntegers(array).takeError()),
            "expects integers, but got float32");
  array = cantFail(NpyArray::create(NpyType::U64, {1}));
  memset(array.data(), 0xff, 8);
  EXPECT_EQ(toString(getIntegers(array).takeError()),
            "a value does not fit a signed 64-bit integer");
}

TEST(Npy, TooLargeForMemoryIsAnError) {
  Expected<NpyArray> array = NpyArray::create(NpyType::F64, {int64_t(1) << 57});
  ASSERT_FALSE(bool(array));
  EXPECT_EQ(toString(array.takeError()), "not enough memory for an array");
}

} // namespace

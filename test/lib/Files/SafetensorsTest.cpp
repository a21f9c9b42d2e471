//===- SafetensorsTest.cpp - Tests of the header reader -------------------===//

#include "lib/Files/Safetensors.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace qopt;

namespace {

std::string makeFile(const std::string &json) {
  std::string bytes;
  for (int i = 0; i < 8; ++i)
    bytes += char(uint64_t(json.size()) >> 8 * i);
  return bytes + json;
}

/// The header of a file with this JSON and 24 bytes of data.
Expected<SafetensorsHeader> parse(const std::string &json) {
  std::string bytes = makeFile(json);
  return parseSafetensorsHeader(bytes, bytes.size() + 24);
}

std::string getError(const std::string &json) {
  Expected<SafetensorsHeader> header = parse(json);
  return header ? "" : toString(header.takeError());
}

std::string tensor(const std::string &type, const std::string &shape,
                   const std::string &offsets) {
  return R"({"dtype": ")" + type + R"(", "shape": )" + shape +
         R"(, "data_offsets": )" + offsets + "}";
}

TEST(Safetensors, ReadsTensorsByPosition) {
  auto header = parse(R"({"__metadata__": {"format": "pt"}, "b": )" +
                      tensor("BF16", "[2, 4]", "[8, 24]") + R"(, "a": )" +
                      tensor("I64", "[]", "[0, 8]") + "}");
  ASSERT_TRUE(bool(header)) << toString(header.takeError());
  ASSERT_EQ(header->tensors.size(), 2u);
  EXPECT_EQ(header->tensors[0].name, "a");
  EXPECT_EQ(header->tensors[0].type, "I64");
  EXPECT_TRUE(header->tensors[0].shape.empty());
  EXPECT_EQ(header->tensors[1].name, "b");
  EXPECT_EQ(header->tensors[1].begin, 8u);
  EXPECT_EQ(header->tensors[1].end, 24u);
  ASSERT_EQ(header->metadata.size(), 1u);
  EXPECT_EQ(header->metadata[0].second, "pt");
}

TEST(Safetensors, TakesTypesThatItDoesNotKnow) {
  EXPECT_EQ(getError(R"({"a": )" + tensor("U3", "[8]", "[0, 3]") + "}"), "");
}

TEST(Safetensors, RefusesBadFiles) {
  EXPECT_NE(toString(parseSafetensorsHeader("abc", 3).takeError()), "");
  std::string cut = makeFile("{}");
  cut[0] = 100;
  EXPECT_NE(toString(parseSafetensorsHeader(cut, 10).takeError()), "");
  EXPECT_NE(getError("{"), "");
  EXPECT_EQ(getError("[]"), "expects a JSON object");
  EXPECT_EQ(getError(std::string(100000, '[')), "JSON is nested too deeply");
  EXPECT_EQ(getError(R"({"a": 1})"), "expects an object for 'a'");
  EXPECT_EQ(getError(R"({"a": )" + tensor("F32", "[2]", "[20, 28]") + "}"),
            "tensor 'a': the data offsets lie outside the file's 24 bytes of "
            "data");
  EXPECT_EQ(getError(R"({"a": )" + tensor("F32", "[2]", "[8, 4]") + "}"),
            "tensor 'a': the data offsets lie outside the file's 24 bytes of "
            "data");
  EXPECT_EQ(getError(R"({"a": )" + tensor("F32", "[2]", "[0, 4]") + "}"),
            "tensor 'a': the shape asks for other than the 4 bytes that are "
            "there");
  EXPECT_EQ(getError(R"({"a": )" +
                     tensor("F32", "[4611686018427387904, 4]", "[0, 0]") + "}"),
            "tensor 'a': the shape asks for other than the 0 bytes that are "
            "there");
  EXPECT_EQ(getError(R"({"a": )" + tensor("F32", "[-1]", "[0, 4]") + "}"),
            "tensor 'a': expects sizes of at least 0 in the shape");
  EXPECT_EQ(getError(R"({"a": )" + tensor("F32", "[2]", "[0, 8]") +
                     R"(, "b": )" + tensor("F32", "[2]", "[4, 12]") + "}"),
            "tensors 'a' and 'b' overlap");
}

TEST(Safetensors, NoChangedByteCrashes) {
  std::string good =
      makeFile(R"({"a": )" + tensor("F32", "[2]", "[0, 8]") + "}");
  for (size_t at = 0; at < good.size(); ++at)
    for (int change = 1; change < 256; ++change) {
      std::string bad = good;
      bad[at] = char(bad[at] ^ change);
      if (auto header = parseSafetensorsHeader(bad, bad.size() + 24); !header)
        consumeError(header.takeError());
    }
}

} // namespace

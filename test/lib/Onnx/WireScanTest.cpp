//===- WireScanTest.cpp - Find weights in a protobuf file -----------------===//

#include "lib/Onnx/WireScan.h"

#include "test/lib/Onnx/Wire.h"
#include <gtest/gtest.h>
#include <random>

using namespace qopt::onnxfile;

static std::string weights(size_t size) {
  std::string data;
  for (size_t i = 0; i < size; ++i)
    data.push_back(char(i * 7 + 1));
  return data;
}

static std::string reduce(const std::string &bytes) {
  llvm::Expected<std::string> reduced = removeWeights(bytes);
  if (!reduced)
    return "error: " + llvm::toString(reduced.takeError());
  return *reduced;
}

TEST(WireScan, ReplacesRawDataByItsPlace) {
  std::string data = weights(400), file = wire::sum(data);
  std::string reduced = reduce(file);
  EXPECT_EQ(reduced.find(data), std::string::npos);
  size_t begin = file.find(data);
  std::string segment =
      wire::bytes(3, wire::number(1, begin) + wire::number(2, begin + 400));
  EXPECT_NE(reduced.find(segment), std::string::npos);
  EXPECT_LT(reduced.size(), file.size() - 380);
}

TEST(WireScan, ReplacesPackedFloats) {
  std::string data = weights(400);
  std::string tensor =
      wire::number(1, 100) + wire::number(2, 1) + wire::bytes(4, data);
  std::string reduced = reduce(wire::model(wire::bytes(5, tensor)));
  EXPECT_EQ(reduced.find(data), std::string::npos);
}

TEST(WireScan, KeepsWhatIsSmallOrDoesNotFit) {
  for (const std::string &tensor :
       {wire::tensor("w", {64}, weights(256)),
        wire::tensor("w", {100}, weights(399)),
        wire::tensor("w", {-100}, weights(400)),
        wire::tensor("w", {1ll << 62, 1ll << 62}, weights(400))}) {
    std::string file = wire::model(wire::bytes(5, tensor));
    EXPECT_EQ(reduce(file), file);
  }
}

TEST(WireScan, LooksIntoConstantsSubgraphsAndFunctions) {
  std::string data = weights(400);
  std::string constant =
      wire::node("Constant", "c", {}, {"w"}) +
      wire::bytes(5, wire::bytes(1, "value") +
                         wire::bytes(5, wire::tensor("", {10, 10}, data)));
  std::string graph = wire::bytes(1, constant);
  std::string branch =
      wire::bytes(1, wire::node("If", "i", {"c"}, {"y"}) +
                         wire::bytes(5, wire::bytes(6, graph)));
  std::string function =
      wire::number(1, 8) + wire::bytes(25, wire::bytes(7, constant));
  for (const std::string &file :
       {wire::model(graph), wire::model(branch), function})
    EXPECT_EQ(reduce(file).find(data), std::string::npos);
}

TEST(WireScan, RefusesSegments) {
  std::string tensor = wire::tensor("w", {100}, weights(400)) +
                       wire::bytes(3, wire::number(2, 1));
  EXPECT_EQ(reduce(wire::model(wire::bytes(5, tensor))),
            "error: has a tensor in segments, which is not supported");
}

TEST(WireScan, RefusesDeepNesting) {
  std::string graph;
  for (int i = 0; i < 1000; ++i)
    graph = wire::bytes(1, wire::bytes(5, wire::bytes(6, graph)));
  EXPECT_EQ(reduce(wire::model(graph)), "error: nests its messages too deeply");
}

TEST(WireScan, SaysThatAFileIsTruncatedWhereverItEnds) {
  std::string file = wire::sum(weights(400));
  // The last message is the opset: without it the rest is whole.
  for (size_t size = 3; size < file.size() - 4; ++size) {
    std::string result = reduce(file.substr(0, size));
    EXPECT_EQ(result.substr(0, 19), "error: is truncated") << size;
  }
}

TEST(WireScan, SurvivesAnyBytes) {
  std::mt19937 random(7);
  std::string file = wire::sum(weights(400));
  for (int round = 0; round < 100000; ++round) {
    std::string damaged = file;
    for (unsigned i = 0; i < 1 + random() % 4; ++i)
      damaged[random() % damaged.size()] = char(random());
    reduce(damaged);
  }
}

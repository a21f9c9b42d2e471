//===- ReadModelTest.cpp - Read an ONNX file ------------------------------===//

#include "lib/Onnx/Model.h"

#include "test/lib/Onnx/Wire.h"
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

using namespace qopt::onnxfile;

namespace {

/// A file that lives as long as the test.
struct TemporaryFile {
  std::string path;
  TemporaryFile()
      : path(testing::TempDir() + "qopt-onnx-test." + std::to_string(getpid()) +
             ".onnx") {}
  ~TemporaryFile() { std::remove(path.c_str()); }
  void write(const std::string &bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
};

} // namespace

static std::string errorOf(const std::string &path) {
  llvm::Expected<Model> model = readModel(path);
  return model ? "" : llvm::toString(model.takeError());
}

TEST(ReadModel, LeavesWeightsInTheFile) {
  std::string data(400, 'w');
  TemporaryFile file;
  std::string bytes = wire::sum(data);
  file.write(bytes);
  llvm::Expected<Model> model = readModel(file.path);
  ASSERT_TRUE(bool(model)) << llvm::toString(model.takeError());
  EXPECT_EQ(model->irVersion, 8);
  EXPECT_EQ(model->opsets.at(""), 17);
  const Graph &graph = model->graph;
  ASSERT_EQ(graph.initializers.size(), 1u);
  const auto *range = std::get_if<FileRange>(&graph.initializers[0].data);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->file, file.path);
  EXPECT_EQ(range->offset, bytes.find(data));
  EXPECT_EQ(range->length, 400u);
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.nodes[0].opset, 17);
  EXPECT_EQ(graph.types.at("y").dims[0].value, 100);
}

TEST(ReadModel, SurvivesAnyBytes) {
  std::mt19937 random(11);
  std::string whole = wire::sum(std::string(400, 'w'));
  TemporaryFile file;
  for (int round = 0; round < 500; ++round) {
    std::string damaged = whole;
    for (unsigned i = 0; i < 1 + random() % 3; ++i)
      damaged[random() % damaged.size()] = char(random());
    file.write(damaged);
    errorOf(file.path);
  }
}

TEST(ReadModel, SaysWhatIsNotKnown) {
  EXPECT_EQ(unknownOperator("MatMul", "", 13), std::nullopt);
  EXPECT_EQ(unknownOperator("Mystery", "", 17),
            "unknown operator 'Mystery' in the standard domain at opset 17");
  EXPECT_EQ(unknownOperator("Attention", "", 17),
            "unknown operator 'Attention' in the standard domain at opset 17");
  EXPECT_EQ(
      unknownOperator("MatMulNBits", "com.microsoft", 1),
      "unknown operator 'MatMulNBits' in domain 'com.microsoft' at opset 1");
  EXPECT_EQ(unknownOperator("X", "com.example", 1),
            "unknown domain 'com.example'");
}

TEST(ReadModel, CountsBytesWithoutOverflow) {
  EXPECT_EQ(getByteSize(ElementType::UInt4, {3}), 2u);
  EXPECT_EQ(getByteSize(ElementType::Float, {}), 4u);
  EXPECT_EQ(getByteSize(ElementType::Float, {0, INT64_MAX, INT64_MAX}), 0u);
  EXPECT_EQ(getByteSize(ElementType::Float, {INT64_MAX, 2}), std::nullopt);
  EXPECT_EQ(getByteSize(ElementType::Float, {-1}), std::nullopt);
  EXPECT_EQ(getByteSize(ElementType::String, {1}), std::nullopt);
}

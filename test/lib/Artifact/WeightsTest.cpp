//===- WeightsTest.cpp - Packed weights against a plain loop --------------===//

#include "lib/Artifact/Weights.h"

#include "lib/Files/Safetensors.h"
#include "lib/Formats/FloatTypes.h"
#include "test/lib/Artifact/TempDirectory.h"
#include <cstring>
#include <random>

using namespace qopt;

namespace {

struct WeightsTest : TempDirectoryTest {
  std::mt19937 random{3};

  std::vector<char> randomBytes(DataType type, int64_t count) {
    std::vector<char> bytes(size_t(count * bytesOf(type)));
    for (char &byte : bytes)
      byte = char(random());
    return bytes;
  }

  PackedWeight make(std::string name, DataType source, DataType stored,
                    std::vector<int64_t> dims, bool transposed,
                    WeightLayout layout) {
    PackedWeight weight;
    weight.name = std::move(name);
    weight.source = source;
    weight.stored = stored;
    weight.dims = std::move(dims);
    weight.transposed = transposed;
    weight.layout = layout;
    int64_t count = 1;
    for (int64_t size : weight.dims)
      count *= size;
    weight.bytes = randomBytes(source, count);
    return weight;
  }

  std::string writeToText(llvm::ArrayRef<PackedWeight> weights,
                          unsigned threads) {
    WriteWeightsOptions options;
    options.threads = threads;
    llvm::Error error = writeWeights(path("w.safetensors"), weights,
                                     {{"format", "qopt"}}, options);
    EXPECT_FALSE(bool(error)) << llvm::toString(std::move(error));
    return read(path("w.safetensors"));
  }
};

void expectError(llvm::Error error, const std::string &part) {
  std::string text = llvm::toString(std::move(error));
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

/// The bytes of one element, converted.
std::string element(const PackedWeight &weight, const char *source,
                    int64_t index) {
  std::string result(size_t(bytesOf(weight.stored)), '\0');
  convertElements(source + index * bytesOf(weight.source), weight.source,
                  result.data(), weight.stored, 1);
  return result;
}

/// What the stored weight must be, element by element.
std::string expected(const PackedWeight &weight, const char *source) {
  size_t rank = weight.dims.size();
  int64_t K = rank ? weight.dims[rank - 1] : 1;
  int64_t N = rank > 1 ? weight.dims[rank - 2] : 1, matrices = 1;
  for (size_t i = 0; i + 2 < rank; ++i)
    matrices *= weight.dims[i];
  auto at = [&](int64_t matrix, int64_t n, int64_t k) {
    int64_t inMatrix = weight.transposed ? k * N + n : n * K + k;
    return element(weight, source, matrix * N * K + inMatrix);
  };
  std::string result;
  for (int64_t matrix = 0; matrix < matrices; ++matrix) {
    if (weight.layout == WeightLayout::Dense) {
      for (int64_t n = 0; n < N; ++n)
        for (int64_t k = 0; k < K; ++k)
          result += at(matrix, n, k);
      continue;
    }
    for (int64_t panel = 0; panel < (N + 31) / 32; ++panel)
      for (int64_t k = 0; k < K; ++k)
        for (int64_t n = panel * 32; n < panel * 32 + 32; ++n)
          result += n < N ? at(matrix, n, k)
                          : std::string(size_t(bytesOf(weight.stored)), '\0');
  }
  return result;
}

TEST_F(WeightsTest, PacksLikeThePlainLoop) {
  std::vector<PackedWeight> weights;
  auto add = [&](DataType source, DataType stored, std::vector<int64_t> dims) {
    for (bool transposed : {false, true})
      for (WeightLayout layout : {WeightLayout::Dense, WeightLayout::Panels})
        if (dims.size() >= 2 || (!transposed && layout == WeightLayout::Dense))
          weights.push_back(make("w" + std::to_string(weights.size()), source,
                                 stored, dims, transposed, layout));
  };
  const DataType floats[] = {DataType::F32, DataType::F16, DataType::BF16,
                             DataType::F64};
  for (DataType source : floats)
    for (DataType stored : floats)
      for (std::vector<int64_t> dims :
           {std::vector<int64_t>{33, 70}, {31, 1}, {2, 65, 40}, {}, {5}})
        add(source, stored, dims);
  for (DataType type : {DataType::I64, DataType::I32, DataType::I16,
                        DataType::I8, DataType::U8, DataType::Bool})
    for (std::vector<int64_t> dims :
         {std::vector<int64_t>{40, 100}, {3}, {0, 4}, {1, 1}})
      add(type, type, dims);
  assignOffsets(weights);
  for (unsigned threads : {1u, 3u}) {
    std::string text = writeToText(weights, threads);
    llvm::Expected<WeightsFile> file =
        weightsFile(weights, {{"format", "qopt"}});
    ASSERT_TRUE(bool(file));
    ASSERT_EQ(int64_t(text.size()), file->bytes);
    EXPECT_EQ(file->dataOffset % 4096, 0);
    for (const PackedWeight &weight : weights) {
      EXPECT_EQ(weight.destOffset % 64, 0);
      ASSERT_EQ(text.substr(size_t(file->dataOffset + weight.destOffset),
                            size_t(weight.storedBytes())),
                expected(weight, weight.bytes.data()))
          << weight.name;
    }
  }
}

TEST_F(WeightsTest, LargeWeightsGoInPiecesThatDoNotShow) {
  // More than a chunk: many units, and units that are larger than a chunk.
  const std::vector<int64_t> shapes[] = {{700, 1500}, {33, 17001}, {300001, 2}};
  std::vector<PackedWeight> weights;
  for (const std::vector<int64_t> &dims : shapes)
    for (bool transposed : {false, true})
      for (WeightLayout layout : {WeightLayout::Dense, WeightLayout::Panels})
        weights.push_back(make("w" + std::to_string(weights.size()),
                               DataType::F32, DataType::F32, dims, transposed,
                               layout));
  // Sources in a file, at odd offsets.
  std::string contents = "x";
  for (PackedWeight &weight : weights) {
    weight.file = path("source.bin");
    weight.offset = int64_t(contents.size());
    weight.length = int64_t(weight.bytes.size());
    contents.append(weight.bytes.data(), weight.bytes.size());
    weight.bytes.clear();
  }
  write(path("source.bin"), contents);
  assignOffsets(weights);
  std::string one = writeToText(weights, 1);
  llvm::Expected<WeightsFile> file = weightsFile(weights, {{"format", "qopt"}});
  ASSERT_TRUE(bool(file));
  for (const PackedWeight &weight : weights) {
    std::string got = one.substr(size_t(file->dataOffset + weight.destOffset),
                                 size_t(weight.storedBytes()));
    ASSERT_TRUE(got == expected(weight, contents.data() + weight.offset))
        << weight.name;
  }
  for (unsigned threads : {2u, 100u})
    ASSERT_TRUE(writeToText(weights, threads) == one) << threads;
}

TEST_F(WeightsTest, IsSafetensors) {
  std::vector<PackedWeight> weights = {
      make("a \"b\"", DataType::F32, DataType::BF16, {3, 5}, false,
           WeightLayout::Dense),
      make("p", DataType::F32, DataType::F16, {40, 7}, true,
           WeightLayout::Panels),
      make("i", DataType::Bool, DataType::Bool, {9}, false,
           WeightLayout::Dense)};
  assignOffsets(weights);
  std::string text = writeToText(weights, 2);
  llvm::Expected<SafetensorsHeader> header =
      readSafetensorsHeader(path("w.safetensors"));
  ASSERT_TRUE(bool(header)) << llvm::toString(header.takeError());
  ASSERT_EQ(header->tensors.size(), 4u); // and one pad: "p" ends aligned
  EXPECT_EQ(header->tensors[0].name, "a \"b\"");
  EXPECT_EQ(header->tensors[0].type, "BF16");
  EXPECT_EQ(header->tensors[1].name, "__pad.30");
  EXPECT_EQ(header->tensors[1].end, 64u);
  EXPECT_EQ(header->tensors[2].shape, (llvm::SmallVector<int64_t>{2, 7, 32}));
  EXPECT_EQ(header->tensors[3].type, "BOOL");
  // The format knows no holes.
  uint64_t end = 0;
  for (const SafetensorsEntry &entry : header->tensors) {
    EXPECT_EQ(entry.begin, end);
    end = entry.end;
  }
  EXPECT_EQ(header->dataOffset + end, text.size());
  ASSERT_EQ(header->metadata.size(), 1u);
}

TEST_F(WeightsTest, RefusesWhatDoesNotFit) {
  PackedWeight good = make("w", DataType::F32, DataType::F32, {2, 3}, false,
                           WeightLayout::Dense);
  auto refused = [&](PackedWeight weight, const std::string &part) {
    expectError(weightsHeader(weight, {}).takeError(), part);
  };
  PackedWeight weight = good;
  weight.bytes.pop_back();
  refused(weight, "needs 24 bytes, but its source has 23");
  weight = good;
  weight.stored = DataType::I8;
  refused(weight, "cannot be converted from F32 to I8");
  weight = good;
  weight.dims = {int64_t(1) << 40, int64_t(1) << 40};
  refused(weight, "too large");
  weight = good;
  weight.name = "__metadata__";
  refused(weight, "reserved");
  std::vector<PackedWeight> twice = {good, good};
  assignOffsets(twice);
  expectError(weightsHeader(twice, {}).takeError(), "twice");

  weight = good;
  weight.bytes.clear();
  weight.file = path("none.bin");
  weight.length = 24;
  expectError(writeWeights(path("o"), weight, {}), "No such file");
  write(path("short.bin"), "123");
  weight.file = path("short.bin");
  expectError(writeWeights(path("o"), weight, {}),
              "has 3 bytes, but the weight's 24 bytes start at 0");
  weight.file = directory.string();
  expectError(writeWeights(path("o"), weight, {}), "directory");
}

TEST_F(WeightsTest, AFullDeviceIsAnError) {
  PackedWeight weight = make("w", DataType::F32, DataType::F32, {1000, 1000},
                             false, WeightLayout::Panels);
  expectError(writeWeights("/dev/full", weight, {}), "No space left on device");
  expectError(writeWeights(path("no/such/dir"), weight, {}), "No such file");
}

TEST_F(WeightsTest, ReportsProgressAndStops) {
  PackedWeight weight = make("w", DataType::F32, DataType::F32, {2000, 1000},
                             false, WeightLayout::Panels);
  WriteWeightsOptions options;
  options.threads = 2;
  int64_t last = 0, total = 0, calls = 0;
  options.progress = [&](int64_t done, int64_t all) {
    EXPECT_GT(done, last);
    last = done, total = all, ++calls;
    return true;
  };
  EXPECT_FALSE(bool(writeWeights(path("o"), weight, {}, options)));
  EXPECT_EQ(last, total);
  EXPECT_EQ(total, weight.storedBytes());
  EXPECT_GT(calls, 2);
  options.progress = [](int64_t, int64_t) { return false; };
  expectError(writeWeights(path("o"), weight, {}, options), "cancelled");
}

} // namespace

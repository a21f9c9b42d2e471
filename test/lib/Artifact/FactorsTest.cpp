//===- FactorsTest.cpp - Weights times factors, packed --------------------===//

#include "lib/Artifact/Weights.h"
#include "test/lib/Artifact/TempDirectory.h"
#include <cstring>
#include <random>

using namespace qopt;

namespace {

struct FactorsTest : TempDirectoryTest {
  std::mt19937 random{5};

  std::vector<float> numbers(int64_t count) {
    std::uniform_real_distribution<float> range(-2, 2);
    std::vector<float> values(static_cast<size_t>(count));
    for (float &value : values)
      value = range(random);
    return values;
  }

  /// A weight with factors along its last two dimensions.
  PackedWeight make(DataType source, DataType stored, std::vector<int64_t> dims,
                    bool transposed, WeightLayout layout) {
    PackedWeight weight;
    weight.source = source;
    weight.stored = stored;
    weight.dims = std::move(dims);
    weight.transposed = transposed;
    weight.layout = layout;
    int64_t count = 1;
    for (int64_t size : weight.dims)
      count *= size;
    std::vector<float> values = numbers(count);
    weight.bytes.resize(size_t(count * bytesOf(source)));
    convertElements(values.data(), DataType::F32, weight.bytes.data(), source,
                    count);
    weight.columnFactor = numbers(weight.dims.back());
    if (weight.dims.size() > 1)
      weight.rowFactor = numbers(weight.dims[weight.dims.size() - 2]);
    return weight;
  }

  /// The same values without factors: multiplied beforehand, element by
  /// element.
  static PackedWeight multiplied(PackedWeight weight) {
    size_t rank = weight.dims.size();
    int64_t K = weight.dims[rank - 1], N = rank > 1 ? weight.dims[rank - 2] : 1;
    int64_t count = int64_t(weight.bytes.size()) / bytesOf(weight.source);
    std::vector<float> values(static_cast<size_t>(count));
    convertElements(weight.bytes.data(), weight.source, values.data(),
                    DataType::F32, count);
    for (int64_t i = 0; i < count; ++i) {
      int64_t place = i % (N * K);
      int64_t n = weight.transposed ? place % N : place / K;
      int64_t k = weight.transposed ? place / N : place % K;
      float &value = values[size_t(i)];
      if (!weight.rowFactor.empty())
        value = value * weight.rowFactor[size_t(n)];
      if (!weight.columnFactor.empty())
        value = value * weight.columnFactor[size_t(k)];
    }
    weight.source = DataType::F32;
    weight.bytes.resize(size_t(count) * 4);
    std::memcpy(weight.bytes.data(), values.data(), weight.bytes.size());
    weight.rowFactor.clear();
    weight.columnFactor.clear();
    return weight;
  }

  std::string packed(std::vector<PackedWeight> &weights) {
    for (size_t i = 0; i < weights.size(); ++i)
      weights[i].name = "w" + std::to_string(i);
    assignOffsets(weights);
    WriteWeightsOptions options;
    options.threads = 2;
    options.refusesOverflow = true;
    llvm::Error error =
        writeWeights(path("w.safetensors"), weights, {}, options);
    EXPECT_FALSE(bool(error)) << llvm::toString(std::move(error));
    return read(path("w.safetensors"));
  }

  /// With both factors and with each of them.
  static void add(PackedWeight both, std::vector<PackedWeight> &weights) {
    PackedWeight rows = both, columns = both;
    rows.columnFactor.clear();
    columns.rowFactor.clear();
    weights.insert(weights.end(), {both, rows, columns});
  }

  void expectSame(std::vector<PackedWeight> weights) {
    std::vector<PackedWeight> beforehand;
    for (const PackedWeight &weight : weights)
      beforehand.push_back(multiplied(weight));
    std::string got = packed(weights), expected = packed(beforehand);
    ASSERT_EQ(got.size(), expected.size());
    size_t header = size_t(llvm::cantFail(weightsFile(weights, {})).dataOffset);
    for (const PackedWeight &weight : weights) {
      size_t begin = header + size_t(weight.destOffset);
      ASSERT_TRUE(got.compare(begin, size_t(weight.storedBytes()), expected,
                              begin, size_t(weight.storedBytes())) == 0)
          << safetensorsName(weight.source) << " as "
          << safetensorsName(weight.stored) << ", " << weight.dims.size()
          << " dimensions, transposed " << weight.transposed << ", factors "
          << weight.rowFactor.size() << " and " << weight.columnFactor.size();
    }
  }
};

TEST_F(FactorsTest, FloatsAreThoseOfAMatrixMultipliedBeforehand) {
  const DataType floats[] = {DataType::F32, DataType::F16, DataType::BF16,
                             DataType::F64};
  const std::vector<int64_t> shapes[] = {
      {33, 70}, {31, 1}, {1, 300}, {2, 65, 40}, {5}};
  std::vector<PackedWeight> weights;
  auto addAll = [&](DataType source, DataType stored,
                    const std::vector<int64_t> &dims) {
    for (bool transposed : {false, true})
      for (WeightLayout layout : {WeightLayout::Dense, WeightLayout::Panels})
        if (dims.size() > 1 || (!transposed && layout == WeightLayout::Dense))
          add(make(source, stored, dims, transposed, layout), weights);
  };
  for (DataType source : floats)
    for (DataType stored : {DataType::F32, DataType::F16, DataType::BF16})
      for (const std::vector<int64_t> &dims : shapes)
        addAll(source, stored, dims);
  // In pieces of rows, and of columns.
  addAll(DataType::F16, DataType::F32, {700, 901});
  addAll(DataType::F32, DataType::F16, {33, 17001});
  expectSame(weights);
}

TEST_F(FactorsTest, CodesAreThoseOfAMatrixMultipliedBeforehand) {
  std::vector<PackedWeight> weights;
  // `tensor` sees the whole matrix, the others slices of rows.
  for (const char *format : {"codes = u4, block = 64, scale = f16, zero = u4",
                             "codes = s8, block = channel, scale = f32",
                             "codes = s3, block = tensor, scale = f32"})
    for (DataType source : {DataType::F32, DataType::F16})
      for (bool transposed : {false, true}) {
        PackedWeight weight = make(source, DataType::U8, {1061, 75}, transposed,
                                   WeightLayout::Codes);
        llvm::Expected<Format> parsed = Format::parse(format);
        ASSERT_TRUE(bool(parsed)) << llvm::toString(parsed.takeError());
        weight.format = *parsed;
        weight.method = "rtn";
        add(weight, weights);
      }
  expectSame(weights);
}

TEST_F(FactorsTest, OverflowOfAProductIsRefused) {
  // 1000 is an f16, 1e6 is none; f16 sources need no check without factors.
  PackedWeight weight =
      make(DataType::F16, DataType::F16, {3, 4}, false, WeightLayout::Panels);
  weight.columnFactor.assign(4, 1.0f);
  weight.name = "w";
  weight.rowFactor = {1.0f, 1e6f, 1.0f};
  WriteWeightsOptions options;
  options.refusesOverflow = true;
  assignOffsets(weight);
  std::string text =
      llvm::toString(writeWeights(path("w"), weight, {}, options));
  EXPECT_NE(text.find("has values that f16 cannot hold"), std::string::npos)
      << text;
}

TEST_F(FactorsTest, RefusesWhatDoesNotFit) {
  auto refused = [&](const PackedWeight &weight, const std::string &part) {
    std::string text = llvm::toString(weightsHeader(weight, {}).takeError());
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  PackedWeight good =
      make(DataType::F32, DataType::F32, {2, 3}, false, WeightLayout::Dense);
  PackedWeight weight = good;
  weight.columnFactor.pop_back();
  refused(weight, "has factors of another size");
  weight = good;
  weight.dims = {6};
  weight.columnFactor.clear();
  refused(weight, "has factors of another size");
  weight = good;
  weight.source = weight.stored = DataType::I32;
  refused(weight, "has factors, but is not of floats");
}

} // namespace

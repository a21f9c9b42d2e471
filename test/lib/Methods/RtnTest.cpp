//===- RtnTest.cpp - Codes against their definition -----------------------===//

#include "lib/Methods/HostIsa.h"
#include "test/lib/Methods/SolverTesting.h"
#include <algorithm>
#include <cfloat>
#include <cstdlib>
#include <limits>

using namespace qopt;

namespace {

double squaredError(const QuantizedMatrix &matrix,
                    const std::vector<float> &rows) {
  double error = 0;
  for (int64_t n = 0; n < matrix.N; ++n)
    for (int64_t k = 0; k < matrix.K; ++k) {
      double e = matrix.value(n, k) - double(rows[size_t(n * matrix.K + k)]);
      error += e * e;
    }
  return error;
}

/// Relative to the weights' own squares.
double relativeError(llvm::StringRef format, const SolverOptions &options,
                     int64_t K = 2048) {
  std::vector<float> rows = normalWeights(size_t(256 * K));
  double squares = 0;
  for (float weight : rows)
    squares += double(weight) * double(weight);
  return squaredError(solved(rows, 256, format, options), rows) / squares;
}

TEST(Rtn, EveryFormatGetsTheNearestCodes) {
  const std::vector<float> normal = normalWeights(5 * 150, 3, 0.05f);
  for (const std::string &format : allFormats()) {
    SCOPED_TRACE(format);
    std::vector<float> rows = heldBy(format, normal);
    QuantizedMatrix matrix = solved(rows, 5, format);
    checkIsStorable(matrix);
    for (int64_t n = 0; n < 5; ++n)
      for (int64_t k = 0; k < 150; ++k) {
        double weight = double(rows[size_t(n * 150 + k)]), least = DBL_MAX;
        double scale = double(matrix.scaleOf(n, k));
        for (int64_t i = 0; i <= matrix.format.maxIndex(); ++i)
          least = std::min(
              least,
              std::fabs(weight - scale * (double(i + matrix.format.minCode()) -
                                          double(matrix.zeroOf(n, k)))));
        // The quotient and its sum with the zero are rounded as f32, the
        // latter at 2^-24 of at most 512.
        ASSERT_LE(std::fabs(matrix.value(n, k) - weight),
                  least + std::fabs(scale) * 4e-5);
      }
    if (testing::Test::HasFatalFailure())
      return;
  }
}

TEST(Rtn, SearchNeverLosesToTheWholeRange) {
  const std::vector<float> normal = normalWeights(5 * 150, 4, 0.05f);
  for (const std::string &format : allFormats()) {
    std::vector<float> rows = heldBy(format, normal);
    double searched = squaredError(solved(rows, 5, format), rows);
    double whole = squaredError(solved(rows, 5, format, minmax), rows);
    // The search sums its errors in f32.
    EXPECT_LE(searched, whole * (1 + 1e-5)) << format;
  }
}

/// The rule of methods as it is written: every step, errors in double.
TEST(Rtn, FindsTheBestOfAllSteps) {
  const int K = 64;
  std::vector<float> rows = normalWeights(200 * K, 5, 0.05f);
  for (auto [text, maxIndex] :
       {std::pair("int2-g64", 3.0f), std::pair("int4-g64", 15.0f)}) {
    QuantizedMatrix matrix = solved(rows, 200, text);
    for (int n = 0; n < 200; ++n) {
      const float *row = &rows[size_t(n * K)];
      float low = std::min(*std::min_element(row, row + K), 0.0f);
      float high = std::max(*std::max_element(row, row + K), 0.0f);
      double least = DBL_MAX, own = 0;
      for (int i = 0; i < 80; ++i) {
        float p = float(100 - i) / 100;
        float scale =
            roundToType((p * high - p * low) / maxIndex, DataType::F16);
        float zero = clampTo(std::nearbyint(-p * low / scale), 0, maxIndex);
        double error = 0;
        for (int k = 0; k < K; ++k) {
          double index = double(
              clampTo(std::nearbyint(row[k] / scale + zero), 0, maxIndex));
          double e = double(row[k]) - double(scale) * (index - double(zero));
          error += e * e;
        }
        least = std::min(least, error);
      }
      for (int k = 0; k < K; ++k)
        own += std::pow(matrix.value(n, k) - double(row[k]), 2);
      ASSERT_NEAR(own, least, least * 1e-5) << text << ", row " << n;
    }
  }
}

TEST(Rtn, ErrorsOfNormalWeightsAreAsPublished) {
  // Formulas of the literature on N(0, 1), groups of 128; the search is better.
  const char *symmetric4 = "codes = s4, block = 128, scale = f32";
  const char *midpoint4 = "codes = u4, block = 128, scale = f32, zero = "
                          "midpoint";
  EXPECT_NEAR(relativeError("int4-g128", minmax), 0.0102, 0.0002);
  EXPECT_NEAR(relativeError(symmetric4, minmax), 0.01065, 0.0001);
  EXPECT_NEAR(relativeError(midpoint4, minmax), 0.01065, 0.0001);
  EXPECT_LT(relativeError("int3-g128", minmax), 0.057);
  EXPECT_LT(relativeError("int4-g128", mse), 0.0098);
  EXPECT_LT(relativeError("int4-g128-sym", mse), 0.0102);
  EXPECT_LT(relativeError("int3-g128", mse), 0.0390);
  EXPECT_LT(relativeError("int3-g128-sym", mse), 0.0400);
  EXPECT_LT(relativeError("int2-g128", mse), 0.1450);
  EXPECT_LT(relativeError("int8-channel", mse), 7.5e-5);
  EXPECT_LT(relativeError("int8-tensor", mse), 1.2e-4);
}

TEST(Rtn, SymmetricScalesHaveTheSignOfTheLargestWeight) {
  std::vector<float> rows = {-8, 3, 1, 7, 8, -3, -1, -7};
  QuantizedMatrix matrix =
      solved(rows, 2, "codes = s4, block = channel, scale = f32", minmax);
  EXPECT_EQ(matrix.scales, (std::vector<float>{1, -1}));
  for (size_t i = 0; i < rows.size(); ++i)
    EXPECT_EQ(matrix.value(int64_t(i / 4), int64_t(i % 4)), double(rows[i]));
  // Without a code below zero the sign is all that there is.
  matrix = solved({0, -1, -2, -3}, 1,
                  "codes = u2, block = channel, scale = f32, zero = none");
  EXPECT_EQ(matrix.scales.front(), -1);
}

//===----------------------------------------------------------------------===//
// The same everywhere
//===----------------------------------------------------------------------===//

void expectSame(const QuantizedMatrix &a, const QuantizedMatrix &b) {
  auto bits = [](const std::vector<float> &values) {
    std::vector<uint32_t> result;
    for (float value : values)
      result.push_back(bitsOf(value));
    return result;
  };
  ASSERT_EQ(a.indices, b.indices);
  ASSERT_EQ(bits(a.scales), bits(b.scales));
  ASSERT_EQ(bits(a.zeros), bits(b.zeros));
}

/// Ragged, of several items of work, with rows of all magnitudes.
std::vector<float> manyWeights(int64_t N, int64_t K) {
  std::vector<float> rows = normalWeights(size_t(N * K), 6, 0.05f);
  for (int64_t n = 0; n < N; ++n)
    for (int64_t k = 0; k < K; ++k)
      rows[size_t(n * K + k)] *= std::ldexp(1.0f, int(n % 31) * 4 - 60);
  return rows;
}

TEST(Rtn, ThreadsDoNotMatter) {
  const std::vector<float> many = manyWeights(301, 777);
  for (const char *format :
       {"int4-g64", "int3-g16-sym", "int8-channel", "int8-tensor",
        "codes = u2, block = tensor, scale = f32, zero = f32"}) {
    std::vector<float> rows = heldBy(format, many);
    QuantizedMatrix one = solved(rows, 301, format);
    for (unsigned threads : {2u, 3u})
      expectSame(one, solved(rows, 301, format, mse, threads));
  }
}

TEST(Rtn, IsaVersionsDoNotMatter) {
  const std::vector<float> many = manyWeights(62, 333);
  const char *before = std::getenv("QOPT_ISA");
  const std::string saved = before ? before : "";
  for (const std::string &format : allFormats()) {
    SCOPED_TRACE(format);
    std::vector<float> rows = heldBy(format, many);
    setenv("QOPT_ISA", "x86-64", 1);
    ASSERT_EQ(getHostIsa(), HostIsa::Baseline);
    QuantizedMatrix baseline = solved(rows, 62, format);
    checkIsStorable(baseline);
    for (const char *isa : {"x86-64-v3", "x86-64-v4"}) {
      setenv("QOPT_ISA", isa, 1);
      expectSame(baseline, solved(rows, 62, format));
    }
    if (testing::Test::HasFatalFailure())
      break;
  }
  before ? setenv("QOPT_ISA", saved.c_str(), 1) : unsetenv("QOPT_ISA");
}

TEST(Rtn, SlicesOfRowsGiveTheSame) {
  std::vector<float> rows = manyWeights(20, 100);
  QuantizedMatrix whole = solved(rows, 20, "int4-g64");
  QuantizedMatrix last =
      solved({rows.begin() + 12 * 100, rows.end()}, 8, "int4-g64");
  EXPECT_TRUE(std::equal(last.indices.begin(), last.indices.end(),
                         whole.indices.begin() + 12 * 100));
  EXPECT_TRUE(std::equal(last.scales.begin(), last.scales.end(),
                         whole.scales.begin() + 12 * 2));
  auto solver = llvm::cantFail(createSolver("rtn", mse));
  EXPECT_FALSE(solver->needsWholeMatrix(last.format));
  EXPECT_TRUE(
      solver->needsWholeMatrix(llvm::cantFail(Format::parse("int8-tensor"))));
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(Rtn, NamesTheFirstNumberThatIsNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  auto solver = llvm::cantFail(createSolver("rtn", mse));
  for (const char *format : {"int4-g16", "int8-channel", "int8-tensor"})
    for (unsigned threads : {1u, 3u}) {
      std::vector<float> rows = normalWeights(300 * 1000);
      QuantizedMatrix result;
      auto errorOf = [&] {
        return llvm::toString(solver->solve(
            {rows, 300, 1000, 40}, llvm::cantFail(Format::parse(format)),
            threads, result));
      };
      rows[299 * 1000 + 5] = infinity;
      EXPECT_EQ(errorOf(), "expects finite weights, but got inf in row 339, "
                           "column 5");
      rows[170 * 1000 + 999] = -infinity;
      EXPECT_EQ(errorOf(), "expects finite weights, but got -inf in row 210, "
                           "column 999");
      rows[170 * 1000 + 998] = std::nanf("");
      EXPECT_EQ(errorOf(), "expects finite weights, but got nan in row 210, "
                           "column 998");
    }
}

/// A scale has a sign, so a group may be all negative.
TEST(Rtn, RefusesBothSignsWhereTheFormatHasOne) {
  auto solver = llvm::cantFail(createSolver("rtn", mse));
  std::vector<float> rows(300 * 100, 1);
  auto errorOf = [&](const std::string &parts, unsigned threads = 1) {
    QuantizedMatrix result;
    return llvm::toString(solver->solve(
        {rows, 300, 100, 40},
        llvm::cantFail(Format::parse("scale = f16, codes = " + parts)), threads,
        result));
  };
  rows[7 * 100 + 99] = -0.0f;
  std::fill_n(rows.begin() + 200 * 100, 32, -2.0f); // a group of one sign
  EXPECT_EQ(errorOf("u4, block = 32"), "");
  rows[299 * 100 + 64] = -0.25f;
  rows[250 * 100 + 70] = -0.5f;
  for (unsigned threads : {1u, 3u}) {
    EXPECT_EQ(
        errorOf("u4, block = 32", threads),
        "expects weights of one sign in each group, as 'codes = u4, "
        "block = 32, scale = f16' has no zero and no sign, but got -0.5 "
        "to 1 in row 290, column 64 on; signed codes or a zero hold both");
    EXPECT_EQ(errorOf("u2, block = channel", threads),
              "expects weights of one sign in each group, as 'codes = u2, "
              "block = channel, scale = f16' has no zero and no sign, but got "
              "-2 to 1 in row 240, column 0 on; signed codes or a zero hold "
              "both");
  }
  for (const char *parts :
       {"s4, block = 32", "u4, block = 32, zero = u4", "s8, block = tensor",
        "u4, block = 32, zero = midpoint", "u4, block = 32, zero = f16"})
    EXPECT_EQ(errorOf(parts), "") << parts;
  // Of one group, rows of one sign each.
  rows.assign(300 * 100, 1);
  std::fill_n(rows.begin() + 100, 100, -1.0f);
  EXPECT_EQ(errorOf("u4, block = tensor"),
            "expects weights of one sign in each group, as 'codes = u4, block "
            "= tensor, scale = f16' has no zero and no sign, but got -1 to 1; "
            "signed codes or a zero hold both");
}

TEST(Rtn, RefusesUnknownOptions) {
  auto errorOf = [](llvm::StringRef name, const SolverOptions &options) {
    auto solver = createSolver(name, options);
    return solver ? "none" : llvm::toString(solver.takeError());
  };
  EXPECT_EQ(errorOf("rtn", mse), "none");
  EXPECT_EQ(errorOf("gptq", mse), "unknown method 'gptq': there is rtn");
  EXPECT_EQ(errorOf("rtn", makeOptions({{"clip", "1"}})),
            "unknown option 'clip' of rtn: there is search, steps");
  EXPECT_EQ(errorOf("rtn", makeOptions({{"search", "max"}})),
            "expects search to be mse or minmax, but got 'max'");
  for (const char *steps : {"0", "101", "many", "8.5", ""})
    EXPECT_EQ(errorOf("rtn", makeOptions({{"steps", steps}})),
              std::string("expects steps to be 1 to 100, but got '") + steps +
                  "'");
  EXPECT_EQ(errorOf("rtn", makeOptions({{"steps", "8"}, {"search", "minmax"}})),
            "steps is an option of search = mse, not of search = minmax");
}

} // namespace

//===- RtnEdgesTest.cpp - Groups that are no bell curves ------------------===//

#include "test/lib/Methods/SolverTesting.h"
#include <cfloat>

using namespace qopt;

namespace {

void checkDegenerate(const std::vector<float> &group, double tolerance) {
  float largest = 0;
  for (float weight : group)
    largest = std::max(largest, std::fabs(weight));
  for (const std::string &format : allFormats())
    for (const SolverOptions &options : {mse, minmax}) {
      SCOPED_TRACE(format);
      const std::vector<float> weights = heldBy(format, group);
      QuantizedMatrix matrix = solved(weights, 1, format, options);
      checkIsStorable(matrix);
      if (tolerance < 0)
        continue;
      for (size_t k = 0; k < group.size(); ++k)
        ASSERT_NEAR(matrix.value(0, int64_t(k)), double(weights[k]),
                    tolerance * double(largest));
    }
}

TEST(RtnEdges, ZerosStayZeros) {
  for (float zero : {0.0f, -0.0f})
    checkDegenerate({zero, 0, 0, -0.0f, zero}, 0);
  QuantizedMatrix matrix = solved(std::vector<float>(64), 1, "int4-g64");
  EXPECT_EQ(matrix.scales.front(), 0);
  EXPECT_EQ(matrix.zeros.front(), 0);
  EXPECT_EQ(matrix.indices.front(), 0);
}

TEST(RtnEdges, EqualWeightsAreKept) {
  for (float weight : {1.0f, -1.0f, 0.37f, -1234.5f, 3e-3f})
    checkDegenerate(std::vector<float>(40, weight), 0.005);
}

TEST(RtnEdges, WeightsFarFromZero) {
  std::vector<float> group;
  for (int i = 0; i < 64; ++i)
    group.push_back(1000 + float(i) / 8);
  checkDegenerate(group, 0.17); // half a step of two bits is a sixth
  QuantizedMatrix matrix = solved(
      group, 1, "codes = u4, block = 64, scale = f32, zero = f32", minmax);
  for (int k = 0; k < 64; ++k)
    EXPECT_NEAR(matrix.value(0, k), double(group[size_t(k)]),
                7.875 / 30 + 0.01);
}

TEST(RtnEdges, NumbersBeyondTheScalesRange) {
  checkDegenerate({1e-30f, -1e-30f, 5e-31f, 0}, -1);
  checkDegenerate({FLT_TRUE_MIN, -FLT_TRUE_MIN, 0}, -1);
  for (const char *scale : {"f32", "bf16"})
    for (const char *parts : {"u4, zero = u4", "s8", "u3, zero = midpoint"})
      for (std::vector<float> group :
           {std::vector<float>{1e30f, -1e30f, 5e29f, 0},
            {FLT_MAX, -FLT_MAX, 1, 0},
            {FLT_MAX, FLT_MAX, 0.99f * FLT_MAX}})
        checkIsStorable(solved(group, 1,
                               std::string("block = 32, scale = ") + scale +
                                   ", codes = " + parts));
  // Too small for the scale of the whole range: the smallest there is.
  QuantizedMatrix matrix = solved({2e-7f, 0, -1e-7f}, 1, "int4-g32");
  EXPECT_NEAR(matrix.value(0, 0), 2e-7, 3e-8);
  EXPECT_NEAR(matrix.value(0, 2), -1e-7, 3e-8);
}

TEST(RtnEdges, RefusesWhatScalesDoNotReach) {
  auto solver = llvm::cantFail(createSolver("rtn", mse));
  auto errorOf = [&](const char *format, std::vector<float> rows) {
    QuantizedMatrix result;
    int64_t size = int64_t(rows.size());
    return llvm::toString(solver->solve(
        {rows, 1, size, 40}, llvm::cantFail(Format::parse(format)), 1, result));
  };
  EXPECT_EQ(errorOf("int4-g32", {65504.0f * 15, 1}), "");
  EXPECT_EQ(errorOf("int4-g32", {1, -1e9f}),
            "expects weights that scales of f16 reach, but got -1e+09 to 1 in "
            "row 40, column 0 on; scales of bf16 and f32 reach them");
  EXPECT_EQ(errorOf("int4-g32-sym", {65504.0f * 8, 1}), "");
  EXPECT_NE(errorOf("int4-g32-sym", {65504.0f * 9, 1}), "");
  EXPECT_NE(errorOf("codes = u4, block = tensor, scale = f16, zero = u4",
                    {65504.0f * 16, 1}),
            "");
}

TEST(RtnEdges, NothingToDo) {
  EXPECT_EQ(solved({1}, 1, "int4-g64").indices.size(), 1u);
  QuantizedMatrix result;
  auto solver = llvm::cantFail(createSolver("rtn", mse));
  for (const char *format : {"int4-g64", "int8-channel", "int8-tensor"}) {
    llvm::cantFail(solver->solve(
        {{}, 0, 64}, llvm::cantFail(Format::parse(format)), 2, result));
    EXPECT_TRUE(result.indices.empty());
  }
}

} // namespace

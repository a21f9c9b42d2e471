//===- MatmulTest.cpp - Products against a scalar loop --------------------===//

#include "test/passes/Lower/Kernels/IsaTest.h"
#include <cmath>

namespace qopt {
namespace {

struct Case {
  int64_t K, N;
  std::string type;     ///< of the weight
  std::string epilogue; ///< "", "bias" or "residual"
  bool packed = true;
};

std::string moduleText(const Case &test) {
  std::string K = std::to_string(test.K), N = std::to_string(test.N);
  std::string weight = "memref<" +
                       (test.packed ? std::to_string((test.N + 31) / 32) + "x" +
                                          K + "x32x" + test.type
                                    : N + "x" + K + "x" + test.type) +
                       ">";
  std::string input = "memref<?x?x" + K + "xf32>",
              out = "memref<?x?x" + N + "xf32>";
  std::string bias = "memref<" + N + "xf32>";
  std::string text = "func.func @f(%x: " + input + ", %w: " + weight +
                     ", %b: " + bias + ", %r: " + out + ", %y: " + out +
                     ") {\n  qopt.matmul %x, %w ";
  std::string types = input + ", " + weight;
  if (test.epilogue == "bias") {
    text += "extras(%b) outs(%y : " + out +
            ") epilogue {\n^bb0(%a: f32, %e: f32):\n"
            "  %c = arith.constant 0.5 : f32\n  %s = arith.addf %a, %e : f32\n"
            "  %m = arith.mulf %s, %c : f32\n  qopt.yield %m : f32\n}";
    types += ", " + bias;
  } else if (test.epilogue == "residual") {
    // The result lies where the extra does.
    text += "extras(%b, %y) outs(%y : " + out +
            ") epilogue {\n^bb0(%a: f32, %e: f32, %g: f32):\n"
            "  %s = arith.addf %a, %e : f32\n  %t = arith.addf %s, %g : f32\n"
            "  qopt.yield %t : f32\n}";
    types += ", " + bias + ", " + out;
  } else {
    text += "outs(%y : " + out + ")";
  }
  return text + " : (" + types + ")\n  return\n}\n";
}

/// Weights in storage and as numbers.
struct Weight {
  std::vector<float> values; ///< [N, K]
  std::unique_ptr<Tensor<float>> wide;
  std::unique_ptr<Tensor<uint16_t>> narrow;

  explicit Weight(const Case &test) : values(test.N * test.K) {
    std::mt19937 random(7);
    std::vector<int64_t> sizes = {test.N, test.K};
    if (test.packed)
      sizes = {(test.N + 31) / 32, test.K, 32};
    bool isWide = test.type == "f32";
    if (isWide)
      wide = std::make_unique<Tensor<float>>(sizes);
    else
      narrow = std::make_unique<Tensor<uint16_t>>(sizes);
    size_t count = isWide ? wide->count() : narrow->count();
    for (size_t i = 0; i < count; ++i) // columns beyond N are 0
      isWide ? (*wide)[i] = 0 : (*narrow)[i] = 0;
    for (int64_t n = 0; n < test.N; ++n)
      for (int64_t k = 0; k < test.K; ++k) {
        float value = float(int32_t(random())) * 0x1p-31f;
        size_t at =
            test.packed ? (n / 32 * test.K + k) * 32 + n % 32 : n * test.K + k;
        if (isWide)
          (*wide)[at] = value;
        else if (test.type == "bf16")
          value = fromBF16((*narrow)[at] = toBF16(value));
        else
          value = fromF16((*narrow)[at] =
                              toF16(k % 5 == 0 ? value * 0x1p-15f : value));
        values[n * test.K + k] = value;
      }
  }
};

void check(const Case &test, const X86Isa &isa,
           llvm::ArrayRef<int64_t> counts) {
  SCOPED_TRACE(std::string(isa.name) + " K=" + std::to_string(test.K) + " N=" +
               std::to_string(test.N) + " " + test.type + " " + test.epilogue);
  Kernel kernel(moduleText(test), isa);
  Weight weight(test);
  int64_t K = test.K, N = test.N;
  for (int64_t M : counts) {
    SCOPED_TRACE("M=" + std::to_string(M));
    Tensor<float> x({1, M, K}), bias({N}), residual({1, M, N}), y({1, M, N});
    fill(x, 1);
    fill(bias, 2);
    fill(residual, 3);
    for (int64_t i = 0; i < M * N; ++i)
      y[i] = residual[i];
    kernel << x;
    weight.wide ? kernel << *weight.wide : kernel << *weight.narrow;
    kernel << bias << residual << y;
    kernel.run();
    for (int64_t m = 0; m < M; ++m)
      for (int64_t n = 0; n < N; ++n) {
        double sum = 0, size = 0;
        for (int64_t k = 0; k < K; ++k) {
          double term = double(x[m * K + k]) * weight.values[n * K + k];
          sum += term;
          size += std::fabs(term);
        }
        if (test.epilogue == "bias")
          sum = (sum + bias[n]) * 0.5;
        else if (test.epilogue == "residual")
          sum += double(bias[n]) + residual[m * N + n];
        // Each of K roundings errs by at most half an ulp of a partial sum, and
        // few at once by the same sign: sqrt(K) rather than K of them.
        double tolerance =
            (size + 2) * 0x1p-24 * (4 + 2 * std::sqrt(double(K)));
        ASSERT_NEAR(y[m * N + n], sum, tolerance)
            << "row " << m << " column " << n;
      }
  }
}

class MatmulTest : public IsaTest {
protected:
  const std::vector<int64_t> counts = {0, 1, 2, 3, 5, 8, 12, 13, 33, 200};
};

TEST_P(MatmulTest, WholePanels) { check({96, 64, "f32", ""}, isa, counts); }
TEST_P(MatmulTest, RaggedSizes) { check({37, 83, "f32", "bias"}, isa, counts); }
TEST_P(MatmulTest, BF16) { check({37, 81, "bf16", ""}, isa, counts); }
TEST_P(MatmulTest, F16WithDenormals) {
  check({41, 70, "f16", "bias"}, isa, counts);
}
TEST_P(MatmulTest, OneColumn) { check({5, 1, "f32", "bias"}, isa, counts); }
TEST_P(MatmulTest, OneStep) { check({1, 40, "bf16", ""}, isa, counts); }
TEST_P(MatmulTest, ResultInPlaceOfExtra) {
  check({65, 47, "f32", "residual"}, isa, counts);
}
TEST_P(MatmulTest, SeveralBlocksOfSteps) {
  check({1100, 75, "f32", "residual"}, isa, {1, 7, 14, 205});
}
TEST_P(MatmulTest, CopiedInputAndWidenedWeight) {
  check({1024, 33, "bf16", "bias"}, isa, {1, 4, 25, 193});
}
TEST_P(MatmulTest, WeightNotPacked) {
  check({70, 45, "f16", "bias", /*packed=*/false}, isa, counts);
  check({600, 32, "f32", "", /*packed=*/false}, isa, {1, 13});
}

QOPT_EACH_ISA(MatmulTest);

} // namespace
} // namespace qopt

//===- RowsTest.cpp - Norms, rotary, embedding, activations ---------------===//

#include "test/passes/Lower/Kernels/IsaTest.h"
#include <cmath>

namespace qopt {
namespace {

class RowsTest : public IsaTest {};

std::string number(int64_t value) { return std::to_string(value); }

//===-- Norms -------------------------------------------------------------===//

void checkNorm(const X86Isa &isa, int64_t D, bool layer, bool biased) {
  SCOPED_TRACE("D=" + number(D));
  std::string x = "memref<?x?x" + number(D) + "xf32>",
              d = "memref<" + number(D) + "xf32>";
  std::string h = "memref<" + number(D) + "xbf16>";
  Kernel kernel(
      "func.func @f(%x: " + x + ", %s: " + d + ", %b: " + h + ", %y: " + x +
          ") {\n qopt." + (layer ? "layer_norm" : "rms_norm") + " %x, %s " +
          (biased ? "bias(%b : " + h + ") " : "") + "outs(%y : " + x +
          ") {epsilon = 1.0e-5 : f64} : " + x + ", " + d + "\n return\n}\n",
      isa);
  Tensor<float> scale({D});
  Tensor<uint16_t> bias({D});
  fill(scale, 4);
  for (int64_t d = 0; d < D; ++d)
    bias[d] = toBF16(0.01f * d);
  for (int64_t M : {0, 1, 3, 70}) {
    Tensor<float> input({1, M, D}), out({1, M, D});
    fill(input, 5);
    for (size_t i = 0; i < input.count(); ++i)
      input[i] += layer ? 3 : 0; // a mean that is not 0
    kernel << input << scale << bias << out;
    kernel.run();
    for (int64_t m = 0; m < M; ++m) {
      double mean = 0, square = 0;
      for (int64_t d = 0; d < D; ++d)
        mean += layer ? double(input[m * D + d]) / D : 0;
      for (int64_t d = 0; d < D; ++d)
        square += std::pow(input[m * D + d] - mean, 2) / D;
      for (int64_t d = 0; d < D; ++d) {
        double expected =
            (input[m * D + d] - mean) / std::sqrt(square + 1e-5) * scale[d];
        if (biased)
          expected += fromBF16(bias[d]);
        // The mean errs by some ulps of 3, which the division makes larger.
        double tolerance = (4 + 4 / std::sqrt(square + 1e-5)) * 0x1p-22;
        ASSERT_NEAR(out[m * D + d], expected, tolerance) << m << " " << d;
      }
    }
  }
}

TEST_P(RowsTest, RMSNorm) {
  for (int64_t D : {1, 7, 64, 200, 259})
    checkNorm(isa, D, /*layer=*/false, /*biased=*/false);
}

TEST_P(RowsTest, LayerNorm) {
  for (int64_t D : {1, 20, 64, 133})
    checkNorm(isa, D, /*layer=*/true, /*biased=*/D > 20);
}

//===-- Rotary ------------------------------------------------------------===//

void checkRotary(const X86Isa &isa, int64_t heads, int64_t D, int64_t n,
                 bool interleaved, int64_t tableBatch) {
  SCOPED_TRACE("D=" + number(D) + " n=" + number(n));
  std::string x = "memref<?x?x" + number(heads * D) + "xf32>";
  std::string t = "memref<?x?x" + number(2 * n) + "xf32>";
  Kernel kernel("func.func @f(%x: " + x + ", %t: " + t + ", %y: " + x +
                    ") {\n qopt.rotary %x, %t outs(%y : " + x +
                    ") {num_heads = " + number(heads) + " : i64" +
                    (interleaved ? ", interleaved" : "") + "} : " + x + ", " +
                    t + "\n return\n}\n",
                isa);
  int64_t B = 2, S = 5;
  Tensor<float> input({B, S, heads * D}), table({tableBatch, S, 2 * n}),
      out({B, S, heads * D});
  fill(input, 6);
  fill(table, 7);
  kernel << input << table << out;
  kernel.run();
  for (int64_t row = 0; row < B * S; ++row)
    for (int64_t h = 0; h < heads; ++h) {
      size_t at = (row * heads + h) * D;
      size_t angles = (tableBatch == 1 ? row % S : row) * 2 * n;
      for (int64_t d = 0; d < D; ++d) {
        double expected = input[at + d];
        if (d < 2 * n) {
          int64_t i = interleaved ? d / 2 : d % n;
          bool second = interleaved ? d % 2 : d >= n;
          double x = input[at + (interleaved ? 2 * i : i)];
          double y = input[at + (interleaved ? 2 * i + 1 : i + n)];
          double c = table[angles + i], s = table[angles + n + i];
          expected = second ? y * c + x * s : x * c - y * s;
        }
        // Three roundings of numbers up to 1.
        ASSERT_NEAR(out[at + d], expected, 4 * 0x1p-24)
            << row << " " << h << " " << d;
      }
    }
}

TEST_P(RowsTest, RotaryHalves) {
  checkRotary(isa, 3, 64, 32, false, 2);
  checkRotary(isa, 2, 20, 7, false, 1);
}

TEST_P(RowsTest, RotaryPairs) {
  checkRotary(isa, 2, 80, 40, true, 1);
  checkRotary(isa, 3, 26, 10, true, 2);
}

TEST_P(RowsTest, RotaryTable) {
  Kernel kernel(
      R"(func.func @f(%p: memref<?x?xi64>, %f: memref<20xf32>, %y: memref<?x?x40xf32>) {
    qopt.rotary_table %p, %f outs(%y : memref<?x?x40xf32>) {scaling = 1.5 : f64}
      : memref<?x?xi64>, memref<20xf32>
    return
  })",
      isa);
  Tensor<int64_t> positions({2, 3});
  Tensor<float> frequencies({20}), out({2, 3, 40});
  for (int i = 0; i < 6; ++i)
    positions[i] = i * 37;
  for (int i = 0; i < 20; ++i)
    frequencies[i] = std::pow(10000.0, -i / 20.0);
  kernel << positions << frequencies << out;
  kernel.run();
  for (int row = 0; row < 6; ++row)
    for (int i = 0; i < 20; ++i) {
      double angle = float(positions[row]) * frequencies[i]; // rounded to f32
      EXPECT_NEAR(out[row * 40 + i], 1.5 * std::cos(angle), 4 * 0x1p-24);
      EXPECT_NEAR(out[row * 40 + 20 + i], 1.5 * std::sin(angle), 4 * 0x1p-24);
    }
}

//===-- Embedding ---------------------------------------------------------===//

template <typename T, typename Id>
void checkEmbedding(const X86Isa &isa, bool packed, std::string type,
                    int64_t D) {
  SCOPED_TRACE(type + (packed ? " packed" : ""));
  // The last columns of the last panel are no rows.
  const int64_t V = packed ? 60 : 64;
  std::string ids = sizeof(Id) == 8 ? "memref<?x?xi64>" : "memref<?x?xi32>";
  std::string table = packed ? "memref<2x" + number(D) + "x32x" + type + ">"
                             : "memref<64x" + number(D) + "x" + type + ">";
  std::string y = "memref<?x?x" + number(D) + "xf32>";
  Kernel kernel("func.func @f(%t: " + table + ", %i: " + ids + ", %y: " + y +
                    ") {\n qopt.embedding %t[%i] outs(%y : " + y + ")" +
                    (packed ? " {rows = 60 : i64}" : "") + " : " + table +
                    ", " + ids + "\n return\n}\n",
                isa);
  Tensor<T> values(packed ? std::vector<int64_t>{2, D, 32}
                          : std::vector<int64_t>{V, D});
  auto at = [&](int64_t v, int64_t d) {
    return packed ? (v / 32 * D + d) * 32 + v % 32 : v * D + d;
  };
  auto expected = [](int64_t v, int64_t d) { return float(v * 3 - d) / 64; };
  for (int64_t v = 0; v < 64; ++v)
    for (int64_t d = 0; d < D; ++d) {
      float value = expected(v, d);
      if constexpr (sizeof(T) == 4)
        values[at(v, d)] = value;
      else
        values[at(v, d)] = type == "bf16" ? toBF16(value) : toF16(value);
    }
  Tensor<Id> indices({1, 4});
  Tensor<float> out({1, 4, D});
  for (Id bad : {Id(5), Id(V), Id(-V - 1)}) {
    Id chosen[] = {0, -1, Id(V - 1), bad};
    std::copy_n(chosen, 4, indices.data());
    kernel << values << indices << out;
    EXPECT_EQ(kernel.run(), bad != 5);
    int64_t rows[] = {0, V - 1, V - 1, bad == 5 ? 5 : 0};
    for (int64_t i = 0; i < 4; ++i)
      for (int64_t d = 0; d < D; ++d) {
        float value = expected(rows[i], d);
        if (type == "bf16")
          value = fromBF16(toBF16(value));
        EXPECT_EQ(out[i * D + d], value) << i << " " << d; // widening is exact
      }
  }
}

TEST_P(RowsTest, Embedding) {
  checkEmbedding<float, int64_t>(isa, false, "f32", 37);
  checkEmbedding<uint16_t, int32_t>(isa, false, "f16", 20);
  checkEmbedding<uint16_t, int64_t>(isa, false, "bf16", 64);
  checkEmbedding<uint16_t, int64_t>(isa, true, "bf16", 19);
  checkEmbedding<float, int32_t>(isa, true, "f32", 8);
}

//===-- Activations -------------------------------------------------------===//

TEST_P(RowsTest, Activations) {
  for (bool gelu : {false, true}) {
    std::string x = "memref<?x?x37xf32>";
    Kernel kernel("func.func @f(%x: " + x + ", %y: " + x + ") {\n qopt." +
                      (gelu ? "gelu" : "silu") + " %x outs(%y : " + x +
                      ") : " + x + "\n return\n}\n",
                  isa);
    for (int64_t rows : {0, 1, 900}) {
      Tensor<float> input({1, rows, 37}), out({1, rows, 37});
      fill(input, 8);
      for (size_t i = 0; i < input.count(); ++i)
        input[i] *= 20;
      kernel << input << out;
      kernel.run();
      for (size_t i = 0; i < input.count(); ++i) {
        double v = input[i];
        double expected = gelu ? v * (1 + std::erf(v / std::sqrt(2.0))) / 2
                               : v / (1 + std::exp(-v));
        // exp and erf to some ulps; 1 + erf cancels where x is far below 0.
        ASSERT_NEAR(out[i], expected, 0x1p-21 * std::fabs(v)) << v;
      }
    }
  }
}

QOPT_EACH_ISA(RowsTest);

} // namespace
} // namespace qopt

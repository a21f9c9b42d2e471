//===- CandidatesTest.cpp - The largest logits against a sort -------------===//

#include "lib/Formats/PanelLayout.h"
#include "test/passes/Lower/Kernels/IsaTest.h"
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace qopt {
namespace {

std::string number(int64_t value) { return std::to_string(value); }

constexpr char listTypes[] =
    "memref<?x?xf32>, memref<?x?xi64>, memref<?x16xi32>";

/// The largest of each row by a sort of all: what is no number above minus
/// infinity is left out, of equal ones the first comes first.
void expectBest(Tensor<float> &logits, Tensor<float> &values,
                Tensor<int64_t> &tokens) {
  int64_t rows = logits.sizes[0], N = logits.sizes[1], k = values.sizes[1];
  for (int64_t row = 0; row < rows; ++row) {
    std::vector<int64_t> order;
    const float *from = logits.data() + row * N;
    for (int64_t n = 0; n < N; ++n)
      if (from[n] > -INFINITY)
        order.push_back(n);
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return from[a] != from[b] ? from[a] > from[b] : a < b;
    });
    for (int64_t i = 0; i < k; ++i) {
      bool isThere = size_t(i) < order.size();
      float value = isThere ? from[order[i]] : -INFINITY;
      ASSERT_EQ(tokens[row * k + i], isThere ? order[i] : -1)
          << "row " << row << ", candidate " << i;
      // The bits: zeros of both signs are equal.
      ASSERT_EQ(std::memcmp(&values[row * k + i], &value, sizeof value), 0)
          << "row " << row << ", candidate " << i;
    }
  }
}

/// Lists that are to be found, filled with what must not stay.
struct Lists {
  Lists(int64_t rows, int64_t k)
      : values({rows, k}), tokens({rows, k}), locks({rows, 16}) {}
  Tensor<float> values;
  Tensor<int64_t> tokens;
  Tensor<int32_t> locks;
};

//===-- Of logits in memory -----------------------------------------------===//

/// Random logits of a few values with what is special among them.
void fillLogits(Tensor<float> &logits, unsigned kind) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::mt19937 random(kind);
  for (size_t i = 0; i < logits.count(); ++i) {
    float value = float(int32_t(random())) * 0x1p-31f;
    if (kind == 1) // ties, and zeros of both signs
      value = float(int32_t(random() % 5) - 2) * (random() % 2 ? 1.f : -0.f);
    if (kind == 2 && random() % 3 == 0) // no numbers
      value = random() % 2 ? NAN : -infinity;
    if (kind == 2 && random() % 50 == 0)
      value = infinity;
    if (kind == 3) // always larger, the most that goes in
      value = float(i);
    if (kind == 4) // fewer than are wanted
      value = i % 40 == 7 ? value : i % 2 ? -infinity : NAN;
    logits[i] = value;
  }
}

class CandidatesTest : public IsaTest {};

TEST_P(CandidatesTest, LogitsInMemory) {
  for (int64_t N : {1, 33, 100, 4096, 9001}) {
    SCOPED_TRACE("N=" + number(N));
    std::string type = "memref<?x" + number(N) + "xf32>";
    Kernel kernel("func.func @f(%l: " + type +
                      ", %v: memref<?x?xf32>, %t: memref<?x?xi64>, %o: "
                      "memref<?x16xi32>) {\nqopt.candidates %l outs(%v, %t, %o "
                      ": " +
                      listTypes + ") : " + type + "\nreturn\n}\n",
                  isa);
    for (unsigned kind = 0; kind < 5; ++kind)
      for (int64_t k : {1, 2, 7, 64}) {
        SCOPED_TRACE("kind " + number(kind) + ", k=" + number(k));
        Tensor<float> logits({3, N});
        fillLogits(logits, kind);
        Lists lists(3, k);
        kernel << logits << lists.values << lists.tokens << lists.locks;
        kernel.run();
        expectBest(logits, lists.values, lists.tokens);
        if (HasFatalFailure())
          return;
      }
  }
}

//===-- Of a product ------------------------------------------------------===//

/// A product with candidates, of integers that f32 adds up exactly and that are
/// often equal; the epilogue adds a bias with what is no number in it.
void checkProduct(const X86Isa &isa, int64_t N, int64_t K, bool packed) {
  SCOPED_TRACE("N=" + number(N) + ", K=" + number(K));
  int64_t panels = (N + 31) / 32;
  std::string x = "memref<?x" + number(K) + "xf32>",
              w = packed ? "memref<" + number(panels) + "x" + number(K) +
                               "x32xf32>"
                         : "memref<" + number(N) + "x" + number(K) + "xf32>",
              bias = "memref<" + number(N) + "xf32>",
              y = "memref<?x" + number(N) + "xf32>";
  Kernel kernel(
      "func.func @f(%x: " + x + ", %w: " + w + ", %b: " + bias + ", %y: " + y +
          ", %v: memref<?x?xf32>, %t: memref<?x?xi64>, %o: memref<?x16xi32>) "
          "{\nqopt.matmul %x, %w extras(%b) outs(%y : " +
          y + ") candidates(%v, %t, %o : " + listTypes +
          ") epilogue {\n^bb0(%a: f32, %e: f32):\n%s = arith.addf %a, %e : "
          "f32\nqopt.yield %s : f32\n} : (" +
          x + ", " + w + ", " + bias + ")\nreturn\n}\n",
      isa);
  std::mt19937 random(5);
  auto small = [&](Tensor<float> &tensor) {
    for (size_t i = 0; i < tensor.count(); ++i)
      tensor[i] = float(int32_t(random() % 5) - 2);
  };
  Tensor<float> weight(packed ? std::vector<int64_t>{panels, K, 32}
                              : std::vector<int64_t>{N, K});
  Tensor<float> extra({N});
  small(weight);
  small(extra);
  for (int64_t n = 0; n < N; ++n)
    if (n % 9 == 4)
      extra[n] = n % 2 ? NAN : -INFINITY;
  for (int64_t M : {1, 2, 5, 13, 40}) {
    SCOPED_TRACE("M=" + number(M));
    Tensor<float> input({M, K}), logits({M, N});
    small(input);
    Lists none(M, 0);
    kernel << input << weight << extra << logits << none.values << none.tokens
           << none.locks;
    kernel.run();
    for (int64_t k : {1, 6, 64}) {
      SCOPED_TRACE("k=" + number(k));
      Tensor<float> unwritten({M, N});
      Lists lists(M, k);
      kernel << input << weight << extra << unwritten << lists.values
             << lists.tokens << lists.locks;
      kernel.run();
      expectBest(logits, lists.values, lists.tokens);
      if (testing::Test::HasFatalFailure())
        return;
      for (size_t i = 0; i < unwritten.count(); ++i) {
        uint32_t bits;
        std::memcpy(&bits, &unwritten[i], sizeof bits);
        ASSERT_EQ(bits, ~0u) << "logit " << i << " is written";
      }
    }
  }
}

TEST_P(CandidatesTest, Products) {
  checkProduct(isa, 1, 8, true);
  checkProduct(isa, 65, 40, true);
  // More than a block of K: partial sums.
  checkProduct(isa, 37, 600, true);
  checkProduct(isa, 45, 16, false);
}

/// A weight of codes; `input`: f32, bf16 or i8. The reference are the logits.
void checkCoded(const X86Isa &isa, const char *formatName,
                const std::string &input, int64_t N, int64_t K) {
  SCOPED_TRACE(std::string(formatName) + ", inputs of " + input);
  QuantizedMatrix matrix;
  matrix.format = llvm::cantFail(Format::parse(formatName));
  matrix.N = N;
  matrix.K = K;
  std::mt19937 random(3);
  for (int64_t i = 0; i < N * K; ++i) // some rows are equal
    matrix.indices.push_back(i / K % 5 ? random() % 16
                                       : matrix.indices.size() % K % 16);
  int64_t groups = matrix.format.groups(K);
  matrix.scales.assign(N * groups, 0.5);
  matrix.zeros.assign(N * groups, float(matrix.format.constantZero()));
  PanelLayout layout(matrix.format, N, K);
  Tensor<uint8_t> weight({layout.bytes()});
  layout.pack(matrix, 0, layout.panels(), weight.data());

  std::string w = "memref<" + number(layout.bytes()) + "xi8>",
              x = "memref<?x" + number(K) + "xf32>",
              r = "memref<?x" + number(K) + "xbf16>",
              c = "memref<?x" + number(K) + "xi8>",
              g = "memref<?x" + number(groups) + "xf32>",
              z = "memref<?x" + number(groups) + "xi32>",
              y = "memref<?x" + number(N) + "xf32>";
  std::string type = "!qopt.qtensor<" + number(N) + "x" + number(K) +
                     ", #qopt.format<" + matrix.format.str() +
                     ">, #qopt.layout<panels>>";
  std::string text = "func.func @f(%x: " + x + ", %w: " + w + ", %r: " + r +
                     ", %c: " + c + ", %s: " + g + ", %z: " + z + ", %y: " + y +
                     ", %v: memref<?x?xf32>, %t: memref<?x?xi64>, %o: "
                     "memref<?x16xi32>) {\n";
  std::string outs = "outs(%y : " + y +
                     ") candidates(%v, %t, %o : " + listTypes +
                     ") {weight_type = " + type + "} : (";
  if (input == "f32")
    text += "qopt.matmul %x, %w " + outs + x;
  else if (input == "bf16")
    text += "qopt.round %x outs(%r : " + r + ") : " + x +
            "\nqopt.matmul %r, %w " + outs + r;
  else
    text += "qopt.quantize %x outs(%c, %s, %z : " + c + ", " + g + ", " + z +
            ") {block = " + number(matrix.format.groupSize(K)) +
            " : i64} : " + x + "\nqopt.matmul %c, %w quantized(%s, %z : " + g +
            ", " + z + ") " + outs + c;
  Kernel kernel(text + ", " + w + ")\nreturn\n}\n", isa);
  for (int64_t M : {1, 3, 12, 13, 50}) {
    SCOPED_TRACE("M=" + number(M));
    Tensor<float> activations({M, K}), logits({M, N}), scales({M, groups});
    Tensor<uint16_t> rounded({M, K});
    Tensor<int8_t> codes({M, K});
    Tensor<int32_t> sums({M, groups});
    fill(activations, 1);
    for (int64_t k : {0, 1, 9, 64}) {
      SCOPED_TRACE("k=" + number(k));
      Tensor<float> unwritten({M, N});
      Lists lists(M, k);
      kernel << activations << weight << rounded << codes << scales << sums
             << (k ? unwritten : logits) << lists.values << lists.tokens
             << lists.locks;
      kernel.run();
      expectBest(logits, lists.values, lists.tokens);
      if (testing::Test::HasFatalFailure())
        return;
    }
  }
}

TEST_P(CandidatesTest, ProductsOfCodes) {
  checkCoded(isa, "int4-g64", "f32", 237, 128);
  checkCoded(isa, "int4-g64", "bf16", 65, 128);
  checkCoded(isa, "int4-g64", "i8", 237, 128);
  checkCoded(isa, "int8-channel", "i8", 7, 64);
}

QOPT_EACH_ISA(CandidatesTest);

} // namespace
} // namespace qopt

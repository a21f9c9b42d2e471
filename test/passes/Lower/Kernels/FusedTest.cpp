//===- FusedTest.cpp - Ops of one loop do what they do alone --------------===//

#include "lib/Formats/Activations.h"
#include "lib/Formats/PanelLayout.h"
#include "test/passes/Lower/Kernels/IsaTest.h"
#include "llvm/Support/FormatVariadic.h"

namespace qopt {
namespace {

/// gate and up by a weight of N columns, and what quantizes their product in
/// blocks, of which one may reach over several panels.
struct Case {
  const char *format;
  int64_t N, block;
  bool isUnsigned; ///< codes of many rows may be unsigned
};

constexpr int64_t K = 96;

/// Ops each in a loop, in one, or in one that has the results of products for
/// itself.
enum class Form { Alone, Fused, Local };

std::string moduleText(const Case &test, Form form) {
  Format format = llvm::cantFail(Format::parse(test.format));
  PanelLayout layout(format, test.N, K);
  int64_t groups = (test.N + test.block - 1) / test.block;
  std::string types = llvm::formatv(
      "!c = memref<?x{0}xi8>\n!s = memref<?x{1}xf32>\n!z = memref<?x{1}xi32>\n"
      "!w = memref<{2}xi8>\n!y = memref<?x{3}xf32>\n"
      "!q = !qopt.qtensor<{3}x{7}, #qopt.format<{4}>, #qopt.layout<panels>>\n"
      "!d = memref<?x{5}xi8>\n!t = memref<?x{6}xf32>\n!u = memref<?x{6}xi32>\n",
      paddedCodes(K), format.groups(K), layout.bytes(), test.N, format.str(),
      paddedCodes(test.N), groups, K);
  bool isLocal = form == Form::Local;
  std::string ops = llvm::formatv(
      "{1}qopt.matmul %c, %a quantized(%s, %z : !s, !z) outs(%{2} : !y) "
      "{{weight_type = !q{4}} : (!c, !w)\n"
      "qopt.matmul %c, %b quantized(%s, %z : !s, !z) extras(%{2}) "
      "outs(%{3} : !y) "
      "epilogue {{\n^bb0(%x: f32, %v: f32):\n%m = arith.mulf %x, %v : f32\n"
      "qopt.yield %m : f32\n} {{weight_type = !q{4}} : (!c, !w, !y)\n"
      "qopt.quantize %{3} outs(%d, %t, %u : !d, !t, !u) {{block = {0} : "
      "i64{4}} : !y\n",
      test.block,
      isLocal ? "%l0 = memref.alloc(%n) : !y\n%l1 = memref.alloc(%n) : !y\n"
              : "",
      isLocal ? "l0" : "g", isLocal ? "l1" : "h",
      test.isUnsigned ? ", unsigned_many" : "");
  return types +
         "func.func @f(%c: !c, %s: !s, %z: !z, %a: !w, %b: !w, %g: !y, %h: !y, "
         "%d: !d, %t: !t, %u: !u) {\n%0 = arith.constant 0 : index\n"
         "%n = memref.dim %g, %0 : !y\n" +
         (form == Form::Alone ? ops : "qopt.fused items {\n" + ops + "}\n") +
         "return\n}\n";
}

/// Any bytes are codes; scales are 2^-5, which any stored type can hold.
Tensor<uint8_t> makeWeight(const Case &test, unsigned seed) {
  QuantizedMatrix matrix;
  matrix.format = llvm::cantFail(Format::parse(test.format));
  matrix.N = test.N;
  matrix.K = K;
  std::mt19937 random(seed);
  for (int64_t i = 0; i < test.N * K; ++i)
    matrix.indices.push_back(
        uint8_t(random() % (matrix.format.maxIndex() + 1)));
  int64_t groups = test.N * matrix.format.groups(K);
  matrix.scales.assign(size_t(groups), 0x1p-5f);
  matrix.zeros.assign(size_t(groups), float(matrix.format.constantZero()));
  PanelLayout layout(matrix.format, test.N, K);
  Tensor<uint8_t> weight({layout.bytes()});
  layout.pack(matrix, 0, layout.panels(), weight.data());
  return weight;
}

struct Outputs {
  Tensor<float> gate, up;
  Tensor<int8_t> codes;
  Tensor<float> scales;
  Tensor<int32_t> sums;
};

Outputs run(Kernel &kernel, const Case &test, int64_t M) {
  int64_t groups = llvm::cantFail(Format::parse(test.format)).groups(K);
  int64_t blocks = (test.N + test.block - 1) / test.block;
  Tensor<int8_t> codes({M, paddedCodes(K)});
  Tensor<float> scales({M, groups});
  Tensor<int32_t> sums({M, groups});
  std::mt19937 random(7);
  for (size_t i = 0; i < codes.count(); ++i)
    codes[i] = int8_t(int(random() % 255) - 127);
  for (size_t i = 0; i < scales.count(); ++i) {
    scales[i] = float(random() % 100) * 0.01f;
    sums[i] = int32_t(random() % 1000);
  }
  Tensor<uint8_t> a = makeWeight(test, 1), b = makeWeight(test, 2);
  Outputs out = {Tensor<float>({M, test.N}), Tensor<float>({M, test.N}),
                 Tensor<int8_t>({M, paddedCodes(test.N)}),
                 Tensor<float>({M, blocks}), Tensor<int32_t>({M, blocks})};
  kernel << codes << scales << sums << a << b << out.gate << out.up << out.codes
         << out.scales << out.sums;
  kernel.run();
  return out;
}

template <typename T>
void expectSameBytes(Tensor<T> &a, Tensor<T> &b, const char *what) {
  EXPECT_EQ(memcmp(a.data(), b.data(), a.count() * sizeof(T)), 0) << what;
}

class FusedTest : public IsaTest {};

TEST_P(FusedTest, ProductsAndQuantize) {
  const Case cases[] = {{"int4-g32-sym", 200, 64, true},
                        {"int4-g32-sym", 321, 96, false},
                        {"int4-g32-sym", 77, 16, true},
                        {"int8-channel", 45, 256, false},
                        {"int4-g32-sym", 4096, 256, true}};
  for (const Case &test : cases) {
    SCOPED_TRACE(test.format + (" N = " + std::to_string(test.N)) +
                 " block = " + std::to_string(test.block) +
                 (test.isUnsigned ? " unsigned" : ""));
    Kernel fused(moduleText(test, Form::Fused), isa),
        local(moduleText(test, Form::Local), isa),
        alone(moduleText(test, Form::Alone), isa);
    // 577 rows are two blocks of rows.
    for (int64_t M : {0, 1, 3, 12, 13, 577}) {
      SCOPED_TRACE("M = " + std::to_string(M));
      Outputs a = run(fused, test, M), b = run(alone, test, M),
              c = run(local, test, M);
      expectSameBytes(a.gate, b.gate, "gate");
      expectSameBytes(a.up, b.up, "up");
      expectSameBytes(a.codes, b.codes, "codes");
      expectSameBytes(a.scales, b.scales, "scales");
      expectSameBytes(a.sums, b.sums, "sums");
      expectSameBytes(c.codes, b.codes, "codes of local results");
      expectSameBytes(c.scales, b.scales, "scales of local results");
      expectSameBytes(c.sums, b.sums, "sums of local results");
    }
  }
}

QOPT_EACH_ISA(FusedTest);

} // namespace
} // namespace qopt

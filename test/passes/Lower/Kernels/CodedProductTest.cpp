//===- CodedProductTest.cpp - Products of codes against scalar loops ------===//
//
// Formats x activations x ISA versions, with weights at guard pages. Without
// arguments a set of cases in which every pair of choices occurs; with
// --exhaustive all formats and activations, with --exhaustive=I/N a part.
//
//===----------------------------------------------------------------------===//

#include "lib/Formats/Activations.h"
#include "lib/Formats/PanelLayout.h"
#include "lib/Target/CostModel.h"
#include "test/passes/Lower/Kernels/IsaTest.h"
#include <cmath>
#include <set>

namespace qopt {
namespace {

enum class Input { F32, BF16, Token, Block };

struct Case {
  Format format;
  Input input = Input::F32;
  int64_t K = 0, N = 0;
  bool hasUnsignedMany = false;
  /// Inputs, codes and zeros are the largest or the smallest ones.
  bool isExtreme = false;

  bool hasCodes() const {
    return input == Input::Token || input == Input::Block;
  }
};

std::string number(int64_t value) { return std::to_string(value); }

std::string moduleText(const Case &test) {
  const int64_t K = test.K, groups = test.format.groups(K);
  PanelLayout layout(test.format, test.N, K);
  std::string weight = "memref<" + number(layout.bytes()) + "xi8>";
  std::string type = "!qopt.qtensor<" + number(test.N) + "x" + number(K) +
                     ", #qopt.format<" + test.format.str() +
                     ">, #qopt.layout<panels>>";
  std::string x = "memref<?x" + number(K) + "xf32>",
              r = "memref<?x" + number(K) + "xbf16>",
              c = "memref<?x" + number(paddedCodes(K)) + "xi8>",
              s = "memref<?x" +
                  number(test.input == Input::Token ? 1 : groups) + "xf32>",
              z = "memref<?x" + number(groups) + "xi32>",
              y = "memref<?x" + number(test.N) + "xf32>";
  std::string text = "func.func @f(%x: " + x + ", %w: " + weight +
                     ", %r: " + r + ", %c: " + c + ", %s: " + s + ", %z: " + z +
                     ", %y: " + y + ") {\n";
  std::string signs = test.hasUnsignedMany ? ", unsigned_many" : "";
  std::string attributes =
      "outs(%y : " + y + ") {weight_type = " + type + signs + "} : (";
  if (test.input == Input::F32)
    text += "qopt.matmul %x, %w " + attributes + x;
  else if (test.input == Input::BF16)
    text += "qopt.round %x outs(%r : " + r + ") : " + x +
            "\nqopt.matmul %r, %w " + attributes + r;
  else
    text += "qopt.quantize %x outs(%c, %s, %z : " + c + ", " + s + ", " + z +
            ") {block = " + number(test.format.groupSize(K)) + " : i64" +
            (test.input == Input::Token ? ", per_token" : "") + signs +
            "} : " + x + "\nqopt.matmul %c, %w quantized(%s, %z : " + s + ", " +
            z + ") " + attributes + c;
  return text + ", " + weight + ")\nreturn\n}\n";
}

/// Any indices, and scales and zeros as they can be stored.
QuantizedMatrix randomMatrix(const Case &test) {
  std::mt19937 random(11);
  QuantizedMatrix matrix;
  const Format &format = matrix.format = test.format;
  matrix.N = test.N;
  matrix.K = test.K;
  for (int64_t i = 0; i < test.N * test.K; ++i)
    matrix.indices.push_back(uint8_t(random() % (format.maxIndex() + 1)));
  int64_t groups = format.groups(test.K);
  for (int64_t i = 0; i < test.N * groups; ++i) {
    bool isFirst = format.block != Format::tensor || i == 0;
    float scale =
        isFirst ? float(int32_t(random())) * 0x1p-34f : matrix.scales[0];
    matrix.scales.push_back(roundToType(scale, format.scale));
    double zero = double(format.constantZero());
    if (format.zero == Format::Zero::Integer)
      zero = double(format.minZero() +
                    int64_t(random() % (1u << format.zeroBits)));
    if (format.zero == Format::Zero::Float)
      zero = roundToType(float(random() % 1000) * 0.01f - 1, format.zeroType);
    if (format.storesZeros() && !isFirst)
      zero = matrix.zeros[0];
    matrix.zeros.push_back(float(zero));
  }
  for (int64_t n = 0; test.isExtreme && n < test.N; ++n) {
    std::fill_n(&matrix.indices[n * test.K], test.K,
                n % 2 ? format.maxIndex() : 0);
    if (format.storesZeros())
      std::fill_n(&matrix.zeros[n * groups], groups,
                  n % 4 < 2 ? format.minZero() : format.maxZero());
  }
  return matrix;
}

class Run {
public:
  Run(const Case &test, const QuantizedMatrix &matrix, int64_t M,
      const X86Isa &isa)
      : test(test), matrix(matrix), isTiled(isa.amx && M > fewRows),
        codeOffset(test.hasUnsignedMany && hasUnsignedInputs(isa) &&
                           M > fewRowsOfCodes(isa)
                       ? 128
                       : 0),
        offset(isa.bf16 && M <= fewRows ? offsetOf(test) : 0), M(M), K(test.K),
        N(test.N), groups(test.format.groups(K)),
        size(test.format.groupSize(K)), x({M, K}), y({M, N}),
        scales({M, test.input == Input::Token ? 1 : groups}), rounded({M, K}),
        codes({M, paddedCodes(K)}), sums({M, groups}) {
    fill(x, 3);
    for (int64_t i = 0; test.isExtreme && i < M * K; ++i)
      x[i] = i / K % 3 == 0 || (i / K % 3 == 1 && i % 2) ? 1 : -1;
    for (int64_t k = 0; k < K && M > 2; ++k)
      x[2 * K + k] = 0; // a row of zeros
  }

  void run(Kernel &kernel, Tensor<uint8_t> &weight) {
    kernel << x << weight << rounded << codes << scales << sums << y;
    kernel.run();
    if (test.hasCodes())
      checkCodes();
    for (int64_t m = 0; m < M; ++m)
      for (int64_t n = 0; n < N; ++n)
        checkElement(m, n);
  }

private:
  /// What few rows of bf16 are multiplied by beyond the index (Codes.h).
  static double offsetOf(const Case &test) {
    if (test.input != Input::BF16)
      return 0;
    return test.format.bits == 8 ? 272 : double(1 << test.format.bits);
  }
  /// As CodedRows.h says.
  int64_t codePlace(int64_t m, int64_t k) const {
    return isTiled ? (k / 64 * M + m) * 64 + k % 64 : m * paddedCodes(K) + k;
  }
  /// As CodedRows.h says.
  int code(int64_t m, int64_t k) {
    int8_t stored = codes[codePlace(m, k)];
    return codeOffset ? uint8_t(stored) - codeOffset : stored;
  }
  int64_t factorPlace(int64_t m, int64_t g) const {
    return isTiled ? g * M + m : m * groups + g;
  }

  /// Codes, scales and sums are exactly those of lib/Formats/Activations.h.
  void checkCodes() {
    for (int64_t m = 0; m < M; ++m)
      for (int64_t g = 0; g < groups; ++g) {
        bool perToken = test.input == Input::Token;
        int64_t begin = g * size, end = std::min(begin + size, K);
        float largest = 0;
        for (int64_t k = perToken ? 0 : begin; k < (perToken ? K : end); ++k)
          largest = std::max(largest, std::fabs(x[m * K + k]));
        ASSERT_EQ(scales[perToken ? m : factorPlace(m, g)],
                  activationScale(largest));
        int32_t sum = 0;
        for (int64_t k = begin; k < end; ++k) {
          int8_t code =
              activationCode(x[m * K + k], activationInverse(largest));
          ASSERT_EQ(this->code(m, k), code);
          sum += code;
        }
        ASSERT_EQ(sums[factorPlace(m, g)], sum);
      }
    for (int64_t m = 0; m < M; ++m)
      for (int64_t k = K; k < paddedCodes(K); ++k)
        ASSERT_EQ(code(m, k), 0);
  }

  void checkElement(int64_t m, int64_t n) {
    const Format &format = test.format;
    double sum = 0, magnitude = 0;
    for (int64_t g = 0; g < groups; ++g) {
      double scale = matrix.scales[n * groups + g];
      double zero = double(matrix.zeros[n * groups + g]) - format.minCode();
      double products = 0, inputs = 0, size = 0;
      for (int64_t k = g * this->size; k < std::min(K, (g + 1) * this->size);
           ++k) {
        double input = test.input == Input::F32 ? x[m * K + k]
                       : test.input == Input::BF16
                           ? fromBF16(toBF16(x[m * K + k]))
                           : code(m, k);
        double index = matrix.indices[n * K + k];
        products += input * index;
        inputs += input;
        size += std::fabs(input) * (index + offset + std::fabs(zero + offset));
      }
      if (test.hasCodes()) {
        scale *= scales[test.input == Input::Token ? m : factorPlace(m, g)];
        // Integers are exact: what is rounded is their sum.
        bool isExact = format.zero != Format::Zero::Float;
        size = isExact ? std::fabs(products - zero * inputs)
                       : std::fabs(products) + std::fabs(zero * inputs);
      }
      sum += scale * (products - zero * inputs);
      magnitude += std::fabs(scale) * size;
    }
    // As in MatmulTest: some roundings of each of K partial sums, or of each
    // group's when those are integers. vdpbf16ps rounds after each of its two
    // products; what it takes for 0, below 2^-126, is far below the others.
    double steps = double(test.hasCodes() ? groups : K);
    double tolerance = magnitude * 0x1p-24 * (6 + 2 * std::sqrt(steps));
    ASSERT_NEAR(y[m * N + n], sum, tolerance + 1e-37)
        << "row " << m << " column " << n;
  }

  const Case &test;
  const QuantizedMatrix &matrix;
  const bool isTiled;
  const int codeOffset;
  const double offset;
  const int64_t M, K, N, groups, size;
  Tensor<float> x, y, scales;
  Tensor<uint16_t> rounded;
  Tensor<int8_t> codes;
  Tensor<int32_t> sums;
};

std::string describe(const Case &test) {
  const char *inputs[] = {"f32", "bf16", "int8 per token", "int8 per block"};
  return test.format.str() + ", " + inputs[int(test.input)] +
         " inputs, K = " + number(test.K) + ", N = " + number(test.N) +
         (test.hasUnsignedMany ? ", unsigned" : "");
}

void check(const Case &test, const X86Isa &isa,
           llvm::ArrayRef<int64_t> rows = {1, 3, 5, 11, 14, 16, 30, 33, 37}) {
  SCOPED_TRACE(std::string(isa.name) + ": " + describe(test));
  QuantizedMatrix matrix = randomMatrix(test);
  PanelLayout layout(test.format, test.N, test.K);
  Tensor<uint8_t> weight({layout.bytes()});
  layout.pack(matrix, 0, layout.panels(), weight.data());
  Kernel kernel(moduleText(test), isa);
  for (int64_t M : rows) {
    SCOPED_TRACE("M = " + number(M));
    Run(test, matrix, M, isa).run(kernel, weight);
    if (testing::Test::HasFatalFailure())
      return;
  }
}

/// Choices of a case, one number for each.
using Choices = std::vector<int>;
const std::vector<int> numChoices = {7, 2, 7, 4, 3, 4, 5, 2};

/// Nothing for a format that there is not.
std::optional<Case> makeCase(const Choices &choice) {
  const int64_t blocks[] = {
      16, 32, 64, 128, 256, Format::channel, Format::tensor};
  const Format::Zero zeros[] = {Format::Zero::None, Format::Zero::Midpoint,
                                Format::Zero::Integer, Format::Zero::Float};
  const DataType types[] = {DataType::F32, DataType::F16, DataType::BF16};
  const std::pair<int64_t, int64_t> sizes[] = {
      {300, 45}, {512, 64}, {77, 33}, {144, 96}, {20, 7}};
  Case test;
  test.format.bits = unsigned(2 + choice[0]);
  test.format.isSigned = choice[1] == 1;
  test.format.block = blocks[choice[2]];
  test.format.zero = zeros[choice[3]];
  test.format.scale = types[choice[4]];
  if (test.format.zero == Format::Zero::Integer)
    test.format.zeroBits =
        choice[5] % 2 ? 10 - test.format.bits : test.format.bits;
  if (test.format.zero == Format::Zero::Float)
    test.format.zeroType = types[(choice[4] + choice[5]) % 3];
  test.input = Input(choice[5]);
  std::tie(test.K, test.N) = sizes[choice[6]];
  if (llvm::Error error = test.format.verify()) {
    llvm::consumeError(std::move(error));
    return std::nullopt;
  }
  test.hasUnsignedMany = choice[7];
  if (test.hasUnsignedMany &&
      (!test.hasCodes() || !takesUnsignedInputs(test.format)))
    return std::nullopt;
  return test;
}

/// All formats and inputs; the sizes take turns.
std::vector<Case> allCases() {
  std::vector<Case> cases;
  Choices choice(numChoices.size(), 0);
  const size_t sizes = 6;
  for (int turn = 0;; ++turn) {
    choice[sizes] = turn % numChoices[sizes];
    if (auto test = makeCase(choice))
      cases.push_back(*test);
    size_t i = 0;
    while (i < choice.size() && (i == sizes || ++choice[i] == numChoices[i]))
      choice[i++] = 0;
    if (i == choice.size())
      return cases;
  }
}

/// Greedy: of some random cases the one with the most pairs that are new.
std::vector<Case> pairwiseCases() {
  using Pair = std::tuple<size_t, int, size_t, int>;
  auto pairsOf = [](const Choices &choice) {
    std::vector<Pair> pairs;
    for (size_t i = 0; i < choice.size(); ++i)
      for (size_t j = i + 1; j < choice.size(); ++j)
        pairs.emplace_back(i, choice[i], j, choice[j]);
    return pairs;
  };
  std::mt19937 random(5);
  std::set<Pair> seen;
  std::vector<Case> cases;
  for (int misses = 0; misses < 20;) {
    Choices best;
    size_t most = 0;
    for (int attempt = 0; attempt < 400; ++attempt) {
      Choices choice;
      for (int count : numChoices)
        choice.push_back(int(random() % unsigned(count)));
      if (!makeCase(choice))
        continue;
      size_t news = 0;
      for (const Pair &pair : pairsOf(choice))
        news += !seen.count(pair);
      if (news > most) {
        most = news;
        best = choice;
      }
    }
    if (most == 0) {
      ++misses;
      continue;
    }
    for (const Pair &pair : pairsOf(best))
      seen.insert(pair);
    cases.push_back(*makeCase(best));
  }
  return cases;
}

/// All cases, or each `step`-th from `first` on.
struct Exhaustive {
  size_t first = 0, step = 0; ///< 0: not at all
} exhaustive;

std::vector<Case> chosenCases() {
  if (exhaustive.step == 0)
    return pairwiseCases();
  std::vector<Case> all = allCases(), chosen;
  for (size_t i = exhaustive.first; i < all.size(); i += exhaustive.step)
    chosen.push_back(all[i]);
  return chosen;
}

class CodedProductTest : public IsaTest {};

TEST_P(CodedProductTest, EqualsScalarComputation) {
  std::vector<Case> cases = chosenCases();
  for (const Case &test : cases) {
    check(test, isa);
    if (HasFatalFailure())
      return;
  }
  RecordProperty("cases", int(cases.size()));
  std::printf("%s: %zu formats and inputs\n", isa.name, cases.size());
}

/// What is added in few bits fits them.
TEST_P(CodedProductTest, Extremes) {
  for (const char *text :
       {"int2-g64", "int3-g256", "int4-g64", "int4-g128", "int5-g64",
        "int6-g32", "int7-g64", "int4-g64-sym", "int7-channel",
        "codes = u4, block = 96, scale = f32",
        "codes = u4, block = channel, scale = f32, zero = u7",
        "codes = s7, block = 64, scale = f16, zero = s7",
        "codes = s3, block = 32, scale = f16, zero = s7"})
    check({llvm::cantFail(Format::parse(text)), Input::Block, 300, 45,
           /*hasUnsignedMany=*/true, /*isExtreme=*/true},
          isa, {5, 37});
}

/// Tiles take K in parts, of panels some at a time; others take it whole.
TEST_P(CodedProductTest, PartsOfK) {
  if (!isa.amx)
    return check({llvm::cantFail(Format::parse("int4-g64")), Input::Block, 2208,
                  45,
                  /*hasUnsignedMany=*/true},
                 isa);
  for (const char *text :
       {"int4-g64", "codes = u4, block = 128, scale = f32, zero = midpoint",
        "codes = u8, block = 96, scale = bf16, zero = u8", "int8-channel",
        "codes = u4, block = channel, scale = f32, zero = u4"}) {
    check({llvm::cantFail(Format::parse(text)), Input::Block, 2208, 513}, isa);
    check({llvm::cantFail(Format::parse(text)), Input::Token, 2304, 45}, isa);
    check({llvm::cantFail(Format::parse(text)), Input::BF16, 2304, 513}, isa);
  }
}

TEST_P(CodedProductTest, BlocksOfRows) {
  for (const char *text : {"int4-g64", "int8-channel"})
    for (Input input : {Input::BF16, Input::Token, Input::Block})
      check({llvm::cantFail(Format::parse(text)), input, 608, 45}, isa, {577});
}

TEST_P(CodedProductTest, RowsOfTables) {
  for (const char *text :
       {"int8-channel", "int4-g64", "int3-g16", "int7-g32-sym", "int2-tensor",
        "codes = u5, block = 16, scale = bf16, zero = f32",
        "codes = u4, block = 32, scale = f32, zero = midpoint"}) {
    Case test = {llvm::cantFail(Format::parse(text)), Input::F32, 77, 45};
    SCOPED_TRACE(describe(test));
    QuantizedMatrix matrix = randomMatrix(test);
    PanelLayout layout(test.format, test.N, test.K);
    Tensor<uint8_t> weight({layout.bytes()});
    layout.pack(matrix, 0, layout.panels(), weight.data());
    std::string table = "memref<" + number(layout.bytes()) + "xi8>",
                y = "memref<?x77xf32>";
    Kernel kernel(
        "func.func @f(%t: " + table + ", %i: memref<?xi64>, %y: " + y +
            ") {\nqopt.embedding %t[%i] outs(%y : " + y +
            ") {weight_type = !qopt.qtensor<45x77, #qopt.format<" +
            test.format.str() + ">, #qopt.layout<panels>>} : " + table +
            ", memref<?xi64>\nreturn\n}\n",
        isa);
    for (int64_t last : {31, 45, -46}) { // beyond the table: an error
      Tensor<int64_t> ids({4});
      Tensor<float> out({4, 77});
      int64_t chosen[] = {0, 44, -1, last};
      std::copy_n(chosen, 4, ids.data());
      kernel << weight << ids << out;
      EXPECT_EQ(kernel.run(), last != 31);
      int64_t rows[] = {0, 44, 44, last == 31 ? 31 : 0};
      for (int64_t i = 0; i < 4; ++i)
        for (int64_t k = 0; k < 77; ++k) {
          double scale = std::fabs(matrix.scaleOf(rows[i], k));
          // A float zero is moved to indices, then subtracted: 2^8 is the
          // largest of all these numbers.
          ASSERT_NEAR(out[i * 77 + k], matrix.value(rows[i], k),
                      scale * 256 * 0x1p-23)
              << i << " " << k;
        }
    }
  }
}

QOPT_EACH_ISA(CodedProductTest);

} // namespace
} // namespace qopt

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  std::string option = argc > 1 ? argv[1] : "";
  size_t &first = qopt::exhaustive.first, &step = qopt::exhaustive.step;
  if (option == "--exhaustive")
    step = 1;
  else if (option.rfind("--exhaustive=", 0) == 0 &&
           (std::sscanf(option.c_str(), "--exhaustive=%zu/%zu", &first,
                        &step) != 2 ||
            first >= step)) {
    std::fprintf(stderr, "expects --exhaustive=I/N with I < N\n");
    return 1;
  }
  return RUN_ALL_TESTS();
}

//===- AttentionTest.cpp - Attention against a scalar loop ----------------===//

#include "test/passes/Lower/Kernels/IsaTest.h"
#include <cmath>
#include <limits>

namespace qopt {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

struct Case {
  int64_t heads, keyHeads, D, E;
  bool cache = false, causal = false, mean = false, step = false;
  std::string padding = ""; ///< its element type
  bool mask = false;
  bool nan = false; ///< empty rows are no numbers
};

std::string moduleText(const Case &test) {
  auto memref = [](std::string sizes, std::string type = "f32") {
    return "memref<" + sizes + "x" + type + ">";
  };
  auto number = [](int64_t value) { return std::to_string(value); };
  std::string rows = test.step ? "?x1x" : "?x?x";
  std::string q = memref(rows + number(test.heads * test.D)),
              k = memref(rows + number(test.keyHeads * test.D)),
              v = memref(rows + number(test.keyHeads * test.E)),
              y = memref(rows + number(test.heads * test.E)),
              p = memref("?x?", test.padding.empty() ? "i1" : test.padding),
              m = memref("?x?x?x?"),
              kc = memref("?x" + number(test.keyHeads) + "x?x" +
                          number(test.D) + "x32"),
              vc =
                  memref("?x" + number(test.keyHeads) + "x?x" + number(test.E));
  std::string text = "func.func @f(%q: " + q + ", %k: " + k + ", %v: " + v +
                     ", %y: " + y + ", %p: " + p + ", %m: " + m +
                     ", %kc: " + kc + ", %vc: " + vc +
                     ", %past: index) {\n  qopt.attention %q, %k, %v ";
  if (!test.padding.empty())
    text += "padding(%p : " + p + ") ";
  if (test.mask)
    text += "mask(%m : " + m + ") ";
  if (test.cache)
    text += "cache(%kc, %vc, %past : " + kc + ", " + vc + ") ";
  return text + "outs(%y : " + y + ") {num_heads = " + number(test.heads) +
         " : i64, num_kv_heads = " + number(test.keyHeads) +
         " : i64, scale = 0.25 : f64, empty_row = #qopt<empty_row " +
         (test.mean  ? "mean"
          : test.nan ? "nan"
                     : "zero") +
         ">" + (test.causal ? ", causal" : "") + "} : " + q + ", " + k + ", " +
         v + "\n  return\n}\n";
}

/// One call and what it should have given.
class Attention {
public:
  Attention(const Case &test, int64_t B, int64_t S, int64_t past,
            int64_t context)
      : test(test), B(B), S(S), past(past), T(past + S), context(context),
        query({B, S, test.heads * test.D}), key({B, S, test.keyHeads * test.D}),
        value({B, S, test.keyHeads * test.E}), out({B, S, test.heads * test.E}),
        keyCache({B, test.keyHeads, (context + 31) / 32, test.D, 32}),
        valueCache({B, test.keyHeads, context, test.E}),
        mask({1, test.heads, S, T}), bytes({B, T}), words({B, T}),
        keys({B, test.keyHeads, T, test.D}),
        values({B, test.keyHeads, T, test.E}) {
    fill(query, 1);
    fill(key, 2);
    fill(value, 3);
    fill(keys, 4);
    fill(values, 5);
    fill(mask, 6);
    for (size_t i = 0; i < query.count(); ++i)
      query[i] *= 4; // some scores stand out
    for (int64_t i = 0; i < B * T; ++i)
      words[i] = bytes[i] = isPadding(i / T, i % T) ? 0 : 1;
    for (size_t i = 0; i < mask.count(); i += 3)
      mask[i] = -infinity;
    fillCaches();
  }

  void run(Kernel &kernel) {
    kernel << query << key << value << out;
    test.padding == "i64" ? kernel << words : kernel << bytes;
    kernel << mask << keyCache << valueCache << past;
    kernel.run();
  }

  void check() {
    for (int64_t b = 0; b < B; ++b)
      for (int64_t h = 0; h < test.heads; ++h)
        for (int64_t s = 0; s < S; ++s)
          for (int64_t e = 0; e < test.E; ++e) {
            double expected = result(b, h, s)[e];
            if (std::isnan(expected)) {
              ASSERT_TRUE(
                  std::isnan(out[((b * S + s) * test.heads + h) * test.E + e]));
              continue;
            }
            // Values are at most 1, so a relative error of the weights counts
            // once; scores up to 20 err by some of their ulps.
            ASSERT_NEAR(out[((b * S + s) * test.heads + h) * test.E + e],
                        expected, 3e-6)
                << "b=" << b << " h=" << h << " s=" << s << " e=" << e;
          }
  }

  /// The new steps stand in the caches, nothing else changed.
  void checkCaches() {
    for (int64_t bh = 0; bh < B * test.keyHeads; ++bh)
      for (int64_t t = 0; t < T; ++t) {
        for (int64_t d = 0; d < test.D; ++d)
          ASSERT_EQ(keyCache[keyPlace(bh, t, d)],
                    keys[(bh * T + t) * test.D + d]);
        for (int64_t e = 0; e < test.E; ++e)
          ASSERT_EQ(valueCache[(bh * context + t) * test.E + e],
                    values[(bh * T + t) * test.E + e]);
      }
  }

private:
  /// Left padding in odd rows of the batch, all of row 2.
  bool isPadding(int64_t b, int64_t t) const {
    return b == 2 || (b % 2 == 1 && t < 3 + T / 3) || (b == 0 && t == T - 2);
  }

  size_t keyPlace(int64_t bh, int64_t t, int64_t d) const {
    return ((bh * ((context + 31) / 32) + t / 32) * test.D + d) * 32 + t % 32;
  }

  /// All steps to `keys` and `values`; the past alone to the caches, where all
  /// else stays no number.
  void fillCaches() {
    for (int64_t b = 0; b < B; ++b)
      for (int64_t h = 0; h < test.keyHeads; ++h)
        for (int64_t t = 0; t < T; ++t) {
          int64_t bh = b * test.keyHeads + h;
          size_t row = ((b * S + t - past) * test.keyHeads + h);
          for (int64_t d = 0; d < test.D; ++d) {
            float &number = keys[(bh * T + t) * test.D + d];
            if (t < past)
              keyCache[keyPlace(bh, t, d)] = number;
            else
              number = key[row * test.D + d];
          }
          for (int64_t e = 0; e < test.E; ++e) {
            float &number = values[(bh * T + t) * test.E + e];
            if (t < past)
              valueCache[(bh * context + t) * test.E + e] = number;
            else
              number = value[row * test.E + e];
          }
        }
  }

  std::vector<double> result(int64_t b, int64_t h, int64_t s) {
    int64_t bh = b * test.keyHeads + h / (test.heads / test.keyHeads);
    std::vector<double> weights(T), sum(test.E);
    double total = 0;
    for (int64_t t = 0; t < T; ++t) {
      double score = 0;
      for (int64_t d = 0; d < test.D; ++d)
        score += double(query[((b * S + s) * test.heads + h) * test.D + d]) *
                 keys[(bh * T + t) * test.D + d];
      score *= 0.25;
      if (test.mask)
        score += mask[(h * S + s) * T + t];
      bool isSeen = (!test.causal || t <= past + s) &&
                    (test.padding.empty() || !isPadding(b, t));
      total += weights[t] = isSeen ? std::exp(score) : 0;
    }
    for (int64_t t = 0; t < T; ++t)
      for (int64_t e = 0; e < test.E; ++e) {
        double weight = total != 0  ? weights[t] / total
                        : test.mean ? 1.0 / T
                        : test.nan  ? double(NAN)
                                    : 0;
        sum[e] += weight * values[(bh * T + t) * test.E + e];
      }
    return sum;
  }

  Case test;
  int64_t B, S, past, T, context;
  Tensor<float> query, key, value, out, keyCache, valueCache, mask;
  Tensor<uint8_t> bytes;
  Tensor<int64_t> words;
  Tensor<float> keys, values;
};

class AttentionTest : public IsaTest {
protected:
  struct Sizes {
    int64_t batch, sequence, past;
  };
  void check(const Case &test, llvm::ArrayRef<Sizes> calls) {
    Kernel kernel(moduleText(test), isa);
    for (Sizes sizes : calls) {
      SCOPED_TRACE("S=" + std::to_string(sizes.sequence) + " past=" +
                   std::to_string(sizes.past) + " D=" + std::to_string(test.D));
      // A capacity that is no multiple of a panel.
      Attention attention(test, sizes.batch, sizes.sequence, sizes.past,
                          sizes.past + sizes.sequence + 5);
      attention.run(kernel);
      attention.check();
      if (test.cache)
        attention.checkCaches();
    }
  }
};

TEST_P(AttentionTest, Plain) {
  check({4, 4, 32, 32}, {{1, 1, 0}, {2, 17, 0}, {1, 200, 0}});
}

TEST_P(AttentionTest, HeadSizes) {
  for (int64_t D : {20, 64, 80, 96, 128})
    check({2, 1, D, D}, {{1, 33, 0}});
  check({2, 2, 24, 13}, {{2, 40, 0}});
}

TEST_P(AttentionTest, PaddingWithEmptyRows) {
  check({2, 2, 16, 16, false, false, /*mean=*/true, false, "i64"},
        {{3, 5, 0}, {3, 150, 0}});
  check({2, 2, 16, 16, false, false, false, false, "i1"}, {{3, 40, 0}});
  check({2, 2, 16, 16, false, false, false, false, "i1", false, /*nan=*/true},
        {{3, 40, 0}});
}

TEST_P(AttentionTest, CausalWithoutCache) {
  Case test = {2, 2, 32, 32};
  test.causal = true;
  check(test, {{1, 2, 0}, {2, 210, 0}});
}

TEST_P(AttentionTest, CausalWithCache) {
  Case test = {4, 2, 64, 64, /*cache=*/true, /*causal=*/true};
  check(test, {{2, 5, 0}, {1, 1, 1}, {1, 3, 63}, {2, 200, 40}});
}

TEST_P(AttentionTest, CacheAndPadding) {
  check({4, 2, 20, 12, true, true, /*mean=*/true, false, "i64"},
        {{3, 9, 30}, {3, 160, 7}});
}

TEST_P(AttentionTest, OneStep) {
  for (int64_t keyHeads : {1, 2, 6})
    check({6, keyHeads, 64, 64, true, true, false, /*step=*/true},
          {{2, 1, 0}, {1, 1, 31}, {1, 1, 32}, {2, 1, 300}});
  check({32, 1, 20, 36, true, true, false, /*step=*/true}, {{1, 1, 77}});
}

TEST_P(AttentionTest, OneStepWithPadding) {
  check({4, 2, 32, 32, true, true, /*mean=*/true, /*step=*/true, "i1"},
        {{3, 1, 70}});
}

TEST_P(AttentionTest, AddedMask) {
  Case test = {3, 3, 16, 16};
  test.mask = true;
  check(test, {{2, 50, 0}});
  test.cache = test.step = true;
  check(test, {{1, 1, 140}});
}

QOPT_EACH_ISA(AttentionTest);

} // namespace
} // namespace qopt

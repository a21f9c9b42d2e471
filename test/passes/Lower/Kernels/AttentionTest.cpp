//===- AttentionTest.cpp - Attention against a scalar loop ----------------===//

#include "test/passes/Lower/Kernels/CacheReference.h"
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
  bool nan = false;           ///< empty rows are no numbers
  std::string stored = "f32"; ///< in the cache
  float hidden = -infinity;   ///< in the mask

  bool hasParts() const { return cache && step; }
  int64_t partsBytes() const { return qopt::partsBytes(heads, keyHeads, E); }
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
              kc = CacheReference::memrefType(test.stored, true, test.keyHeads,
                                              test.D),
              vc = CacheReference::memrefType(test.stored, false, test.keyHeads,
                                              test.E),
              w = memref("?x" + number(test.keyHeads) + "x" +
                             number(test.partsBytes()),
                         "i8");
  std::string text =
      "func.func @f(%q: " + q + ", %k: " + k + ", %v: " + v + ", %y: " + y +
      ", %p: " + p + ", %m: " + m + ", %kc: " + kc + ", %vc: " + vc +
      ", %past: index, %w: " + w + ") {\n  qopt.attention %q, %k, %v ";
  if (!test.padding.empty())
    text += "padding(%p : " + p + ") ";
  if (test.mask)
    text += "mask(%m : " + m + ") ";
  if (test.cache)
    text += "cache(%kc, %vc, %past : " + kc + ", " + vc + ") ";
  if (test.hasParts())
    text += "parts(%w : " + w + ") ";
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
      : test(test), B(B), S(S), past(past), T(past + S),
        query({B, S, test.heads * test.D}), key({B, S, test.keyHeads * test.D}),
        value({B, S, test.keyHeads * test.E}), out({B, S, test.heads * test.E}),
        keyCache(test.stored, true, B, test.keyHeads, context, test.D),
        valueCache(test.stored, false, B, test.keyHeads, context, test.E),
        keysAfter(test.stored, true, B, test.keyHeads, context, test.D),
        valuesAfter(test.stored, false, B, test.keyHeads, context, test.E),
        parts({B, test.keyHeads, test.partsBytes()}),
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
      mask[i] = test.hidden;
    for (int64_t h = 0; test.mean && h < test.heads; ++h) // an empty row
      std::fill_n(&mask[(h * S + S / 2) * T], T, test.hidden);
    fillCaches();
  }

  /// New keys and values of any bits, of magnitudes around those that f16 and
  /// codes tell apart.
  void setBits(bool isSpecial) {
    std::mt19937 random(7);
    auto number = [&](int64_t t) {
      uint32_t low = random() & 0x807fffff;
      uint32_t exponent = t % 4 == 0   ? 90 + random() % 60
                          : t % 4 == 1 ? 100 + random() % 16
                          : t % 4 == 2 ? t % 20
                                       : 127;
      if (t % 4 == 3)
        low &= 0x807ff000 << random() % 8;
      if (isSpecial && random() % 40 == 0) {
        exponent = 255;
        low &= 0x80400000; // infinities, and NaN that are quiet
      }
      return floatOf(low | exponent << 23);
    };
    for (auto [tensor, width] : {std::pair(&key, test.keyHeads * test.D),
                                 std::pair(&value, test.keyHeads * test.E)})
      for (size_t i = 0; i < tensor->count(); ++i)
        (*tensor)[i] = number(int64_t(i) / width);
    fillCaches();
  }

  void run(Kernel &kernel) {
    kernel << query << key << value << out;
    test.padding == "i64" ? kernel << words : kernel << bytes;
    kernel << mask << keyCache.argument() << valueCache.argument() << past
           << parts;
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
    EXPECT_TRUE(keyCache == keysAfter);
    EXPECT_TRUE(valueCache == valuesAfter);
  }

private:
  /// Left padding in odd rows of the batch, all of row 2.
  bool isPadding(int64_t b, int64_t t) const {
    return b == 2 || (b % 2 == 1 && t < 3 + T / 3) || (b == 0 && t == T - 2);
  }

  /// All steps to `keys` and `values`, rounded as the caches are; the past
  /// alone to the caches, where all else stays no number.
  void fillCaches() {
    for (int64_t b = 0; b < B; ++b)
      for (int64_t h = 0; h < test.keyHeads; ++h)
        for (int64_t t = 0; t < T; ++t) {
          int64_t bh = b * test.keyHeads + h;
          size_t row = ((b * S + t - past) * test.keyHeads + h);
          float *k = &keys[(bh * T + t) * test.D];
          float *v = &values[(bh * T + t) * test.E];
          if (t < past) {
            keyCache.put(bh, t, k);
            valueCache.put(bh, t, v);
          } else {
            std::copy_n(&key[row * test.D], test.D, k);
            std::copy_n(&value[row * test.E], test.E, v);
          }
          if (!test.cache)
            continue;
          keysAfter.put(bh, t, k);
          valuesAfter.put(bh, t, v);
          for (int64_t d = 0; d < test.D; ++d)
            k[d] = keysAfter.get(bh, t, d);
          for (int64_t e = 0; e < test.E; ++e)
            v[e] = valuesAfter.get(bh, t, e);
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
  int64_t B, S, past, T;
  Tensor<float> query, key, value, out;
  CacheReference keyCache, valueCache, keysAfter, valuesAfter;
  Tensor<uint8_t> parts;
  Tensor<float> mask;
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

/// One part below 512 steps, two from there on, 16 of 2 heads at 5000, 10 of 6;
/// the new step alone in a panel, and as the last of one. Of 12999 steps a part
/// of 6 heads is two blocks of keys, of 17999 one of 2.
TEST_P(AttentionTest, OneStepInParts) {
  for (const char *stored : {"f32", "f16", "i8"}) {
    SCOPED_TRACE(stored);
    Case test = {6, 2, 64, 64, true, true, false, /*step=*/true};
    test.stored = stored;
    check(test,
          {{2, 1, 0}, {1, 1, 63}, {1, 1, 510}, {2, 1, 511}, {1, 1, 4999}});
    test.keyHeads = 6;
    check(test, {{1, 1, 0}, {2, 1, 576}, {1, 1, 4999}, {1, 1, 12999}});
  }
}

/// A row of the batch sees nothing, others nothing of their first parts.
TEST_P(AttentionTest, OneStepInPartsWithPaddingAndMask) {
  for (const char *stored : {"f32", "f16", "i8"}) {
    SCOPED_TRACE(stored);
    Case test = {4, 2, 20, 13, true, true, /*mean=*/true, /*step=*/true, "i64"};
    test.stored = stored;
    check(test, {{3, 1, 1300}});
    test.mean = false;
    check(test, {{3, 1, 800}});
    test.nan = true;
    check(test, {{3, 1, 800}});
    check(test, {{1, 1, 17999}});
    test.mask = true;
    test.padding = "";
    check(test, {{1, 1, 1030}});
  }
}

TEST_P(AttentionTest, AddedMask) {
  Case test = {3, 3, 16, 16};
  test.mask = true;
  check(test, {{2, 50, 0}});
  test.cache = test.step = true;
  check(test, {{1, 1, 140}});
}

/// Numbers hide as minus infinity does, and the mean is that of equal scores.
TEST_P(AttentionTest, FiniteMask) {
  Case test = {3, 3, 16, 16};
  test.mask = true;
  test.hidden = -1e4f;
  check(test, {{2, 50, 0}});
  test.hidden = std::numeric_limits<float>::lowest();
  test.mean = true;
  check(test, {{2, 50, 0}});
}

TEST_P(AttentionTest, StoredAsLess) {
  for (const char *stored : {"f16", "i8"}) {
    SCOPED_TRACE(stored);
    Case test = {4, 2, 64, 64, /*cache=*/true, /*causal=*/true};
    test.stored = stored;
    check(test, {{2, 5, 0}, {1, 3, 63}, {2, 200, 40}});
    test.step = true;
    check(test, {{2, 1, 0}, {1, 1, 1}, {1, 1, 63}, {2, 1, 600}});
  }
}

TEST_P(AttentionTest, StoredAsLessInOddSizes) {
  for (const char *stored : {"f16", "i8"}) {
    SCOPED_TRACE(stored);
    Case test = {3, 1, 20, 13, true, true, /*mean=*/true, false, "i64"};
    test.stored = stored;
    check(test, {{3, 9, 30}, {3, 160, 7}});
    test.step = true;
    check(test, {{3, 1, 70}});
  }
}

/// Zeros, denormals, ties, numbers beyond f16: what the caches hold is what
/// lib/Formats says. Infinities and NaN for f16 alone, of codes they are not
/// defined.
TEST_P(AttentionTest, RoundsAsTheReference) {
  for (const char *stored : {"f16", "i8"}) {
    SCOPED_TRACE(stored);
    Case test = {1, 1, 24, 40, /*cache=*/true, /*causal=*/true};
    test.stored = stored;
    Kernel kernel(moduleText(test), isa);
    Attention attention(test, 1, 300, 3, 310);
    attention.setBits(test.stored == "f16");
    attention.run(kernel);
    attention.checkCaches();
  }
}

QOPT_EACH_ISA(AttentionTest);

} // namespace
} // namespace qopt

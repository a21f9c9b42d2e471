//===- SolverTesting.h - What tests of solvers share ------------*- C++ -*-===//

#ifndef QOPT_TEST_LIB_METHODS_SOLVERTESTING_H
#define QOPT_TEST_LIB_METHODS_SOLVERTESTING_H

#include "lib/Formats/Rounding.h"
#include "lib/Methods/Solver.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace qopt {

/// A choice of options: "search=minmax", "steps=40", ...
inline SolverOptions
makeOptions(std::initializer_list<std::pair<const char *, const char *>> list) {
  SolverOptions options;
  for (auto [name, value] : list)
    options[name] = value;
  return options;
}

inline const SolverOptions mse, minmax = makeOptions({{"search", "minmax"}});

inline QuantizedMatrix solved(const std::vector<float> &rows, int64_t N,
                              llvm::StringRef format,
                              const SolverOptions &options = mse,
                              unsigned threads = 1) {
  QuantizedMatrix result;
  auto solver = llvm::cantFail(createSolver("rtn", options));
  llvm::cantFail(solver->solve({rows, N, int64_t(rows.size()) / N},
                               llvm::cantFail(Format::parse(format)), threads,
                               result));
  return result;
}

inline std::vector<float> normalWeights(size_t count, unsigned seed = 1,
                                        float deviation = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> weights(count);
  for (float &weight : weights)
    weight = normal(random);
  return weights;
}

inline std::vector<std::string> allFormats() {
  std::vector<std::string> formats;
  for (const char *codes : {"u2", "u3", "u4", "s4", "u5", "s6", "u8", "s8"})
    for (const char *block : {"16", "64", "channel", "tensor"})
      for (const char *scale : {"f32", "f16", "bf16"})
        for (const char *zero : {"none", "midpoint", "integer", "f16", "f32"}) {
          std::string kind = zero;
          if (kind == "midpoint" && codes[0] == 's')
            continue;
          formats.push_back(std::string("codes = ") + codes +
                            ", block = " + block + ", scale = " + scale +
                            ", zero = " + (kind == "integer" ? codes : kind));
        }
  return formats;
}

/// The weights, or their magnitudes for a format whose groups have one sign,
/// none beyond what scales of f16 reach.
inline std::vector<float> heldBy(llvm::StringRef text,
                                 std::vector<float> weights) {
  Format format = llvm::cantFail(Format::parse(text));
  if (!format.isSigned && format.zero == Format::Zero::None)
    for (float &weight : weights)
      weight = std::fabs(weight);
  if (format.scale == DataType::F16)
    for (float &weight : weights)
      weight = std::clamp(weight, -65504.0f, 65504.0f);
  return weights;
}

/// All that a format promises of scales, zeros and indices.
inline void checkIsStorable(const QuantizedMatrix &matrix) {
  const Format &format = matrix.format;
  for (size_t i = 0; i < matrix.scales.size(); ++i) {
    float scale = matrix.scales[i], zero = matrix.zeros[i];
    ASSERT_TRUE(std::isfinite(scale) && std::isfinite(zero));
    ASSERT_EQ(bitsOf(roundToType(scale, format.scale)), bitsOf(scale));
    if (format.zero == Format::Zero::Integer) {
      ASSERT_EQ(zero, float(int64_t(zero)));
      ASSERT_GE(zero, float(format.minZero()));
      ASSERT_LE(zero, float(format.maxZero()));
    } else if (format.zero == Format::Zero::Float) {
      ASSERT_EQ(bitsOf(roundToType(zero, format.zeroType)), bitsOf(zero));
    } else {
      ASSERT_EQ(zero, float(format.constantZero()));
    }
  }
  for (int64_t n = 0; n < matrix.N; ++n)
    for (int64_t k = 0; k < matrix.K; ++k) {
      ASSERT_LE(matrix.indices[size_t(n * matrix.K + k)], format.maxIndex());
      // Also where products are of floats.
      int64_t code =
          matrix.indices[size_t(n * matrix.K + k)] + format.minCode();
      ASSERT_TRUE(std::isfinite(matrix.scaleOf(n, k) *
                                (float(code) - matrix.zeroOf(n, k))));
    }
}

} // namespace qopt

#endif // QOPT_TEST_LIB_METHODS_SOLVERTESTING_H

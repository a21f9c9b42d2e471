//===- Vectorize.h - Cases of vector code -----------------------*- C++ -*-===//

#ifndef QOPT_TEST_PASSES_LOWER_GENERIC_VECTORIZE_H
#define QOPT_TEST_PASSES_LOWER_GENERIC_VECTORIZE_H

#include <cstdint>
#include <gtest/gtest.h>
#include <ostream>
#include <string>
#include <vector>

namespace qopt::test {

/// One linalg op on buffers and the shapes that it runs on. The last buffer is
/// the output. Types: f f32, i i32, l i64, c i8 or u8, b bool.
struct Case {
  const char *name;
  const char *text;
  const char *types;
  std::vector<std::vector<std::vector<int64_t>>> shapes;
  double tolerance; ///< relative to the largest output; 0: exact
};

inline void PrintTo(const Case &test, std::ostream *stream) {
  *stream << test.name;
}

/// Compares a case with the same op as scalar loops. Its text may use #id1 to
/// #id3, the identities of one to three loops.
class Vectorize : public testing::TestWithParam<Case> {
public:
  static std::string name(const testing::TestParamInfo<Case> &info) {
    return info.param.name;
  }
};

} // namespace qopt::test

#endif // QOPT_TEST_PASSES_LOWER_GENERIC_VECTORIZE_H

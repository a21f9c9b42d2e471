//===- WindowsTest.cpp - Tests of windows of tokens -----------------------===//

#include "lib/Eval/Windows.h"
#include <gtest/gtest.h>

using namespace qopt;

namespace {

std::vector<std::vector<size_t>> list(size_t tokens, size_t window,
                                      size_t stride) {
  std::vector<std::vector<size_t>> result;
  for (const Window &one : makeWindows(tokens, window, stride))
    result.push_back({one.begin, one.end, one.fresh});
  return result;
}

TEST(Windows, SideBySideOrOverlapping) {
  using List = std::vector<std::vector<size_t>>;
  EXPECT_EQ(list(10, 4, 4), (List{{0, 4, 0}, {4, 8, 4}, {8, 10, 8}}));
  EXPECT_EQ(list(10, 4, 3), (List{{0, 4, 0}, {3, 7, 4}, {6, 10, 7}}));
  // The last window is the first one that has the last token.
  EXPECT_EQ(list(10, 8, 2), (List{{0, 8, 0}, {2, 10, 8}}));
  EXPECT_EQ(list(3, 4, 1), (List{{0, 3, 0}}));
  EXPECT_EQ(list(5, 4, 4), (List{{0, 4, 0}, {4, 5, 4}}));
}

TEST(Windows, EveryTokenIsFreshOnceAndPredictedOnce) {
  for (size_t tokens = 1; tokens < 40; ++tokens)
    for (size_t window = 2; window < 12; ++window)
      for (size_t stride = 1; stride <= window; ++stride) {
        size_t fresh = 0, targets = 0, withoutPast = 0;
        for (const Window &one : makeWindows(tokens, window, stride)) {
          EXPECT_EQ(one.fresh, fresh);
          EXPECT_LE(one.size(), window);
          fresh = one.end;
          withoutPast += one.fresh == one.begin;
          targets += one.end - one.firstTarget();
        }
        EXPECT_EQ(fresh, tokens);
        EXPECT_EQ(targets, tokens - withoutPast);
        if (stride < window) {
          EXPECT_EQ(withoutPast, 1u);
        }
      }
}

} // namespace

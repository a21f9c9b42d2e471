//===- StopTextTest.cpp - The end of a text -------------------------------===//

#include "lib/Generate/StopText.h"
#include <gtest/gtest.h>
#include <random>

namespace qopt {
namespace {

TEST(StopText, HoldsBackWhatMayBeAStop) {
  StopText stop({"\nUser:", "END"});
  EXPECT_EQ(stop.push("Hello\nUs"), "Hello");
  EXPECT_EQ(stop.push("ual E"), "\nUsual ");
  EXPECT_EQ(stop.push("N"), "");
  EXPECT_EQ(stop.push("d EN"), "ENd ");
  EXPECT_FALSE(stop.hasStopped());
  EXPECT_EQ(stop.push("D of it"), "");
  EXPECT_TRUE(stop.hasStopped());
  EXPECT_EQ(stop.push("more"), "");
  EXPECT_EQ(stop.finish(), "");
}

TEST(StopText, GivesTheRestAtTheEnd) {
  StopText stop({"abc"});
  EXPECT_EQ(stop.push("xab"), "x");
  EXPECT_EQ(stop.finish(), "ab");
  StopText none({});
  EXPECT_EQ(none.push("any"), "any");
}

TEST(StopText, PiecesDoNotMatter) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (int i = 0; i < 30; ++i)
      text += char('a' + random() % 2);
    std::vector<std::string> stops = {"abba", "baabb", "bbbbb"};
    size_t end = text.size();
    for (const std::string &stop : stops)
      end = std::min(end, text.find(stop));
    StopText stop(stops);
    std::string passed;
    for (size_t at = 0; at < text.size();) {
      size_t size = 1 + random() % 4;
      passed += stop.push(text.substr(at, size));
      at += size;
    }
    passed += stop.finish();
    EXPECT_EQ(passed, text.substr(0, end)) << text;
    EXPECT_EQ(stop.hasStopped(), end != text.size());
  }
}

} // namespace
} // namespace qopt

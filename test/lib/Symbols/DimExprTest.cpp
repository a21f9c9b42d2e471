//===- DimExprTest.cpp - Sizes over named symbols -------------------------===//

#include "lib/Symbols/DimExpr.h"

#include <gtest/gtest.h>

using namespace qopt;

static DimExpr read(llvm::StringRef text) {
  auto expression = DimExpr::parse(text);
  EXPECT_TRUE(expression) << text.str();
  return expression.value_or(DimExpr());
}

TEST(DimExpr, equalSizesHaveEqualSpellings) {
  EXPECT_EQ(read("sequence + past").str(), "past + sequence");
  EXPECT_EQ(read("(a + b)*(a - b)").str(), "a*a - b*b");
  EXPECT_EQ(read("2*batch*sequence - 1").str(), "2*batch*sequence - 1");
  EXPECT_EQ(read("-sequence + 512").str(), "512 - sequence");
  EXPECT_EQ(read("-(a - a)").str(), "0");
  EXPECT_EQ(read("3 - -2*a").str(), "2*a + 3");
}

TEST(DimExpr, refusesOtherText) {
  for (const char *text :
       {"", "?", "a +", "a/2", "max(a, b)", "9a", "(a", "a b",
        "99999999999999999999", "9223372036854775807 + 1"})
    EXPECT_FALSE(DimExpr::parse(text)) << text;
}

TEST(DimExpr, refusesDeepAndHugeText) {
  EXPECT_FALSE(DimExpr::parse(std::string(100000, '(')));
  EXPECT_FALSE(DimExpr::parse(std::string(100000, '-') + "a"));
  std::string power = "(a+b+c+d)";
  for (int i = 0; i < 40; ++i)
    power += "*(a+b+c+d)";
  EXPECT_FALSE(DimExpr::parse(power));
}

TEST(DimExpr, dividesWithoutRest) {
  EXPECT_EQ(read("batch*sequence*256").dividedBy(read("batch*64"))->str(),
            "4*sequence");
  // The leading term is one of the highest degree.
  EXPECT_EQ(read("s*(batch + 1)").dividedBy(read("batch + 1"))->str(), "s");
  EXPECT_EQ(read("(past + sequence)*batch*2")
                .dividedBy(read("past + sequence"))
                ->str(),
            "2*batch");
  EXPECT_EQ(read("(a + b)*(a*b + c + 3)").dividedBy(read("a*b + c + 3"))->str(),
            "a + b");
  EXPECT_FALSE(read("sequence").dividedBy(read("2")));
  EXPECT_FALSE(read("a + 1").dividedBy(read("a")));
  EXPECT_FALSE(read("a").dividedBy(DimExpr(0)));
  EXPECT_FALSE(DimExpr(INT64_MIN).dividedBy(DimExpr(-1)));
}

TEST(DimExpr, checkedArithmeticSeesOverflow) {
  DimExpr large(INT64_MAX), a = DimExpr::symbol("a");
  EXPECT_FALSE(large.plus(1));
  EXPECT_FALSE(DimExpr(INT64_MIN).minus(1));
  EXPECT_FALSE(DimExpr(0).minus(DimExpr(INT64_MIN)));
  EXPECT_FALSE((large * a).times(2));
  EXPECT_EQ((large * a).plus(large)->minus(large * a), large);
}

TEST(DimExpr, replacesSymbolsAllAtOnce) {
  std::map<std::string, DimExpr> swap = {{"a", DimExpr::symbol("b")},
                                         {"b", DimExpr::symbol("a")}};
  EXPECT_EQ(read("2*a*a + b").substitute(swap)->str(), "a + 2*b*b");
  std::map<std::string, DimExpr> grow = {{"a", DimExpr(INT64_MAX)}};
  EXPECT_FALSE(read("a*a").substitute(grow));
}

TEST(DimExpr, signsAreToldByCoefficients) {
  EXPECT_TRUE(read("past + sequence").isKnownNonNegative());
  EXPECT_FALSE(read("past + sequence").isKnownPositive());
  EXPECT_TRUE(read("past + 1").isKnownPositive());
  EXPECT_FALSE(read("512 - sequence").isKnownNonNegative());
  EXPECT_TRUE(read("512 - sequence").isLinear());
  EXPECT_FALSE(read("batch*sequence").isLinear());
  EXPECT_EQ(read("b*a + a").symbols(), (std::vector<std::string>{"a", "b"}));
}

//===- ReportTest.cpp - Tests of figures, tables and progress -------------===//

#include "lib/Report/Format.h"
#include "lib/Report/Progress.h"
#include "lib/Report/Table.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace llvm;
using namespace qopt;

namespace {

TEST(Format, Bytes) {
  EXPECT_EQ(formatBytes(0), "0 B");
  EXPECT_EQ(formatBytes(999), "999 B");
  EXPECT_EQ(formatBytes(1000), "1.00 kB");
  EXPECT_EQ(formatBytes(15400000), "15.4 MB");
  EXPECT_EQ(formatBytes(999600000), "1.00 GB");
  EXPECT_EQ(formatBytes(4900000000), "4.90 GB");
  EXPECT_EQ(formatBytes(~uint64_t(0)), "18.4 EB");
}

TEST(Format, Durations) {
  EXPECT_EQ(formatDuration(0.1234), "0.123 s");
  EXPECT_EQ(formatDuration(42.4), "42 s");
  EXPECT_EQ(formatDuration(59.7), "1 min 00 s");
  EXPECT_EQ(formatDuration(185), "3 min 05 s");
  EXPECT_EQ(formatDuration(7800), "2 h 10 min");
}

TEST(Format, Numbers) {
  EXPECT_EQ(formatFixed(0.01, 4), "0.0100");
  EXPECT_EQ(formatFixed(-2.5, 0), "-2"); // ties to even
  EXPECT_EQ(formatNumber(0), "0");
  EXPECT_EQ(formatNumber(0.012345), "0.0123");
  EXPECT_EQ(formatNumber(4.5678), "4.57");
  EXPECT_EQ(formatNumber(-12345), "-12345");
  EXPECT_EQ(formatNumber(std::nan("")), "nan");
  EXPECT_EQ(formatShape({}), "scalar");
  EXPECT_EQ(formatShape({2, 64}), "2 x 64");
}

TEST(Table, AlignsColumns) {
  Table table({{"name"}, {"bytes", /*rightAligned=*/true}});
  table.addRow({"a", "1"});
  table.addRow({"größe", "1234567"});
  std::string text;
  raw_string_ostream os(text);
  table.print(os, 2);
  EXPECT_EQ(text, "  name     bytes\n"
                  "  a            1\n"
                  "  größe  1234567\n");
}

TEST(Table, HasNoSpacesAtTheEnd) {
  Table table({{}, {}});
  table.addRow({"left", ""});
  table.addRow({"", "right"});
  std::string text;
  raw_string_ostream os(text);
  table.print(os);
  EXPECT_EQ(text, "left\n      right\n");
}

TEST(Progress, PrintsALineForEachStageElsewhere) {
  std::string text;
  raw_string_ostream os(text);
  {
    Progress progress(os);
    progress.update("import", 0);
    progress.update("import", 0.1);
    progress.update("lower", 0.5);
    progress.update("lower", 2);
  }
  EXPECT_EQ(text, "qopt: import\nqopt: lower\n");
}

} // namespace

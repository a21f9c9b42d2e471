//===- LoopTableTest.cpp - Loops of entries -------------------------------===//

#include "lib/Artifact/Manifest.h"

#include <gtest/gtest.h>

using namespace qopt;

namespace {

const LoopPart norm = {"qopt.rms_norm", "n0", "layers.*.norm"},
               up = {"qopt.matmul", "up0", "layers.*.up"}, cast = {"", "c", ""};

LoopTable makeTable() {
  return {{"decode", {{"", {cast}}, {"layer", {}}, {"layer", {}}, {"", {}}}},
          {"layer", {{"", {norm, up}}, {"", {up}}}}};
}

TEST(LoopTable, callsAreTheLoopsOfTheCallee) {
  auto loops = listLoops(makeTable(), "decode");
  ASSERT_TRUE(bool(loops)) << llvm::toString(loops.takeError());
  EXPECT_EQ(*loops, (std::vector<LoopParts>{
                        {cast}, {norm, up}, {up}, {norm, up}, {up}, {}}));
}

std::string failure(const LoopTable &table, const std::string &entry) {
  auto loops = listLoops(table, entry);
  return loops ? "" : llvm::toString(loops.takeError());
}

TEST(LoopTable, whatIsNotListedIsAnError) {
  EXPECT_EQ(failure(makeTable(), "prefill"),
            "no loops are listed for 'prefill'");
  EXPECT_EQ(failure({{"main", {{"f", {}}}}}, "main"),
            "no loops are listed for 'f'");
}

TEST(LoopTable, callsWithoutEndAreAnError) {
  LoopTable circle = {{"main", {{"f", {}}}}, {"f", {{"f", {}}}}};
  EXPECT_EQ(failure(circle, "main"), "the list of loops of 'f' does not end");
  // Eight levels of a hundred calls each.
  LoopTable many;
  for (int i = 0; i < 8; ++i)
    many[std::to_string(i)].resize(
        100,
        i == 7 ? LoopStep{"", {cast}} : LoopStep{std::to_string(i + 1), {}});
  EXPECT_EQ(failure(many, "0"), "the list of loops of '7' does not end");
}

TEST(LoopTable, manifestsKeepIt) {
  Manifest manifest;
  manifest.loops = makeTable();
  auto back = parseManifest(manifestText(manifest));
  ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
  EXPECT_EQ(back->loops, manifest.loops);
  manifest.loops = {};
  EXPECT_TRUE(parseManifest(manifestText(manifest))->loops.empty());
}

} // namespace

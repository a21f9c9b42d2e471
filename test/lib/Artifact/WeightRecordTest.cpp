//===- WeightRecordTest.cpp - What became of each weight ------------------===//

#include "lib/Artifact/WeightRecord.h"

#include "llvm/Support/FormatVariadic.h"
#include <gtest/gtest.h>

using namespace qopt;

namespace {

WeightRecord product(std::string role, std::string stored, int64_t bytes) {
  WeightRecord record;
  record.name = role + stored;
  record.role = std::move(role);
  record.shape = {32, 64};
  record.source = "f16";
  record.stored = std::move(stored);
  record.sourceBytes = 4096;
  record.bytes = bytes;
  return record;
}

std::string text(const WeightRecord &record) {
  return llvm::formatv("{0}", toJSON(record));
}

TEST(WeightRecord, RoundTrip) {
  WeightRecord record =
      product("qkv", "codes = u4, block = 64, scale = f16", 1088);
  EXPECT_EQ(text(record).find("method"), std::string::npos)
      << "what is empty is left out";
  EXPECT_EQ(text(record).find("factors"), std::string::npos);
  record.node = "/q_proj/MatMul";
  record.path = "model.layers.0.self_attn.q_proj";
  record.tied = "model.embed_tokens";
  record.factors = {"rows", "columns"};
  record.method = "rtn";
  record.methodOptions["steps"] = "20";
  record.activations = "int8-token";
  auto back = llvm::json::parse<WeightRecord>(text(record));
  ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
  EXPECT_EQ(text(*back), text(record));
  EXPECT_EQ(back->methodOptions["steps"], "20");
  EXPECT_EQ(back->factors, record.factors);
}

TEST(WeightRecord, ImpossibleSizesAreErrors) {
  auto failure = [](const WeightRecord &record) {
    auto back = llvm::json::parse<WeightRecord>(text(record));
    return back ? "" : llvm::toString(back.takeError());
  };
  WeightRecord record = product("qkv", "f32", 8192);
  EXPECT_EQ(failure(record), "");
  record.shape = {1 << 20, 1 << 20, 1 << 20, 1 << 20};
  EXPECT_NE(failure(record).find("impossible size"), std::string::npos);
  record.shape = {-1};
  EXPECT_NE(failure(record).find("impossible size"), std::string::npos);
  record = product("qkv", "f32", -1);
  EXPECT_NE(failure(record).find("impossible number of bytes"),
            std::string::npos);
}

TEST(WeightSummary, ByRoleAndFormat) {
  WeightRecord norm = product("", "f32", 8192);
  WeightRecord copy = product("", "f32", 8192);
  copy.sourceBytes = 0; // its elements and bytes are counted already
  WeightRecord head = product("head", "s8", 2048);
  head.tied = "model.embed_tokens";
  WeightSummary summary = summarise(
      {norm, product("qkv", "u4", 1088), product("down", "u4", 1088),
       product("qkv", "u4", 1088), product("qkv", "f32", 8192), head, copy});
  ASSERT_EQ(summary.rows.size(), 5u);
  EXPECT_EQ(summary.rows[0].role, "qkv");
  EXPECT_EQ(summary.rows[0].totals.weights, 2);
  EXPECT_DOUBLE_EQ(summary.rows[0].totals.bitsPerWeight(), 4.25);
  EXPECT_EQ(summary.rows[2].stored, "f32");
  EXPECT_TRUE(summary.rows[3].isTied);
  EXPECT_EQ(summary.rows[4].role, "") << "what recipes do not name comes last";
  EXPECT_EQ(summary.rows[4].totals.bytes, 2 * 8192);

  EXPECT_EQ(summary.linears.weights, 4);
  EXPECT_EQ(summary.linears.bytes, 3 * 1088 + 8192);
  EXPECT_DOUBLE_EQ(summary.linears.bitsPerWeight(), (3 * 4.25 + 32) / 4);
  EXPECT_EQ(summary.all.elements, 6 * 2048) << "a copy adds only bytes";
  EXPECT_EQ(summary.all.sourceBytes, 6 * 4096);
  EXPECT_EQ(summarise({}).all.bitsPerWeight(), 0);
}

} // namespace

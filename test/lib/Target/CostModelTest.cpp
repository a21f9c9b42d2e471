//===- CostModelTest.cpp - What the cost model predicts -------------------===//

#include "lib/Target/CostModel.h"
#include "lib/Formats/PanelLayout.h"

#include <gtest/gtest.h>

using namespace qopt;

namespace {

ProductShape makeShape(int64_t N, int64_t K, const char *stored,
                       const char *activations = "f32") {
  auto shape = ProductShape::parse({N, K}, stored, activations);
  EXPECT_TRUE(bool(shape)) << llvm::toString(shape.takeError());
  return *shape;
}

struct Kind {
  const char *stored, *activations;
};
constexpr Kind kinds[] = {{"f32", "f32"},
                          {"f16", "f32"},
                          {"int8-channel", "int8-token"},
                          {"int8-channel", "f32"},
                          {"int4-g64", "int8-block"},
                          {"int4-g64", "bf16"},
                          {"int3-g16", "int8-block"}};

const X86Isa &isa(const char *name) { return *findX86Isa(name); }

ProductCost assumed(const X86Isa &isa, const ProductShape &shape, int64_t rows,
                    int threads = 1) {
  return CostModel(isa, getAssumedSpeed(isa), threads).cost(shape, rows);
}

TEST(CostModel, parsesWhatRecordsSay) {
  ProductShape shape = makeShape(64, 200, "int4-g64", "int8-block");
  EXPECT_EQ(shape.N, 64);
  EXPECT_EQ(shape.K, 200);
  EXPECT_TRUE(shape.codes && shape.hasCodedInput);
  EXPECT_FALSE(makeShape(64, 200, "int4-g64", "bf16").hasCodedInput);
  EXPECT_FALSE(makeShape(64, 200, "bf16", "int8-block").hasCodedInput);
  for (auto [dims, stored, why] :
       {std::tuple<std::vector<int64_t>, const char *, const char *>{
            {64}, "f32", "expects a matrix, but got 1 dimensions"},
        {{64, 64}, "int4-g65", "int4-g65"}}) {
    auto refused = ProductShape::parse(dims, stored, "f32");
    ASSERT_FALSE(bool(refused));
    EXPECT_NE(llvm::toString(refused.takeError()).find(why), std::string::npos);
  }
}

TEST(CostModel, bytesAreThoseOfTheLayout) {
  for (const char *stored : {"int4-g64", "int8-channel", "int3-g16"}) {
    ProductShape shape = makeShape(100, 200, stored, "int8-block");
    EXPECT_EQ(assumed(isa("x86-64-v3"), shape, 7).bytes,
              PanelLayout(*shape.codes, 100, 200).bytes());
  }
  EXPECT_EQ(makeShape(100, 200, "bf16").bytes(), 128 * 200 * 2);
}

TEST(CostModel, operationsAreTwoForEachElementAndRow) {
  EXPECT_EQ(assumed(isa("x86-64-v4"), makeShape(96, 64, "f32"), 3).operations,
            2.0 * 96 * 64 * 3);
}

TEST(CostModel, moreOfAnythingTakesLonger) {
  for (const X86Isa &isa : getX86Isas())
    for (Kind kind : kinds) {
      SCOPED_TRACE(std::string(isa.name) + " " + kind.stored + " " +
                   kind.activations);
      auto seconds = [&](int64_t rows, int64_t N, int64_t K) {
        return assumed(isa, makeShape(N, K, kind.stored, kind.activations),
                       rows)
            .seconds();
      };
      for (int64_t rows : {1, 8, 512}) {
        EXPECT_LT(seconds(rows, 1024, 1024), seconds(rows, 2048, 1024));
        EXPECT_LT(seconds(rows, 1024, 1024), seconds(rows, 1024, 2048));
      }
      // Where tiles of AMX begin, they take less than vectors before.
      int64_t first = isa.amx ? 16 : 1;
      for (int64_t rows = first; rows < 2048; rows *= 2)
        EXPECT_LE(seconds(rows, 1024, 1024), seconds(2 * rows, 1024, 1024))
            << rows;
      EXPECT_LT(seconds(first, 1024, 1024), seconds(512, 1024, 1024));
    }
}

TEST(CostModel, nothingIsFasterThanItsLimit) {
  for (const X86Isa &isa : getX86Isas())
    for (Kind kind : kinds)
      for (int64_t rows : {1, 2, 5, 12, 13, 100, 512}) {
        ProductCost cost = assumed(
            isa, makeShape(1000, 1000, kind.stored, kind.activations), rows);
        EXPECT_GE(cost.computeSeconds, cost.peakSeconds);
        EXPECT_GE(cost.seconds(), cost.limitSeconds());
        EXPECT_GT(cost.limitSeconds(), 0);
      }
}

TEST(CostModel, decodeOfFourBitsIsMemoryBound) {
  ProductShape shape = makeShape(2048, 2048, "int4-g64", "int8-block");
  for (const char *name :
       {"x86-64-v4-amx", "x86-64-v4-vnni", "x86-64-v4", "x86-64-v3"}) {
    ProductCost cost = assumed(isa(name), shape, 1);
    EXPECT_TRUE(cost.isMemoryBound()) << name;
    EXPECT_EQ(cost.limitSeconds(), cost.memorySeconds);
  }
  // Widening codes to f32 takes longer than reading them, as measured.
  ProductCost exact =
      assumed(isa("x86-64-v4"), makeShape(2048, 2048, "int4-g64"), 1);
  EXPECT_FALSE(exact.isMemoryBound());
  EXPECT_GT(exact.memorySeconds / exact.seconds(), 0.35);
  EXPECT_LT(exact.memorySeconds / exact.seconds(), 0.60);
}

TEST(CostModel, prefillIsComputeBoundAndNearThePeak) {
  for (const X86Isa &isa : getX86Isas())
    for (Kind kind : kinds) {
      ProductCost cost = assumed(
          isa, makeShape(2048, 2048, kind.stored, kind.activations), 512);
      EXPECT_FALSE(cost.isMemoryBound()) << isa.name << " " << kind.stored;
      EXPECT_EQ(cost.limitSeconds(), cost.peakSeconds);
    }
  auto share = [&](const char *stored, const char *activations) {
    ProductCost cost = assumed(isa("x86-64-v4-vnni"),
                               makeShape(2048, 2048, stored, activations), 512);
    return cost.peakSeconds / cost.seconds();
  };
  EXPECT_GT(share("f32", "f32"), 0.95);
  EXPECT_GT(share("int8-channel", "int8-token"), 0.95);
  // Each group ends with instructions that are no products.
  EXPECT_LT(share("int4-g32", "int8-block"), share("int4-g64", "int8-block"));
  EXPECT_LT(share("int4-g64", "int8-block"), share("int4-g128", "int8-block"));
  EXPECT_GT(share("int4-g64", "int8-block"), 0.70);
}

TEST(CostModel, threadsShareTheWorkButNotTheLink) {
  const X86Isa &vnni = isa("x86-64-v4-vnni");
  ProductShape shape = makeShape(2048, 2048, "int4-g64", "int8-block");
  auto one = assumed(vnni, shape, 512), two = assumed(vnni, shape, 512, 2);
  EXPECT_DOUBLE_EQ(one.computeSeconds, 2 * two.computeSeconds);
  EXPECT_LT(two.memorySeconds, one.memorySeconds);
  EXPECT_GT(2 * two.memorySeconds, one.memorySeconds);
  EXPECT_EQ(assumed(vnni, shape, 512, 8).memorySeconds, two.memorySeconds);
}

TEST(CostModel, plansAreThoseOfTheKernels) {
  auto expect = [&](const char *name, const char *stored,
                    const char *activations, int64_t rows, Unit unit,
                    int64_t tileRows, int64_t tileColumns, int64_t few = 12) {
    ProductPlan plan =
        planProduct(makeShape(64, 128, stored, activations), isa(name), rows);
    EXPECT_EQ(unitName(plan.unit), unitName(unit)) << name << " " << stored;
    EXPECT_EQ(plan.tileRows, tileRows) << name << " " << stored;
    EXPECT_EQ(plan.tileColumns, tileColumns) << name << " " << stored;
    EXPECT_EQ(plan.isFew, rows <= few) << name << " " << stored;
  };
  expect("x86-64-v4-amx", "int4-g64", "int8-block", 13, Unit::Amx, 32, 32);
  expect("x86-64-v4-amx", "int4-g64", "int8-block", 12, Unit::Vpdpbusd, 6, 32);
  expect("x86-64-v4-amx", "int4-g16", "int8-block", 13, Unit::Vpdpbusd, 6, 32);
  for (int64_t rows : {1, 32, 33})
    expect("x86-64-v4-vnni", "int4-g64", "int8-block", rows, Unit::Vpdpbusd,
           rows == 1 ? 1 : 6, 32, 32);
  expect("x86-64-v4", "int7-g64", "int8-block", 512, Unit::Pmaddubsw, 6, 32);
  expect("x86-64-v4", "int8-g64", "int8-block", 512, Unit::Pmaddwd, 6, 32);
  expect("x86-64-v3", "int4-g64", "int8-block", 512, Unit::Pmaddubsw, 4, 16);
  expect("x86-64-v3", "int4-g64", "int8-block", 12, Unit::Pmaddubsw, 2, 16);
  expect("x86-64-v3", "int5-g64", "int8-block", 512, Unit::Pmaddubsw, 2, 16);
  expect("x86-64", "int4-g64", "int8-block", 512, Unit::Pmaddwd, 2, 8);
  expect("x86-64-v4-vnni", "int4-g64", "f32", 2, Unit::Fma, 4, 32);
  expect("x86-64-v4-vnni", "int4-g64", "bf16", 1, Unit::Vdpbf16ps, 1, 32);
  expect("x86-64-v4-vnni", "int4-g16", "bf16", 2, Unit::Vdpbf16ps, 6, 32);
  expect("x86-64-v4-vnni", "int4-g64", "bf16", 13, Unit::Vdpbf16ps, 6, 32);
  expect("x86-64-v4-vnni", "int4-g16", "bf16", 13, Unit::Fma, 12, 32);
  expect("x86-64-v4-amx", "int4-g64", "bf16", 12, Unit::Fma, 4, 32);
  expect("x86-64-v4-amx", "int4-g64", "bf16", 13, Unit::AmxBF16, 32, 32);
  expect("x86-64-v4", "int4-g64", "bf16", 1, Unit::Fma, 1, 32);
  expect("x86-64-v4-vnni", "int4-g64", "f32", 13, Unit::Fma, 12, 32);
  expect("x86-64-v3", "f16", "f32", 1, Unit::Fma, 1, 32);
  expect("x86-64-v3", "f16", "f32", 2, Unit::Fma, 6, 16);
}

} // namespace

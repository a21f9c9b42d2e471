//===- CodedBF16.cpp - Products of bf16 with codes ------------------------===//
//
// Of few rows codes become bf16 in registers without a conversion: their bits
// stand behind the first one of a power of two (Codes::pairs), which is taken
// off with the zero where a group ends. That leaves elements k and k + 2 in a
// dword, and inputs are copied in this order. Of many rows a panel is unpacked
// to codes less their zeros, in the order of K.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/CodedProduct.h"
#include "passes/Lower/Kernels/Dots.h"

using namespace mlir;

namespace qopt {

static constexpr int64_t stepSize = PanelLayout::stepSize;

bool CodedProduct::unpacksBF16() const {
  return items.plan.unit == Unit::Vdpbf16ps || items.plan.unit == Unit::AmxBF16;
}

/// Rows with zeros behind K, elements 1 and 2 of each four exchanged, and the
/// sums of their groups.
void CodedProduct::prepareBF16() {
  inputStride = paddedK;
  rowData = ScratchOp::create(
      b, MemRefType::get({fewRows * paddedK}, b.getBF16Type()));
  auto type = VectorType::get({stepSize}, b.getBF16Type());
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < stepSize; ++i)
    order.push_back(i % 4 == 1 || i % 4 == 2 ? i ^ 3 : i);
  b.loop(b.index(0), M, 1, [&](Value row) {
    Value from = b.mul(row, K), to = b.mul(row, paddedK);
    auto copy = [&](Value k, Value elements) {
      vector::StoreOp::create(b, b.shuffle(elements, elements, order), rowData,
                              b.add(to, k));
    };
    const int64_t whole = K / stepSize * stepSize;
    b.loop(b.index(0), b.index(whole), stepSize, [&](Value k) {
      copy(k, vector::LoadOp::create(b, type, input, b.add(from, k)));
    });
    if (whole == K)
      return;
    Value there = b.mask(K - whole, stepSize);
    Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(type));
    copy(b.index(whole),
         vector::MaskedLoadOp::create(
             b, type, input, ValueRange{b.add(from, whole)}, there, zeros));
  });
  sumGroups();
}

void CodedProduct::addBF16Quad(const Tile &tile, Value step, Value place,
                               int64_t quad, MutableArrayRef<Value> sums) {
  for (int64_t pair = 0; pair < 2; ++pair) {
    SmallVector<SmallVector<Value>> parts; // of each vector of columns
    for (int64_t v = 0; v < tile.vectors; ++v) {
      Value column = b.add(tile.column, v * b.lanes);
      if (tile.unpacked)
        parts.push_back(
            {loadUnpacked(tile, place, b.index(2 * quad + pair), column)});
      else
        parts.push_back(codes.pairs(place, quad, pair, column));
    }
    Value k = b.add(b.mul(step, stepSize), quad * 4 + pair * 2);
    auto count = int64_t(parts[0].size());
    for (auto [r, row] : llvm::enumerate(tile.rows)) {
      Value inputs = splatDword(rowData, b.add(b.mul(row, inputStride), k));
      for (int64_t v = 0; v < tile.vectors; ++v)
        for (int64_t part = 0; part < count; ++part) {
          int64_t chain = ((2 * quad + pair) * count + part) % chains(tile);
          Value &sum =
              sums[chain * tile.size() + int64_t(r) * tile.vectors + v];
          sum = addBF16(b, sum, parts[v][part], inputs);
        }
    }
  }
}

} // namespace qopt

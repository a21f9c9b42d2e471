//===- CodedUnsigned.cpp - Products of unsigned inputs --------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/CodedProduct.h"
#include "passes/Lower/Kernels/Dots.h"

using namespace mlir;

namespace qopt {

static constexpr int64_t quadsInStep = PanelLayout::stepSize / 4;

bool CodedProduct::subtractsMiddle() const {
  return inputPlaces.hasUnsigned() &&
         quadsOfMiddlePairs(b.isa, codes.format()) > 0;
}

int64_t CodedProduct::quadsOfStart() const {
  int64_t most = codes.segmentSteps() * quadsInStep;
  return subtractsMiddle()
             ? std::min(most, quadsOfMiddlePairs(b.isa, codes.format()))
             : most;
}

int64_t CodedProduct::startsOfSegment() const {
  return llvm::divideCeil(codes.segmentSteps() * quadsInStep, quadsOfStart());
}

Value CodedProduct::startPlace(Value segment, Value start, Value column) {
  Value row = b.add(b.mul(segment, startsOfSegment()), start);
  return b.add(b.mul(row, panelColumns), column);
}

Value CodedProduct::loadStart(const Tile &tile, Value segment, Value start,
                              Value column) {
  return vector::LoadOp::create(b, VectorType::get({b.lanes}, b.getI32Type()),
                                tile.starts,
                                startPlace(segment, start, column));
}

SmallVector<Value> CodedProduct::eachStart(
    Value segment, ArrayRef<Value> init,
    llvm::function_ref<SmallVector<Value>(Value start, Value begin, Value end,
                                          ValueRange carried)>
        body) {
  Value quads = b.mul(codes.stepsOf(segment), quadsInStep), none = b.index(0);
  if (startsOfSegment() == 1)
    return body(none, none, quads, init);
  return b.loop(
      none, quads, quadsOfStart(), init, [&](Value begin, ValueRange carried) {
        Value end = b.min(b.add(begin, quadsOfStart()), quads);
        return body(b.div(begin, b.index(quadsOfStart())), begin, end, carried);
      });
}

void CodedProduct::makeStarts(Tile &tile) {
  const int64_t starts = codes.layout.segments() * startsOfSegment();
  tile.starts = ScratchOp::create(
      b, MemRefType::get({starts * panelColumns}, b.getI32Type()));
  const Value offset = splatElements(b, 8, 128),
              none = arith::ConstantOp::create(
                  b, b.getZeroAttr(VectorType::get({b.lanes}, b.getI32Type())));
  auto add = [&](Value sum, Value quad) -> Value {
    if (!subtractsMiddle())
      return addQuads(b, sum, offset, quad, codes.format().bits);
    return asElements(b,
                      arith::AddIOp::create(b, asElements(b, sum, 16),
                                            multiplyPairs(b, offset, quad)),
                      32);
  };
  auto negate = [&](Value sum) {
    unsigned width = subtractsMiddle() ? 16 : 32;
    return asElements(b,
                      arith::SubIOp::create(b, splatElements(b, width, 0),
                                            asElements(b, sum, width)),
                      32);
  };
  b.loop(b.index(0), b.index(codes.layout.segments()), 1, [&](Value segment) {
    Value place = b.mul(segment, codes.segmentSteps() * unpackedStepBytes());
    eachStart(
        segment, {}, [&](Value start, Value begin, Value end, ValueRange) {
          for (int64_t at = 0; at < panelColumns; at += b.lanes) {
            Value column = b.index(at);
            Value sum =
                b.loop(begin, end, 1, {none}, [&](Value quad, ValueRange sum) {
                  return SmallVector<Value>{
                      add(sum[0], loadUnpacked(tile, place, quad, column))};
                })[0];
            vector::StoreOp::create(b, negate(sum), tile.starts,
                                    startPlace(segment, start, column));
          }
          return SmallVector<Value>();
        });
  });
}

SmallVector<Value> CodedProduct::unsignedPairs(const Tile &tile,
                                               Value segment) {
  const Value firstStep = b.mul(segment, codes.segmentSteps()),
              place = b.mul(firstStep, unpackedStepBytes());
  SmallVector<Value> none(tile.size(), zeroSum());
  return eachStart(
      segment, none,
      [&](Value start, Value begin, Value end, ValueRange carried) {
        SmallVector<Value> pairs(tile.size()), sums;
        for (int64_t i = 0; i < tile.size(); ++i)
          pairs[i] = asElements(
              b,
              loadStart(tile, segment, start,
                        b.add(tile.column, i % tile.vectors * b.lanes)),
              16);
        pairs = addPairsOfQuads(tile, firstStep, place, begin, end, pairs);
        for (auto [sum, pair] : llvm::zip_equal(carried, pairs))
          sums.push_back(widenPairs(b, sum, pair));
        return sums;
      });
}

} // namespace qopt

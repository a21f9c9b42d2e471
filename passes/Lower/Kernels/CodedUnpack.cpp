//===- CodedUnpack.cpp - Codes of a panel as bytes or bf16 ----------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/CodedProduct.h"
#include "passes/Lower/Kernels/Dots.h"

using namespace mlir;

namespace qopt {

static constexpr int64_t stepSize = PanelLayout::stepSize;

bool CodedProduct::isUnpacked() const {
  return codes.format().bits != 8 || unpacksBF16();
}

int64_t CodedProduct::unpackedStepBytes() const {
  return stepSize * panelColumns * (unpacksBF16() ? 2 : 1);
}

/// Elements 2 * pair and 2 * pair + 1 of a quad less their zero as bf16, two in
/// a dword: the upper halves of f32.
static Value makePair(KernelBuilder &b, Codes &codes, Value quad, int64_t pair,
                      Value zero) {
  Value halves[2];
  for (int64_t i = 0; i < 2; ++i)
    halves[i] = vector::BitCastOp::create(
        b, quad.getType(), b.subf(codes.element(quad, 2 * pair + i), zero));
  return arith::OrIOp::create(
      b, arith::ShRUIOp::create(b, halves[0], splatElements(b, 32, 16)),
      arith::AndIOp::create(b, halves[1], splatElements(b, 32, 0xffff0000)));
}

void CodedProduct::unpack(Value panelStart, Value beginSegment,
                          Value endSegment, Value target, Value to) {
  b.loop(beginSegment, endSegment, 1, [&](Value segment) {
    Value first = b.mul(b.sub(segment, beginSegment), codes.segmentSteps());
    unpackSteps(panelStart, segment, b.index(0), codes.stepsOf(segment), target,
                b.add(to, b.mul(first, unpackedStepBytes())),
                /*isStream=*/false);
  });
}

void CodedProduct::unpackSteps(Value panelStart, Value segment, Value firstStep,
                               Value steps, Value target, Value to,
                               bool isStream) {
  Value start = b.add(codes.segmentStart(panelStart, segment),
                      b.mul(firstStep, codes.layout.stepBytes()));
  SmallVector<Value> zeros;
  for (int64_t at = 0; at < panelColumns; at += b.lanes) {
    Value column = b.index(at);
    if (unpacksBF16()) {
      zeros.push_back(codes.zerosAsFloats(panelStart, segment, column));
    } else if (subtractsMiddle()) {
      zeros.push_back(splatElements(b, 8, codes.format().middle()));
    } else if (subtractsZeros()) {
      Value zero = arith::AndIOp::create(
          b, codes.zeros(panelStart, segment, column),
          splatElements(b, 32, 0xff)); // it may be negative
      Value each = splatElements(b, 32, 0x01010101);
      zeros.push_back(asElements(b, arith::MulIOp::create(b, zero, each), 8));
    }
  }
  b.loop(b.index(0), steps, 1, [&](Value step) {
    Value place = b.add(start, b.mul(step, codes.layout.stepBytes()));
    Value toStep = b.add(to, b.mul(step, unpackedStepBytes()));
    auto store = [&](Value dwords, int64_t row, int64_t column) {
      vector::StoreOp::create(b, asElements(b, dwords, 8), target,
                              b.add(toStep, (row * panelColumns + column) * 4));
    };
    for (int64_t quad = 0; quad < stepSize / 4; ++quad) {
      if (isStream)
        codes.prefetchQuad(place, quad, prefetchDistance);
      for (int64_t column = 0; column < panelColumns; column += b.lanes) {
        Value dword = codes.quad(place, quad, b.index(column));
        if (unpacksBF16()) {
          for (int64_t pair = 0; pair < 2; ++pair)
            store(makePair(b, codes, dword, pair, zeros[column / b.lanes]),
                  2 * quad + pair, column);
          continue;
        }
        Value bytes = asElements(b, dword, 8);
        if (!zeros.empty())
          bytes = arith::SubIOp::create(b, bytes, zeros[column / b.lanes]);
        store(bytes, quad, column);
      }
    }
  });
}

void CodedProduct::unpackFactors(Tile &tile) {
  if (groups == 1)
    return;
  Value scales = b.scratch(groups * panelColumns), zeros;
  if (hasZeros(tile))
    zeros = ScratchOp::create(b, MemRefType::get({groups * panelColumns},
                                                 zeroType().getElementType()));
  b.loop(b.index(0), b.index(groups), 1, [&](Value group) {
    for (int64_t column = 0; column < panelColumns; column += b.lanes) {
      Factors factors = factorsOf(tile, group, b.index(column));
      Value place = b.add(b.mul(group, panelColumns), column);
      b.store(factors.scale, scales, place);
      if (zeros)
        vector::StoreOp::create(b, factors.zero, zeros, place);
    }
  });
  tile.scales = scales;
  tile.zeros = zeros;
}

void CodedProduct::prefetchNext(const Tile &tile, Value row, Value rows) {
  Value height = b.index(tile.height), tiles = b.ceilDiv(rows, height);
  int64_t width = stripVectors * b.lanes;
  Value i = b.add(b.mul(b.div(tile.column, b.index(width)), tiles),
                  b.div(row, height));
  int64_t bytes = codes.layout.panelBytes();
  codes.prefetchShare(b.add(tile.panelStart, bytes), bytes, i,
                      b.mul(tiles, panelColumns / width));
}

} // namespace qopt

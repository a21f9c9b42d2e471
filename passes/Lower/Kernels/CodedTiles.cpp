//===- CodedTiles.cpp - Products of codes in AMX tiles --------------------===//
//
// Blocks of 32 rows and the 32 columns of a panel: 2 x 2 tiles of sums, two of
// inputs, two of codes. A row of a tile of codes is a dword of each of 16
// columns: four codes, the order that quads have in a panel, or, for inputs of
// bf16, two of them as bf16, which holds their integers exactly.
//
//===----------------------------------------------------------------------===//

#include "passes/Lower/Kernels/CodedTiles.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace qopt {

static constexpr int64_t stepSize = PanelLayout::stepSize;
static constexpr int64_t tileRows = TileRegisters::rows;

bool CodedProduct::usesTiles() const { return isTiled(items.plan.unit); }

bool CodedProduct::subtractsZeros() const {
  if (inputPlaces.hasUnsigned())
    return !subtractsMiddle();
  const Format &format = codes.format();
  return usesTiles() && format.bits < 8 &&
         (codes.hasConstantZero()
              ? codes.constantZero() <= 127
              : codes.hasIntegerZero() && format.zeroBits < 8);
}

static constexpr int64_t blockSize = 2 * tileRows * panelColumns;

/// Elements of K in a tile: groups are whole tiles.
static int64_t depthOf(const Codes &codes, bool isFloat) {
  bool hasWhole = codes.steps() * stepSize % 64 == 0 &&
                  (codes.layout.segments() == 1 || codes.groupSize() % 64 == 0);
  return hasWhole && !isFloat ? 64 : 32;
}

CodedProduct::TiledItem::TiledItem(CodedProduct &product,
                                   const CodedItems::Part &part)
    : product(product), codes(product.codes), b(product.b), part(part),
      plan(product.items.plan), isFloat(product.unpacksBF16()),
      elementBytes(isFloat ? 2 : 1), isCut(plan.blockK < product.paddedK),
      depth(depthOf(codes, isFloat)), rangeSteps(plan.blockK / stepSize),
      inputTileRow(plan.blockK * elementBytes * tileRows),
      sumType(isFloat ? Type(b.getF32Type()) : Type(b.getI32Type())),
      tiles(b, depth, elementBytes) {}

Value CodedProduct::TiledItem::bytesOf(int64_t bytes) {
  return ScratchOp::create(b, MemRefType::get({bytes}, b.getI8Type()));
}

void CodedProduct::TiledItem::emit() {
  tiles.setRows(b.min(part.rows, b.index(tileRows)));
  if (product.isUnpacked())
    unpacked = bytesOf(std::max(rangeSteps, 2 * streamSteps()) *
                       product.unpackedStepBytes());
  int64_t all = isCut
                    ? plan.blockRows * product.items.panelsOfMany * panelColumns
                    : blockSize;
  bool isScaled = product.groups > 1;
  words = ScratchOp::create(
      b, MemRefType::get({isScaled ? blockSize : all}, sumType));
  if (isScaled)
    scaled = b.scratch(all);
  Value whole = b.index(tileRows); // as constants rows are faster
  b.when(
      b.less(part.rows, b.add(whole, 1)),
      [&] {
        b.when(
            b.equal(part.rows, whole), [&] { emitStream(whole, true); },
            [&] { emitStream(part.rows, false); });
      },
      [&] { emitRanges(); });
  tiles.release();
}

void CodedProduct::TiledItem::startPanel(Value panel) {
  tile.vectors = panelColumns / b.lanes;
  tile.panel = panel;
  tile.panelStart = codes.panelStart(panel);
  tile.column = b.index(0);
  tile.hasZeros = !isFloat && !product.subtractsZeros();
  blockStart = b.index(0);
}

//===-- Ranges ------------------------------------------------------------===//

CodedProduct::TiledItem::Range CodedProduct::TiledItem::allOfK() {
  Value none = b.index(0);
  return {none, b.index(codes.steps()),
          none, b.index(codes.layout.segments()),
          {},   {}};
}

void CodedProduct::TiledItem::emitRanges() {
  if (isFloat)
    inputs = bytesOf(plan.blockRows / tileRows * inputTileRow);
  if (!isCut)
    return emitRange(allOfK());
  Value steps = b.index(codes.steps()), zero = b.index(0);
  b.loop(zero, steps, rangeSteps, [&](Value begin) {
    Value count = codes.steps() % rangeSteps == 0
                      ? b.index(rangeSteps)
                      : b.min(b.index(rangeSteps), b.sub(steps, begin));
    Value isLast = b.equal(b.add(begin, count), steps), segment = zero;
    if (codes.layout.segments() > 1)
      segment = b.div(begin, b.index(codes.segmentSteps()));
    emitRange({begin, count, segment,
               b.min(b.add(segment, segmentsOf(rangeSteps)),
                     b.index(codes.layout.segments())),
               b.equal(begin, zero), isLast});
  });
}

void CodedProduct::TiledItem::emitRange(const Range &range) {
  beginStep = range.beginStep;
  if (isFloat)
    copyInputs(range);
  constexpr int64_t height = 2 * tileRows;
  product.eachPanel(part, [&](Value panel) {
    startPanel(panel);
    if (unpacked && codes.layout.segments() == 1)
      product.unpackSteps(tile.panelStart, range.beginSegment, range.beginStep,
                          range.steps, unpacked, b.index(0),
                          /*isStream=*/false);
    else if (unpacked)
      product.unpack(tile.panelStart, range.beginSegment, range.endSegment,
                     unpacked, b.index(0));
    auto startBlock = [&](Value row) {
      prefetchNext(panel, row, range);
      if (isCut)
        blockStart = b.mul(
            b.add(b.mul(b.sub(panel, part.beginPanel), plan.blockRows), row),
            panelColumns);
    };
    product.eachWidth(panel, [&](int64_t columns) {
      Value whole = b.mul(b.div(part.rows, b.index(height)), height);
      b.loop(b.index(0), whole, height, [&](Value row) {
        startBlock(row);
        emitBlock(row, b.index(height), 2, /*isWhole=*/true, columns, range);
      });
      b.loop(whole, part.rows, tileRows, [&](Value row) {
        Value count = b.min(b.sub(part.rows, row), b.index(tileRows));
        startBlock(row);
        tiles.setRows(count);
        emitBlock(row, count, 1, /*isWhole=*/false, columns, range);
        tiles.setRows(b.index(tileRows)); // as the next panel wants them
      });
    });
  });
}

/// 16 rows of 64 bytes of K after 16 rows of 64 bytes, then the next rows.
void CodedProduct::TiledItem::copyInputs(const Range &range) {
  const int64_t elements = 64 / elementBytes;
  auto bytes = VectorType::get({64}, b.getI8Type());
  auto type = VectorType::get(
      {elements}, cast<MemRefType>(product.input.getType()).getElementType());
  Value begin = b.mul(range.beginStep, stepSize);
  Value count = b.div(b.mul(range.steps, stepSize), b.index(elements));
  b.loop(b.index(0), part.rows, 1, [&](Value row) {
    Value from =
        b.add(b.mul(b.add(part.firstRow, row), product.paddedK), begin);
    auto [tileRow, inside] = b.split(row, b.index(tileRows));
    Value to = b.add(b.mul(tileRow, inputTileRow), b.mul(inside, 64));
    b.loop(b.index(0), count, 1, [&](Value i) {
      Value data = vector::LoadOp::create(b, type, product.input,
                                          b.add(from, b.mul(i, elements)));
      vector::StoreOp::create(b, vector::BitCastOp::create(b, bytes, data),
                              inputs, b.add(to, b.mul(i, tileRows * 64)));
    });
  });
}

/// Fetches a block's share of the codes that come next: the next panel's, or
/// those of the next range and the item's first panel.
void CodedProduct::TiledItem::prefetchNext(Value panel, Value row,
                                           const Range &range) {
  int64_t bytes = codes.layout.segments() == 1
                      ? rangeSteps * codes.layout.stepBytes()
                      : segmentsOf(rangeSteps) * codes.layout.segmentBytes();
  auto start = [&](Value panel) {
    Value place =
        codes.segmentStart(codes.panelStart(panel), range.beginSegment);
    return codes.layout.segments() > 1
               ? place
               : b.add(place, b.mul(range.beginStep, codes.layout.stepBytes()));
  };
  Value next = b.add(panel, 1), place = start(next);
  if (isCut)
    place = b.choose(b.less(next, part.endPanel), place,
                     b.add(start(part.beginPanel), bytes));
  codes.prefetchShare(place, bytes, b.div(row, b.index(2 * tileRows)),
                      b.ceilDiv(part.rows, b.index(2 * tileRows)));
}

void CodedProduct::TiledItem::emitBlock(Value first, Value count, int64_t high,
                                        bool isWhole, int64_t columns,
                                        const Range &range) {
  auto clear = [&] { scaled ? clearScaled(high) : clearSums(high); };
  auto resume = [&] {
    for (int64_t r = 0; r < high && !scaled; ++r)
      for (int64_t c = 0; c < 2; ++c)
        tiles.load(r, c, words, blockStart);
  };
  if (range.isFirst)
    b.when(range.isFirst, clear, resume);
  else
    clear();
  if (scaled) {
    emitGroups(first, count, high, isWhole, range);
  } else {
    Value at = b.index(0);
    if (!unpacked)
      at = b.add(codes.segmentStart(tile.panelStart, range.beginSegment),
                 b.mul(range.beginStep, codes.layout.stepBytes()));
    multiply(first, high, beginStep, range.steps, at);
    storeSums(high, blockStart);
  }
  auto end = [&] {
    scaled ? finishScaled(first, count, isWhole, columns)
           : finishSums(first, count, isWhole, columns);
  };
  if (range.isLast)
    b.when(range.isLast, end);
  else
    end();
}

//===-- Streams -----------------------------------------------------------===//

void CodedProduct::TiledItem::emitStream(Value rows, bool isWhole) {
  tile.isStream = true;
  beginStep = b.index(0);
  Value none = b.index(0), steps = b.index(codes.steps());
  product.eachPanel(part, [&](Value panel) {
    startPanel(panel);
    product.eachWidth(panel, [&](int64_t columns) {
      if (scaled) {
        clearScaled(1);
        unpacked ? emitUnpackedGroups(rows, isWhole)
                 : emitGroups(none, rows, 1, isWhole, allOfK());
        return finishScaled(none, rows, isWhole, columns);
      }
      clearSums(1);
      if (!unpacked)
        multiply(none, 1, none, steps,
                 codes.segmentStart(tile.panelStart, none));
      else
        b.loop(none, steps, rangeSteps, [&](Value begin) {
          Value count = b.min(b.index(rangeSteps), b.sub(steps, begin));
          product.unpackSteps(tile.panelStart, none, begin, count, unpacked,
                              none, /*isStream=*/true);
          multiply(none, 1, begin, count, none);
        });
      storeSums(1, none);
      finishSums(none, rows, isWhole, columns);
    });
  });
  tile.isStream = false;
}

void CodedProduct::emitTiles(const CodedItems::Part &part) {
  TiledItem(*this, part).emit();
}

} // namespace qopt

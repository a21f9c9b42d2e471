//===- CodedTileSums.cpp - What tiles sum up, and its scaling -------------===//

#include "passes/Lower/Kernels/CodedTiles.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace qopt {

static constexpr int64_t stepSize = PanelLayout::stepSize;
static constexpr int64_t tileRows = TileRegisters::rows;
/// Rows whose sums are in registers at once when they are scaled.
static constexpr int64_t scaledRows = 8;

void CodedProduct::TiledItem::clearSums(int64_t high) {
  for (int64_t r = 0; r < high; ++r)
    for (int64_t c = 0; c < 2; ++c)
      tiles.clear(r, c);
}

void CodedProduct::TiledItem::storeSums(int64_t high, Value at) {
  for (int64_t r = 0; r < high; ++r)
    for (int64_t c = 0; c < 2; ++c)
      tiles.store(r, c, words, at);
}

void CodedProduct::TiledItem::clearScaled(int64_t high) {
  b.loop(b.index(0), b.index(high * tileRows * panelColumns), b.lanes,
         [&](Value i) { b.store(b.splat(0.0), scaled, b.add(blockStart, i)); });
}

SmallVector<Value> CodedProduct::TiledItem::inBlock(ArrayRef<Value> offsets) {
  return llvm::map_to_vector(
      offsets, [&](Value offset) { return b.add(blockStart, offset); });
}

void CodedProduct::TiledItem::eachRows(
    Value first, Value count, bool isWhole,
    llvm::function_ref<void(ArrayRef<Value>, Value)> body) {
  b.loop(b.index(0), count, scaledRows, [&](Value begin) {
    SmallVector<Value> offsets;
    Value last = b.sub(count, b.index(1));
    tile.rows.clear();
    for (int64_t r = 0; r < scaledRows; ++r) {
      Value row = b.add(begin, r);
      if (!isWhole)
        row = b.min(row, last);
      tile.rows.push_back(b.add(b.add(part.firstRow, first), row));
      offsets.push_back(b.mul(row, panelColumns));
    }
    body(offsets, begin);
  });
}

SmallVector<Value> CodedProduct::TiledItem::load(Value from, Type type,
                                                 ArrayRef<Value> offsets) {
  SmallVector<Value> vectors;
  for (Value offset : offsets)
    for (int64_t v = 0; v < tile.vectors; ++v)
      vectors.push_back(
          vector::LoadOp::create(b, VectorType::get({b.lanes}, type), from,
                                 b.add(offset, v * b.lanes)));
  return vectors;
}

void CodedProduct::TiledItem::finish(ArrayRef<Value> results, int64_t columns) {
  product.epilogue.emit(tile.rows, b.mul(tile.panel, panelColumns), columns,
                        results);
}

/// Adds products of `steps` steps of K to the sums of rows [first, first + 16 *
/// high) of the part.
void CodedProduct::TiledItem::multiply(Value first, int64_t high,
                                       Value firstStep, Value steps,
                                       Value codesAt) {
  Value bytes = unpacked ? unpacked : b.flatten(product.op.getWeight());
  b.loop(b.index(0), steps, depth / stepSize, [&](Value step) {
    loadInputs(first, high, b.add(firstStep, step));
    Value at = b.add(codesAt, b.mul(step, product.unpackedStepBytes()));
    if (tile.isStream && !unpacked && !scaled)
      for (int64_t quad = 0; quad < depth / 4; ++quad)
        codes.prefetchQuad(at, quad, product.prefetchDistance);
    for (int64_t c = 0; c < 2; ++c)
      tiles.loadCodes(c, bytes, b.add(at, c * 4 * tileRows));
    for (int64_t r = 0; r < high; ++r)
      for (int64_t c = 0; c < 2; ++c)
        tiles.add(r, c, /*isSigned=*/!tile.hasZeros);
  });
}

/// Codes and what was copied are tiles already; other floats are rows.
void CodedProduct::TiledItem::loadInputs(Value first, int64_t high,
                                         Value step) {
  Value row = b.add(part.firstRow, first), k = b.mul(step, stepSize);
  if (!isFloat) {
    Value from = product.inputPlaces.code(row, k);
    for (int64_t r = 0; r < high; ++r)
      tiles.loadInputs(r, product.input,
                       b.add(from, r * tileRows * codesInChunk), codesInChunk);
  } else if (tile.isStream) {
    int64_t rowBytes = product.paddedK * elementBytes;
    Value from = b.add(b.mul(row, rowBytes), b.mul(k, elementBytes));
    tiles.loadInputs(0, product.input, from, rowBytes);
  } else {
    Value inside = b.mul(b.sub(step, beginStep), stepSize * elementBytes);
    Value from = b.add(b.mul(b.div(first, b.index(tileRows)), inputTileRow),
                       b.mul(inside, tileRows));
    for (int64_t r = 0; r < high; ++r)
      tiles.loadInputs(r, inputs, b.add(from, r * inputTileRow), 64);
  }
}

void CodedProduct::TiledItem::multiplyGroup(Value first, int64_t high,
                                            Value group, Value codesAt) {
  clearSums(high);
  multiply(first, high, b.mul(group, codes.segmentSteps()),
           codes.stepsOf(group), codesAt);
}

void CodedProduct::TiledItem::scaleGroup(Value first, Value count, bool isWhole,
                                         Value group) {
  bool fetches = tile.isStream && !unpacked;
  eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets, Value begin) {
    if (fetches) // a few lines at a time
      codes.prefetchShare(b.add(codes.segmentStart(tile.panelStart, group),
                                product.prefetchDistance),
                          codes.layout.segmentBytes(),
                          b.div(begin, b.index(scaledRows)),
                          b.ceilDiv(count, b.index(scaledRows)));
    SmallVector<Value> sums = load(words, sumType, offsets);
    SmallVector<Value> places = inBlock(offsets);
    SmallVector<Value> results = product.addGroup(
        tile, group, sums, load(scaled, b.getF32Type(), places));
    for (auto [i, place] : llvm::enumerate(places))
      for (int64_t v = 0; v < tile.vectors; ++v)
        b.store(results[i * tile.vectors + v], scaled,
                b.add(place, v * b.lanes));
  });
}

/// Tiles work on a group while vectors scale the sums of the one before.
void CodedProduct::TiledItem::emitGroups(Value first, Value count, int64_t high,
                                         bool isWhole, const Range &range) {
  Value begin = range.beginSegment, end = range.endSegment;
  b.loop(begin, b.add(end, 1), 1, [&](Value group) {
    Value isThere = b.less(group, end);
    b.when(isThere, [&] {
      Value step = b.sub(b.mul(group, codes.segmentSteps()), beginStep);
      multiplyGroup(first, high, group,
                    unpacked ? b.mul(step, product.unpackedStepBytes())
                             : codes.segmentStart(tile.panelStart, group));
    });
    b.when(b.less(begin, group), [&] {
      scaleGroup(first, count, isWhole, b.sub(group, b.index(1)));
    });
    b.when(isThere, [&] { storeSums(high, b.index(0)); });
  });
}

/// Tiles work on a group of a stream while vectors unpack the next one.
void CodedProduct::TiledItem::emitUnpackedGroups(Value rows, bool isWhole) {
  Value none = b.index(0), end = b.index(codes.layout.segments());
  auto place = [&](Value group) {
    return b.mul(b.rem(group, b.index(2)),
                 streamSteps() * product.unpackedStepBytes());
  };
  auto unpack = [&](Value group) {
    product.unpackSteps(tile.panelStart, group, none, codes.stepsOf(group),
                        unpacked, place(group), /*isStream=*/true);
  };
  unpack(none);
  b.loop(none, end, 1, [&](Value group) {
    multiplyGroup(none, 1, group, place(group));
    storeSums(1, none);
    Value next = b.add(group, 1);
    b.when(b.less(next, end), [&] { unpack(next); });
    scaleGroup(none, rows, isWhole, group);
  });
}

void CodedProduct::TiledItem::finishSums(Value first, Value count, bool isWhole,
                                         int64_t columns) {
  eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets, Value) {
    SmallVector<Value> sums = load(words, sumType, inBlock(offsets));
    SmallVector<Value> zeros(sums.size(), b.splat(0.0));
    finish(product.addGroup(tile, b.index(0), sums, zeros), columns);
  });
}

void CodedProduct::TiledItem::finishScaled(Value first, Value count,
                                           bool isWhole, int64_t columns) {
  eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets, Value) {
    finish(load(scaled, b.getF32Type(), inBlock(offsets)), columns);
  });
}

} // namespace qopt

//===- AttentionBlock.cpp - Attention of a block of queries ---------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Lower/Kernels/Attention.h"

#include <limits>

using namespace mlir;

namespace qopt {

static constexpr double infinity = std::numeric_limits<double>::infinity();

/// Time steps of a block of keys. One query step meets each once, and so the
/// fewer blocks the better, as long as their scores stay in the first cache.
static int64_t blockSteps(const QueryRows &rows, int64_t height) {
  constexpr int64_t least = 256, most = 1024, scores = 4096;
  if (!rows.rowsAreHeads)
    return least;
  return std::clamp<int64_t>(llvm::alignDown(scores / height, panelColumns),
                             least, most);
}

QueryBlock::QueryBlock(KernelBuilder &b, const AttentionBuffers &buffers,
                       const QueryRows &rows)
    : b(b), buffers(buffers), rows(rows),
      height(std::min(rows.most, tileHeights(b.isa).front())),
      keyBlock(blockSteps(rows, height)),
      paddedRows(llvm::alignTo(rows.most, height)) {
  // A vector more than needed: rows do not share places of the cache.
  queryWidth = llvm::alignTo(buffers.D, b.lanes) + b.lanes;
  resultWidth = llvm::alignTo(buffers.E, b.lanes) + b.lanes;
  scoreWidth = keyBlock + b.lanes;
  queries = b.scratch(paddedRows * queryWidth);
  scores = b.scratch(height * scoreWidth);
  results = b.scratch(paddedRows * resultWidth);
  sumsOfRows = b.scratch(paddedRows * b.lanes);
  largestOfRows = b.scratch(height * b.lanes);
  // Vectors start where tiles do.
  for (Value *ofRows : {&maxima, &sums, &factors})
    *ofRows = b.scratch(paddedRows + b.lanes);
  if (!buffers.keyCache)
    packedKeys = b.scratch(keyBlock * buffers.D);
  if (buffers.padding)
    seen = b.scratch(keyBlock);
  if (buffers.keyCache) {
    Value head = buffers.headOf(b, rows.batchRow, rows.keyHead);
    keyScales = buffers.keyCache.scales(b, head);
    valueScales = buffers.valueCache.scales(b, head);
  }
  limit = buffers.steps;
  if (this->buffers.op.getCausal()) {
    Value end = b.add(buffers.past, rows.firstStep);
    end = b.add(end, rows.rowsAreHeads ? b.index(1) : rows.count);
    limit = b.min(limit, end);
  }
}

void QueryBlock::emit() {
  emitSums(b.index(0), limit);
  emitResults();
}

void QueryBlock::emitSums(Value begin, Value end) {
  emitStart();
  b.loop(begin, end, keyBlock, [&](Value first) {
    Value steps = b.min(b.index(keyBlock), b.sub(end, first));
    KeyBlock keys = {first, steps, b.ceilDiv(steps, b.index(panelColumns))};
    if (buffers.padding)
      keys.isUnpadded = emitPadding(keys);
    emitKeyBlock(keys);
  });
  emitTotals();
}

void QueryBlock::emitResults() {
  b.loop(b.index(0), rows.count, 1, [&](Value row) { emitResult(row); });
}

/// Queries are copied and scaled; the rows that fill the last tile are the
/// last.
void QueryBlock::emitStart() {
  Value scale = b.splat(buffers.op.getScale().convertToDouble());
  Value padded = b.mul(b.ceilDiv(rows.count, b.index(height)), height);
  b.loop(b.index(0), padded, 1, [&](Value row) {
    Value source = b.min(row, b.sub(rows.count, b.index(1)));
    Value from = b.add(rows.queryStart, b.mul(source, rows.queryStride));
    Value to = b.mul(row, queryWidth);
    b.eachVector(buffers.D, [&](Value i, int64_t count) {
      b.store(b.mulf(b.load(buffers.query, b.add(from, i), count), scale),
              queries, b.add(to, i));
    });
    b.eachVector(
        int64_t(llvm::alignTo(buffers.E, b.lanes)), [&](Value i, int64_t) {
          b.store(b.splat(0.0), results, b.add(b.mul(row, resultWidth), i));
        });
    b.store(b.splat(0.0), sumsOfRows, b.mul(row, b.lanes));
  });
  b.loop(b.index(0), padded, b.lanes,
         [&](Value row) { b.store(b.splat(-infinity), maxima, row); });
}

/// How many steps of the block a row sees; may be negative.
Value QueryBlock::visibleSteps(const KeyBlock &keys, Value row) {
  if (!buffers.op.getCausal() || rows.rowsAreHeads)
    return keys.steps;
  Value end = b.add(b.add(buffers.past, rows.firstStep), b.add(row, 1));
  return b.min(keys.steps, b.sub(end, keys.first));
}

/// One query step reads them once, too, a line between thousands of codes: the
/// CPU does not fetch them ahead by itself.
void QueryBlock::prefetchScales(const KeyBlock &keys) {
  constexpr int64_t line = 64 / sizeof(float);
  if (!keyScales || !rows.rowsAreHeads)
    return;
  b.loop(b.index(0), keys.steps, line, [&](Value i) {
    for (Value scales : {keyScales, valueScales})
      b.prefetch(scales, b.add(keys.first, i));
  });
}

void QueryBlock::emitKeyBlock(const KeyBlock &keys) {
  prefetchScales(keys);
  Value panelStart = emitKeyPanels(keys);
  // Rows before the first step of the block see none of it.
  Value first = b.index(0);
  if (buffers.op.getCausal() && !rows.rowsAreHeads) {
    Value seeing = b.sub(keys.first, b.add(buffers.past, rows.firstStep));
    seeing = b.max(seeing, b.index(0));
    first = b.mul(b.div(seeing, b.index(height)), height);
  }
  b.loop(first, rows.count, height, [&](Value row) {
    Tile tile = {row, visibleSteps(keys, b.add(row, height - 1))};
    emitScores(keys, tile, panelStart);
    emitSoftmax(keys, tile);
    emitValues(keys, tile);
  });
}

/// How far a tile runs ahead of steps `stride` elements apart, in elements. One
/// query step reads keys and values once, a block of each by turns, so that the
/// next block of either begins to come when this one ends. Many query steps
/// find keys and values in the CPU's caches.
Value QueryBlock::prefetch(Value buffer, int64_t stride) {
  if (!rows.rowsAreHeads)
    return nullptr;
  auto type = cast<MemRefType>(buffer.getType());
  int64_t bytes = stride * type.getElementTypeBitWidth() / 8;
  return b.mul(b.ceilDiv(buffers.prefetchDistance, b.index(bytes)), stride);
}

/// Where the panels of the block start in packedKeys or the cache.
Value QueryBlock::emitKeyPanels(const KeyBlock &keys) {
  if (packedKeys) {
    emitKeyPacking(b, buffers, rows.batchRow, rows.keyHead, keys.first,
                   keys.panels, packedKeys);
    return b.index(0);
  }
  Value head = buffers.headOf(b, rows.batchRow, rows.keyHead);
  return b.add(buffers.keyCache.headStart(b, head),
               b.mul(keys.first, buffers.D));
}

void QueryBlock::emitScores(const KeyBlock &keys, const Tile &tile,
                            Value panelStart) {
  Value panels = packedKeys ? packedKeys : buffers.keyCache.memory;
  TileShape shape = widestTile(b.isa, height, panelColumns / b.lanes);
  int64_t width = shape.vectors * b.lanes;
  b.loop(b.index(0), tile.steps, width, [&](Value i) {
    auto [panel, column] = b.split(i, b.index(panelColumns));
    Value right = b.add(panelStart, b.mul(panel, buffers.D * panelColumns));
    TileOperands operands = {
        queries,
        rowStarts(b, tile.row, height, b.index(queryWidth), b.index(0)),
        panels,
        b.add(right, column),
        panelColumns,
        width,
        prefetch(panels, panelColumns)};
    SmallVector<Value> scoresOfTile =
        emitTile(b, shape, operands, b.index(buffers.D));
    for (auto [n, score] : llvm::enumerate(scoresOfTile)) {
      Value at = b.add(i, n % shape.vectors * b.lanes);
      if (keyScales)
        score = b.mulf(score, b.load(keyScales, b.add(keys.first, at)));
      b.store(score, scores, b.add(at, n / shape.vectors * scoreWidth));
    }
  });
}

void QueryBlock::emitValues(const KeyBlock &keys, const Tile &tile) {
  int64_t vectors = llvm::divideCeil(buffers.E, b.lanes);
  int64_t width = widestTile(b.isa, height, vectors).vectors * b.lanes;
  int64_t whole = buffers.E / width * width, rest = buffers.E - whole;
  b.loop(b.index(0), b.index(whole), width, [&](Value column) {
    emitValueTile(keys, tile, column, width, width / b.lanes);
  });
  if (rest)
    emitValueTile(keys, tile, b.index(whole), rest,
                  llvm::divideCeil(rest, b.lanes));
}

/// results[row..][column..] = results * factors + scores * values
void QueryBlock::emitValueTile(const KeyBlock &keys, const Tile &tile,
                               Value column, int64_t columns, int64_t vectors) {
  TileShape shape = widestTile(b.isa, height, vectors);
  shape.vectors = vectors;
  int64_t stride = buffers.valueStride();
  Value values = buffers.valueStart(b, rows.batchRow, rows.keyHead);
  TileOperands operands = {
      scores,
      rowStarts(b, b.index(0), height, b.index(scoreWidth), b.index(0)),
      buffers.values(),
      b.add(b.add(values, b.mul(keys.first, stride)), column),
      stride,
      columns,
      prefetch(buffers.values(), stride)};
  SmallVector<Value> places, start;
  for (int64_t r = 0; r < height; ++r) {
    Value factor = b.loadSplat(factors, b.index(r));
    Value place = b.add(b.mul(b.add(tile.row, r), resultWidth), column);
    for (int64_t v = 0; v < vectors; ++v) {
      places.push_back(b.add(place, v * b.lanes));
      start.push_back(b.mulf(b.load(results, places.back()), factor));
    }
  }
  SmallVector<Value> sums = emitTile(b, shape, operands, tile.steps, start);
  for (auto [sum, place] : llvm::zip_equal(sums, places))
    b.store(sum, results, place);
}

void QueryBlock::emitResult(Value row) {
  Value out = b.add(rows.outStart, b.mul(row, rows.outStride));
  Value sum = b.loadScalar(sums, row);
  Value isEmpty =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, b.constant(0.0));
  EmptyRow emptyRow = buffers.op.getEmptyRow();
  double ofEmpty =
      emptyRow == EmptyRow::NaN ? std::numeric_limits<double>::quiet_NaN() : 0;
  auto normal = [&] {
    Value inverse = b.divf(b.constant(1.0), sum);
    inverse = b.splat(b.choose(isEmpty, b.constant(ofEmpty), inverse));
    b.eachVector(buffers.E, [&](Value i, int64_t count) {
      Value result = b.load(results, b.add(b.mul(row, resultWidth), i));
      b.store(b.mulf(result, inverse), buffers.out, b.add(out, i), count);
    });
  };
  if (emptyRow != EmptyRow::Mean)
    return normal();
  b.when(
      isEmpty, [&] { emitMean(out); }, normal);
}

/// The mean of all values.
void QueryBlock::emitMean(Value out) {
  Value values = buffers.valueStart(b, rows.batchRow, rows.keyHead);
  Value number =
      arith::SIToFPOp::create(b, b.getF32Type(), b.toI32(buffers.steps));
  b.eachVector(buffers.E, [&](Value i, int64_t count) {
    SmallVector<Value> sum =
        b.loop(b.index(0), buffers.steps, 1, {b.splat(0.0)},
               [&](Value t, ValueRange carried) -> SmallVector<Value> {
                 Value at =
                     b.add(b.add(values, b.mul(t, buffers.valueStride())), i);
                 Value x = b.load(buffers.values(), at, count);
                 if (valueScales)
                   x = b.mulf(x, b.loadSplat(valueScales, t));
                 return {b.addf(carried[0], x)};
               });
    b.store(b.divf(sum[0], b.splat(number)), buffers.out, b.add(out, i), count);
  });
}

} // namespace qopt

//===- AttentionBlock.cpp - Attention of a block of queries ---------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/Attention.h"

#include <limits>

using namespace mlir;

namespace qopt {

static constexpr double infinity = std::numeric_limits<double>::infinity();

QueryBlock::QueryBlock(KernelBuilder &b, const AttentionBuffers &buffers,
                       const QueryRows &rows)
    : b(b), buffers(buffers), rows(rows),
      keyBlock(rows.rowsAreHeads ? 256 : 128),
      height(std::min(rows.most, tileHeights(b.isa).front())),
      paddedRows(llvm::alignTo(rows.most, height)) {
  // A vector more than needed: rows do not share places of the cache.
  queryWidth = llvm::alignTo(buffers.D, b.lanes) + b.lanes;
  resultWidth = llvm::alignTo(buffers.E, b.lanes) + b.lanes;
  scoreWidth = keyBlock + b.lanes;
  queries = b.scratch(paddedRows * queryWidth);
  scores = b.scratch(paddedRows * scoreWidth);
  results = b.scratch(paddedRows * resultWidth);
  int64_t vectorRows = llvm::alignTo(paddedRows, b.lanes);
  for (Value *ofRows : {&maxima, &maximaBefore, &sums, &blockSums, &factors})
    *ofRows = b.scratch(vectorRows);
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
    emitKeyBlock({first, steps, b.ceilDiv(steps, b.index(panelColumns))});
  });
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
  });
  b.loop(b.index(0), padded, b.lanes, [&](Value row) {
    for (Value ofRows : {maxima, maximaBefore})
      b.store(b.splat(-infinity), ofRows, row);
    for (Value ofRows : {sums, blockSums, factors})
      b.store(b.splat(0.0), ofRows, row);
  });
}

void QueryBlock::emitKeyBlock(const KeyBlock &keys) {
  emitScores(keys);
  if (buffers.padding)
    emitPadding(keys);
  b.loop(b.index(0), rows.count, 1, [&](Value row) { emitSoftmax(keys, row); });
  emitFactors();
  emitValues(keys);
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

void QueryBlock::emitScores(const KeyBlock &keys) {
  Value panels = packedKeys, base = b.index(0);
  if (packedKeys) {
    emitKeyPacking(b, buffers, rows.batchRow, rows.keyHead, keys.first,
                   keys.panels, packedKeys);
  } else {
    panels = buffers.keyCache.memory;
    Value head = buffers.headOf(b, rows.batchRow, rows.keyHead);
    base = b.add(buffers.keyCache.headStart(b, head),
                 b.mul(keys.first, buffers.D));
  }
  TileShape shape = widestTile(b.isa, height, panelColumns / b.lanes);
  int64_t width = shape.vectors * b.lanes;
  b.loop(b.index(0), b.mul(keys.panels, panelColumns), width, [&](Value i) {
    auto [panel, column] = b.split(i, b.index(panelColumns));
    Value right =
        b.add(b.add(base, b.mul(panel, buffers.D * panelColumns)), column);
    b.loop(b.index(0), rows.count, height, [&](Value row) {
      TileOperands operands = {
          queries,
          rowStarts(b, row, height, b.index(queryWidth), b.index(0)),
          panels,
          right,
          panelColumns,
          width,
          prefetch(panels, panelColumns)};
      SmallVector<Value> tile =
          emitTile(b, shape, operands, b.index(buffers.D));
      SmallVector<Value> to =
          rowStarts(b, row, height, b.index(scoreWidth), b.index(0));
      for (auto [n, score] : llvm::enumerate(tile)) {
        Value at = b.add(i, n % shape.vectors * b.lanes);
        if (keyScales)
          score = b.mulf(score, b.load(keyScales, b.add(keys.first, at)));
        b.store(score, scores, b.add(to[n / shape.vectors], at));
      }
    });
  });
}

/// seen[i] is 1 where padding lets the step be seen.
void QueryBlock::emitPadding(const KeyBlock &keys) {
  Value row = b.mul(rows.batchRow, b.dim(buffers.op.getPadding(), 1));
  b.loop(b.index(0), keys.steps, 1, [&](Value i) {
    Value value =
        b.loadScalar(buffers.padding, b.add(b.add(row, keys.first), i));
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(value.getType()));
    Value isSeen =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value, zero);
    b.storeScalar(b.choose(isSeen, b.constant(1.0), b.constant(0.0)), seen, i);
  });
}

/// Where the mask of a row starts.
Value QueryBlock::maskRow(Value row) {
  Value mask = buffers.op.getMask();
  Value head = rows.firstHead, step = rows.firstStep;
  (rows.rowsAreHeads ? head : step) =
      b.add(rows.rowsAreHeads ? head : step, row);
  auto clamped = [&](Value i, int64_t dimension) {
    return b.min(i, b.sub(b.dim(mask, dimension), b.index(1)));
  };
  Value start =
      b.add(b.mul(clamped(rows.batchRow, 0), b.dim(mask, 1)), clamped(head, 1));
  start = b.add(b.mul(start, b.dim(mask, 2)), step);
  return b.mul(start, b.dim(mask, 3));
}

/// Scores i.. of a row; minus infinity for those at `visible` steps or beyond
/// and those that padding hides. What stands there may be anything.
Value QueryBlock::maskedScores(const KeyBlock &keys, Value row, Value i,
                               Value visible) {
  Value score = b.load(scores, b.add(b.mul(row, scoreWidth), i));
  if (buffers.mask) {
    Value at = b.add(b.add(maskRow(row), keys.first), i);
    Value left = b.max(b.sub(keys.steps, i), b.index(0));
    score = b.addf(score, b.loadFirst(buffers.mask, at, left));
  }
  Value isSeen = b.mask(b.sub(visible, i));
  if (buffers.padding) {
    Value isThere = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                          b.load(seen, i), b.splat(1.0));
    isSeen = arith::AndIOp::create(b, isSeen, isThere);
  }
  return b.choose(isSeen, score, b.splat(-infinity));
}

Value emitExp(KernelBuilder &b, Value scores, Value maximum) {
  Value hidden = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scores,
                                       b.splat(-infinity));
  // Not exp(-infinity): denormal numbers on its way cost a hundred cycles each.
  Value seen = b.choose(hidden, b.splat(0.0), b.subf(scores, maximum));
  return b.choose(hidden, b.splat(0.0), math::ExpOp::create(b, seen));
}

/// Scores become exp(score - largest so far), times the scales of values, if
/// any.
void QueryBlock::emitSoftmax(const KeyBlock &keys, Value row) {
  Value visible = keys.steps;
  if (buffers.op.getCausal() && !rows.rowsAreHeads) {
    Value end = b.add(b.add(buffers.past, rows.firstStep), b.add(row, 1));
    visible = b.min(visible, b.sub(end, keys.first));
  }
  Value width = b.mul(keys.panels, panelColumns);
  Value start = b.mul(row, scoreWidth);
  SmallVector<Value> largest =
      b.loop(b.index(0), width, b.lanes, {b.splat(-infinity)},
             [&](Value i, ValueRange carried) -> SmallVector<Value> {
               Value score = maskedScores(keys, row, i, visible);
               b.store(score, scores, b.add(start, i));
               return {b.maxf(score, carried[0])};
             });
  Value before = b.loadScalar(maxima, row);
  Value maximum = b.maxf(b.maxLanes(largest[0]), before);
  b.storeScalar(before, maximaBefore, row);
  b.storeScalar(maximum, maxima, row);
  Value reference = b.splat(maximum);
  SmallVector<Value> sum =
      b.loop(b.index(0), width, b.lanes, {b.splat(0.0)},
             [&](Value i, ValueRange carried) -> SmallVector<Value> {
               Value at = b.add(start, i);
               Value exp = emitExp(b, b.load(scores, at), reference);
               Value weight = exp;
               if (valueScales)
                 weight =
                     b.mulf(exp, b.load(valueScales, b.add(keys.first, i)));
               b.store(weight, scores, at);
               return {b.addf(carried[0], exp)};
             });
  b.storeScalar(b.sumLanes(sum[0]), blockSums, row);
}

/// Of all rows: what results of earlier blocks are to be multiplied by, and
/// their sums.
void QueryBlock::emitFactors() {
  b.loop(b.index(0), rows.count, b.lanes, [&](Value row) {
    Value factor = emitExp(b, b.load(maximaBefore, row), b.load(maxima, row));
    b.store(factor, factors, row);
    b.store(b.multiplyAdd(b.load(sums, row), factor, b.load(blockSums, row)),
            sums, row);
  });
}

void QueryBlock::emitValues(const KeyBlock &keys) {
  int64_t vectors = llvm::divideCeil(buffers.E, b.lanes);
  int64_t width = widestTile(b.isa, height, vectors).vectors * b.lanes;
  int64_t whole = buffers.E / width * width, rest = buffers.E - whole;
  b.loop(b.index(0), rows.count, height, [&](Value row) {
    b.loop(b.index(0), b.index(whole), width, [&](Value column) {
      emitValueTile(keys, row, column, width, width / b.lanes);
    });
    if (rest)
      emitValueTile(keys, row, b.index(whole), rest,
                    llvm::divideCeil(rest, b.lanes));
  });
}

/// results[row..][column..] = results * factors + scores * values
void QueryBlock::emitValueTile(const KeyBlock &keys, Value row, Value column,
                               int64_t columns, int64_t vectors) {
  TileShape shape = widestTile(b.isa, height, vectors);
  shape.vectors = vectors;
  int64_t stride = buffers.valueStride();
  Value values = buffers.valueStart(b, rows.batchRow, rows.keyHead);
  TileOperands operands = {
      scores,
      rowStarts(b, row, height, b.index(scoreWidth), b.index(0)),
      buffers.values(),
      b.add(b.add(values, b.mul(keys.first, stride)), column),
      stride,
      columns,
      prefetch(buffers.values(), stride)};
  SmallVector<Value> places, start;
  for (int64_t r = 0; r < height; ++r) {
    Value factor = b.loadSplat(factors, b.add(row, r));
    Value place = b.add(b.mul(b.add(row, r), resultWidth), column);
    for (int64_t v = 0; v < vectors; ++v) {
      places.push_back(b.add(place, v * b.lanes));
      start.push_back(b.mulf(b.load(results, places.back()), factor));
    }
  }
  SmallVector<Value> tile = emitTile(b, shape, operands, keys.steps, start);
  for (auto [sum, place] : llvm::zip_equal(tile, places))
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

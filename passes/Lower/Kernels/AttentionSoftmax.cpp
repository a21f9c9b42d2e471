//===- AttentionSoftmax.cpp - Scores of a tile become weights -------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/Attention.h"

#include <limits>

using namespace mlir;

namespace qopt {

static constexpr double infinity = std::numeric_limits<double>::infinity();

/// exp(x) = exp(r) 2^n, n = round(x / ln 2), |r| <= ln 2 / 2. math.exp keeps to
/// 1.5 units in the last place; weights of attention do not need that, and this
/// has fewer instructions.
Value emitExp(KernelBuilder &b, Value scores, Value maximum) {
  // Below, powers of two are denormal numbers, which cost a hundred cycles.
  constexpr double least = -87.25;
  // Infinities have no difference.
  constexpr double lowest = std::numeric_limits<float>::lowest();
  Value difference = b.subf(scores, b.maxf(maximum, b.splat(lowest)));
  Value hidden = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, difference,
                                       b.splat(least));
  Value x = b.maxf(b.splat(least), difference); // NaN stays

  // Adding 1.5 * 2^23 leaves the nearest integer in the low bits, here with the
  // bias of an exponent.
  constexpr double magic = 12582912 + 127;
  Value shifted =
      b.multiplyAdd(x, b.splat(1.44269504088896341), b.splat(magic));
  Value n = b.subf(shifted, b.splat(magic));
  Value r = b.multiplyAdd(n, b.splat(-0.693147180559945309), x);
  // on [-ln 2 / 2, ln 2 / 2], relative error 1.1e-7
  Value p = b.splat(8.312477660e-03);
  for (double c : {4.189055017e-02, 1.666711631e-01, 4.999922882e-01, 1.0, 1.0})
    p = b.multiplyAdd(p, r, b.splat(c));
  auto integers = VectorType::get({b.lanes}, b.getI32Type());
  Value bits = arith::BitcastOp::create(b, integers, shifted);
  Value mantissa = arith::ConstantOp::create(
      b, DenseElementsAttr::get(integers, APInt(32, 23)));
  Value power = arith::BitcastOp::create(
      b, b.vectorType, arith::ShLIOp::create(b, bits, mantissa));
  return b.choose(hidden, b.splat(0.0), b.mulf(p, power));
}

/// Lane r: `combine` over the lanes of rows[r]; `neutral` for rows beyond.
static Value reduceRows(KernelBuilder &b, SmallVector<Value> rows,
                        Value neutral,
                        function_ref<Value(Value, Value)> combine) {
  rows.resize(b.lanes, neutral);
  for (int64_t half = b.lanes / 2; half > 0; half /= 2) {
    SmallVector<int64_t> kept, other;
    for (int64_t i = 0; i < b.lanes; ++i) {
      kept.push_back(i & half ? b.lanes + i : i);
      other.push_back(kept.back() ^ half);
    }
    for (int64_t r = 0; r < half; ++r) {
      Value first = rows[r], second = rows[r + half];
      rows[r] = combine(b.shuffle(first, second, kept),
                        b.shuffle(first, second, other));
    }
  }
  return rows.front();
}

/// emit(row, vector) for the rows of a tile, as many at a time as there are
/// lanes: lane r is `combine` over the lanes of the vector of row + r.
void QueryBlock::reduceTile(Value rowVectors, Value first, double neutral,
                            function_ref<Value(Value, Value)> combine,
                            function_ref<void(Value, Value)> emit) {
  for (int64_t row = 0; row < height; row += b.lanes) {
    SmallVector<Value> vectors;
    for (int64_t r = row; r < std::min(row + b.lanes, height); ++r)
      vectors.push_back(b.load(rowVectors, b.mul(b.add(first, r), b.lanes)));
    emit(b.index(row), reduceRows(b, vectors, b.splat(neutral), combine));
  }
}

/// seen[i] is 1 where padding lets the step be seen. Whether all are.
Value QueryBlock::emitPadding(const KeyBlock &keys) {
  Value row = b.mul(rows.batchRow, b.dim(buffers.op.getPadding(), 1));
  Value start = b.add(row, keys.first);
  auto isSeen = [&](Value padding) -> Value {
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(padding.getType()));
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, padding, zero);
  };
  // Vectors of i1 have bits where buffers have bytes.
  Type element = cast<MemRefType>(buffers.padding.getType()).getElementType();
  bool hasVectors = !element.isInteger(1);
  Value whole = b.index(0);
  Value all = arith::ConstantIntOp::create(b, 1, 1);
  if (hasVectors) {
    auto type = VectorType::get({b.lanes}, element);
    whole = b.mul(b.div(keys.steps, b.index(b.lanes)), b.lanes);
    Value seenByAll =
        b.loop(b.index(0), whole, b.lanes, {b.mask(b.lanes, b.lanes)},
               [&](Value i, ValueRange carried) -> SmallVector<Value> {
                 Value bits = isSeen(vector::LoadOp::create(
                     b, type, buffers.padding, b.add(start, i)));
                 b.store(b.choose(bits, b.splat(1.0), b.splat(0.0)), seen, i);
                 return {arith::AndIOp::create(b, carried[0], bits)};
               })[0];
    all = vector::ReductionOp::create(b, vector::CombiningKind::AND, seenByAll);
  }
  return b.loop(
      whole, keys.steps, 1, {all},
      [&](Value i, ValueRange carried) -> SmallVector<Value> {
        Value bit = isSeen(b.loadScalar(buffers.padding, b.add(start, i)));
        b.storeScalar(b.choose(bit, b.constant(1.0), b.constant(0.0)), seen, i);
        return {arith::AndIOp::create(b, carried[0], bit)};
      })[0];
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

/// A vector of the scores of a row; minus infinity for those at `visible` steps
/// or beyond and those that padding hides. What stands there may be anything.
Value QueryBlock::maskedScores(const KeyBlock &keys, Value row, Value score,
                               Value i, Value visible) {
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

/// Hides what the row does not see; its vector of largest scores.
void QueryBlock::emitLargest(const KeyBlock &keys, const Tile &tile,
                             Value row) {
  Value start = b.mul(row, scoreWidth);
  Value ofBlock = b.add(tile.row, row), visible = visibleSteps(keys, ofBlock);
  SmallVector<Value> largest = {b.splat(-infinity)};
  Value whole = b.index(0);
  if (!buffers.mask) {
    Value seenByAll = b.max(visible, b.index(0));
    if (buffers.padding)
      seenByAll = b.choose(keys.isUnpadded, seenByAll, whole);
    whole = b.mul(b.div(seenByAll, b.index(b.lanes)), b.lanes);
    largest = b.loop(b.index(0), whole, b.lanes, largest,
                     [&](Value i, ValueRange carried) -> SmallVector<Value> {
                       Value score = b.load(scores, b.add(start, i));
                       return {b.maxf(score, carried[0])};
                     });
  }
  largest = b.loop(whole, tile.steps, b.lanes, largest,
                   [&](Value i, ValueRange carried) -> SmallVector<Value> {
                     Value at = b.add(start, i);
                     Value score = maskedScores(keys, ofBlock,
                                                b.load(scores, at), i, visible);
                     b.store(score, scores, at);
                     return {b.maxf(score, carried[0])};
                   });
  b.store(largest[0], largestOfRows, b.mul(row, b.lanes));
}

/// The largest scores so far, and what results and sums of earlier blocks are
/// to be multiplied by.
void QueryBlock::emitFactors(const Tile &tile) {
  auto largest = [&](Value x, Value y) { return b.maxf(x, y); };
  reduceTile(largestOfRows, b.index(0), -infinity, largest,
             [&](Value row, Value ofBlock) {
               Value at = b.add(tile.row, row);
               Value before = b.load(maxima, at);
               Value maximum = b.maxf(ofBlock, before);
               b.store(emitExp(b, before, maximum), factors, row);
               b.store(maximum, maxima, at);
             });
}

/// Scores become exp(score - largest so far), times the scales of values, if
/// any.
void QueryBlock::emitWeights(const KeyBlock &keys, const Tile &tile,
                             Value row) {
  Value start = b.mul(row, scoreWidth), ofBlock = b.add(tile.row, row);
  Value reference = b.loadSplat(maxima, ofBlock);
  Value place = b.mul(ofBlock, b.lanes);
  Value before = b.mulf(b.load(sumsOfRows, place), b.loadSplat(factors, row));
  SmallVector<Value> sum =
      b.loop(b.index(0), tile.steps, b.lanes, {before},
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
  b.store(sum[0], sumsOfRows, place);
}

void QueryBlock::emitSoftmax(const KeyBlock &keys, const Tile &tile) {
  Value count = b.min(b.index(height), b.sub(rows.count, tile.row));
  b.loop(b.index(0), count, 1,
         [&](Value row) { emitLargest(keys, tile, row); });
  emitFactors(tile);
  b.loop(b.index(0), count, 1,
         [&](Value row) { emitWeights(keys, tile, row); });
}

/// The sum of weights of each row.
void QueryBlock::emitTotals() {
  auto sum = [&](Value x, Value y) { return b.addf(x, y); };
  b.loop(b.index(0), rows.count, height, [&](Value first) {
    reduceTile(sumsOfRows, first, 0.0, sum, [&](Value row, Value total) {
      b.store(total, sums, b.add(first, row));
    });
  });
}

} // namespace qopt

//===- CodedProduct.cpp - Products with a weight of codes -----------------===//

#include "passes/Lower/Kernels/CodedProduct.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/Dots.h"

using namespace mlir;

namespace qopt {

static constexpr int64_t stepSize = PanelLayout::stepSize;
/// Steps of a group that follow one another without a loop.
static constexpr int64_t unrolledSteps = 4;

CodedProduct::CodedProduct(KernelBuilder &b, MatmulOp op)
    : items(b, op), b(b), op(op),
      codes(b, op.getQuantizedWeight().getPanels(), b.flatten(op.getWeight())),
      N(codes.layout.N), K(codes.layout.K), paddedK(codes.steps() * stepSize),
      groups(codes.format().groups(K)), M(b.rows(op.getInput())),
      input(b.flatten(op.getInput())), epilogue(b, op),
      plan(planProduct(shapeOf(op), b.isa, fewRows)),
      stripVectors(plan.tileColumns / b.lanes) {
  if (op.getInputScales()) {
    inputScales = b.flatten(op.getInputScales());
    inputSums = b.flatten(op.getInputSums());
  }
  prefetchDistance = PrefetchDistanceOp::create(b, b.getIndexType());
}

//===-- Items -------------------------------------------------------------===//

void CodedProduct::emitFew(Value item) {
  prepareRows();
  int64_t whole = N / panelColumns, rest = N % panelColumns;
  CodedItems::Part part = items.few(item);
  b.loop(part.beginPanel, b.min(part.endPanel, b.index(whole)), 1,
         [&](Value panel) {
           emitPanel(tileOf(panel), panelColumns, b.index(0), M);
         });
  if (rest)
    b.when(b.less(b.index(whole), part.endPanel),
           [&] { emitPanel(tileOf(b.index(whole)), rest, b.index(0), M); });
}

void CodedProduct::emitMany(Value item) {
  CodedItems::Part part = items.many(item);
  if (usesTiles())
    return emitTiles(part);
  eachPanel(part, [&](Value panel) { emitManyPanel(panel, part); });
}

void CodedProduct::emitManyPanel(Value panel, const CodedItems::Part &part) {
  Tile tile = tileOf(panel);
  if (isUnpacked()) {
    tile.unpacked = ScratchOp::create(
        b,
        MemRefType::get({codes.steps() * unpackedStepBytes()}, b.getI8Type()));
    unpack(tile.panelStart, b.index(0), b.index(codes.layout.segments()),
           tile.unpacked, b.index(0));
    unpackFactors(tile);
  }
  eachWidth(panel, [&](int64_t columns) {
    emitPanel(tile, columns, part.firstRow, part.rows);
  });
}

void CodedProduct::eachPanel(const CodedItems::Part &part,
                             llvm::function_ref<void(Value panel)> emit) {
  if (items.panelsOfMany == 1)
    return emit(part.beginPanel);
  b.loop(part.beginPanel, b.min(part.endPanel, b.index(items.panels)), 1, emit);
}

void CodedProduct::eachWidth(Value panel,
                             llvm::function_ref<void(int64_t columns)> emit) {
  int64_t whole = N / panelColumns, rest = N % panelColumns;
  if (!rest)
    return emit(panelColumns);
  b.when(
      b.less(panel, b.index(whole)), [&] { emit(panelColumns); },
      [&] { emit(rest); });
}

/// Float rows as f32 with zeros behind K, copied where they are not that, and
/// the sums of their groups.
void CodedProduct::prepareRows() {
  if (hasCodedInput())
    return;
  rowData = input;
  inputStride = K;
  bool isF32 = cast<MemRefType>(input.getType()).getElementType().isF32();
  if (paddedK != K || !isF32) {
    inputStride = paddedK;
    rowData = b.scratch(fewRows * paddedK);
    b.loop(b.index(0), M, 1, [&](Value row) {
      Value from = b.mul(row, K), to = b.mul(row, paddedK);
      b.eachVector(K, [&](Value i, int64_t count) {
        b.store(b.load(input, b.add(from, i), count), rowData, b.add(to, i),
                count);
      });
      for (int64_t i = K; i < paddedK; ++i)
        b.storeScalar(b.constant(0), rowData, b.add(to, i));
    });
  }
  if (codes.hasConstantZero() && codes.constantZero() == 0)
    return;
  rowSums = b.scratch(fewRows * groups);
  int64_t size = std::min(codes.groupSize(), paddedK);
  b.loop(b.index(0), M, 1, [&](Value row) {
    b.loop(b.index(0), b.index(groups), 1, [&](Value group) {
      Value begin = b.mul(group, size);
      Value end = b.min(b.add(begin, size), b.index(paddedK));
      Value from = b.mul(row, inputStride);
      SmallVector<Value> sum =
          b.loop(begin, end, 16, {b.splat(0.0)}, [&](Value k, ValueRange sums) {
            Value sum = sums[0];
            for (int64_t i = 0; i < 16; i += b.lanes)
              sum = b.addf(sum, b.load(rowData, b.add(b.add(from, k), i)));
            return SmallVector<Value>{sum};
          });
      b.storeScalar(b.sumLanes(sum[0]), rowSums,
                    b.add(b.mul(row, groups), group));
    });
  });
}

//===-- Panels, strips, tiles ---------------------------------------------===//

CodedProduct::Tile CodedProduct::tileOf(Value panel) {
  Tile tile;
  tile.vectors = stripVectors;
  tile.panel = panel;
  tile.panelStart = codes.panelStart(panel);
  return tile;
}

void CodedProduct::emitPanel(const Tile &tile, int64_t columns, Value firstRow,
                             Value rows) {
  int64_t width = stripVectors * b.lanes;
  int64_t whole = columns / width;
  if (whole == 1)
    emitStrip(tile, b.index(0), width, firstRow, rows);
  else if (whole > 1)
    b.loop(b.index(0), b.index(whole * width), width, [&](Value column) {
      emitStrip(tile, column, width, firstRow, rows);
    });
  if (columns % width != 0)
    emitStrip(tile, b.index(whole * width), columns % width, firstRow, rows);
}

void CodedProduct::emitStrip(Tile tile, Value column, int64_t columns,
                             Value firstRow, Value rows) {
  tile.column = column;
  tile.isStream = !tile.unpacked;
  auto emit = [&](Value row, int64_t height, bool isWhole) {
    tile.rows.clear();
    Value last = b.sub(rows, b.index(1));
    for (int64_t r = 0; r < height; ++r) {
      Value place = b.add(row, r);
      tile.rows.push_back(
          b.add(firstRow, isWhole ? place : b.min(place, last)));
    }
    if (tile.unpacked)
      prefetchNext(tile, b.div(row, b.index(height)),
                   b.ceilDiv(rows, b.index(height)));
    emitTile(tile, columns);
  };
  if (getConstantIntValue(rows) == 1)
    return emit(b.index(0), 1, true);
  const int64_t height = plan.tileRows; // one row has a tile of its own
  Value whole = b.mul(b.div(rows, b.index(height)), height);
  b.loop(b.index(0), whole, height,
         [&](Value row) { emit(row, height, true); });
  // What is left: as one tile, or row by row when it is one.
  Value rest = b.sub(rows, whole);
  b.when(
      b.equal(rest, b.index(1)), [&] { emit(whole, 1, true); },
      [&] {
        b.when(b.less(b.index(0), rest),
               [&] { emit(whole, height, /*isWhole=*/false); });
      });
}

/// Sets of sums where a few alone would wait for each other; with 16 registers
/// more than those of one row would not stay in them.
int64_t CodedProduct::chains(const Tile &tile) const {
  if (b.isa.vectorRegisters < 32 && tile.rows.size() > 1)
    return 1;
  return tile.size() <= 2 ? 4 : tile.size() <= 4 ? 2 : 1;
}

void CodedProduct::emitTile(const Tile &tile, int64_t columns) {
  SmallVector<Value> rows;
  for (Value row : tile.rows)
    rows.push_back(b.mul(row, N));
  Value outColumn = b.add(b.mul(tile.panel, panelColumns), tile.column);
  if (tile.unpacked)
    epilogue.prefetch(rows, outColumn, columns);
  SmallVector<Value> results(tile.size(), b.splat(0.0));
  results = b.loop(
      b.index(0), b.index(codes.layout.segments()), 1, results,
      [&](Value segment, ValueRange carried) -> SmallVector<Value> {
        SmallVector<Value> results(carried);
        if (!codes.isHalved())
          return addGroup(tile, segment, groupSums(tile, segment, -1), results);
        Value first = b.mul(segment, 2), second = b.add(first, 1);
        results = addGroup(tile, first, groupSums(tile, segment, 0), results);
        auto addSecond = [&] {
          return addGroup(tile, second, groupSums(tile, segment, 1), results);
        };
        if (groups % 2 == 0)
          return addSecond();
        return b.when(b.less(second, b.index(groups)),
                      ValueRange(results).getTypes(), addSecond,
                      [&] { return results; });
      });
  epilogue.emit(rows, outColumn, columns, results);
}

/// The sums of input * index over a segment, or over one half of its one step.
SmallVector<Value> CodedProduct::groupSums(const Tile &tile, Value segment,
                                           int64_t half) {
  Value start = codes.segmentStart(tile.panelStart, segment);
  Value firstStep = b.mul(segment, codes.segmentSteps());
  Type type = hasCodedInput() ? Type(VectorType::get({b.lanes}, b.getI32Type()))
                              : Type(b.vectorType);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  SmallVector<Value> sums(tile.size() * chains(tile), zero);
  auto place = [&](Value step) {
    return tile.unpacked ? b.mul(b.add(firstStep, step), unpackedStepBytes())
                         : b.add(start, b.mul(step, codes.layout.stepBytes()));
  };
  auto whole = getConstantIntValue(codes.stepsOf(segment));
  if (half >= 0)
    addStep(tile, firstStep, place(b.index(0)), 4 * half, 4 * half + 4, sums);
  else if (tile.rows.size() == 1 && whole && *whole <= unrolledSteps)
    for (int64_t step = 0; step < *whole; ++step)
      addStep(tile, b.add(firstStep, step), place(b.index(step)), 0,
              stepSize / 4, sums);
  else
    sums = b.loop(b.index(0), codes.stepsOf(segment), 1, sums,
                  [&](Value step, ValueRange carried) {
                    SmallVector<Value> sums(carried);
                    addStep(tile, b.add(firstStep, step), place(step), 0,
                            stepSize / 4, sums);
                    return sums;
                  });
  for (int64_t n = chains(tile); n > 1; n /= 2)
    for (int64_t i = 0; i < n / 2 * tile.size(); ++i) {
      Value other = sums[n / 2 * tile.size() + i];
      sums[i] = hasCodedInput()
                    ? arith::AddIOp::create(b, sums[i], other).getResult()
                    : b.addf(sums[i], other);
    }
  sums.resize(tile.size());
  return sums;
}

/// Quads [begin, end) of a step of K whose codes lie at `place`.
void CodedProduct::addStep(const Tile &tile, Value step, Value place,
                           int64_t begin, int64_t end,
                           MutableArrayRef<Value> sums) {
  int64_t numChains = chains(tile), next = 0;
  const unsigned bits = codes.format().bits;
  const int64_t quadsInPairs = hasCodedInput() ? quadsOfPairs(b.isa, bits) : 0;
  SmallVector<Value> pairs(tile.size());
  for (int64_t quad = begin; quad < end; ++quad) {
    if (tile.isStream)
      codes.prefetchQuad(place, quad, prefetchDistance);
    SmallVector<Value> quads;
    for (int64_t v = 0; v < tile.vectors; ++v) {
      Value column = b.add(tile.column, v * b.lanes);
      if (tile.unpacked) {
        Value at =
            b.add(b.add(place, b.mul(column, 4)), quad * panelColumns * 4);
        Value bytes = vector::LoadOp::create(
            b, VectorType::get({4 * b.lanes}, b.getI8Type()), tile.unpacked,
            at);
        quads.push_back(vector::BitCastOp::create(
            b, VectorType::get({b.lanes}, b.getI32Type()), bytes));
      } else {
        quads.push_back(codes.quad(place, quad, column));
      }
    }
    Value k = b.add(b.mul(step, stepSize), quad * 4);
    if (hasCodedInput()) {
      int64_t chain = next++ % numChains * tile.size();
      for (auto [r, row] : llvm::enumerate(tile.rows)) {
        Value bytes =
            vector::LoadOp::create(b, VectorType::get({4}, b.getI8Type()),
                                   input, b.add(b.mul(row, paddedK), k));
        Value word = vector::ExtractOp::create(
            b,
            vector::BitCastOp::create(b, VectorType::get({1}, b.getI32Type()),
                                      bytes),
            0);
        Value inputs = b.splat(word);
        for (int64_t v = 0; v < tile.vectors; ++v) {
          int64_t i = r * tile.vectors + v;
          Value &sum = sums[chain + i];
          if (quadsInPairs == 0) {
            sum = addQuads(b, sum, quads[v], inputs, bits);
            continue;
          }
          Value products = multiplyPairs(b, quads[v], inputs);
          pairs[i] = pairs[i] ? arith::AddIOp::create(b, pairs[i], products)
                              : products;
          if ((quad - begin + 1) % quadsInPairs == 0 || quad + 1 == end)
            sum = widenPairs(b, sum, std::exchange(pairs[i], nullptr));
        }
      }
      continue;
    }
    for (int64_t byte = 0; byte < 4; ++byte) {
      int64_t chain = next++ % numChains * tile.size();
      SmallVector<Value> elements;
      for (Value q : quads)
        elements.push_back(codes.element(q, byte));
      for (auto [r, row] : llvm::enumerate(tile.rows)) {
        Value x = b.loadSplat(rowData,
                              b.add(b.add(b.mul(row, inputStride), k), byte));
        for (int64_t v = 0; v < tile.vectors; ++v) {
          Value &sum = sums[chain + r * tile.vectors + v];
          sum = b.multiplyAdd(x, elements[v], sum);
        }
      }
    }
  }
}

bool CodedProduct::hasZeros(const Tile &tile) const {
  return tile.hasZeros &&
         (!codes.hasConstantZero() || codes.constantZero() != 0);
}

bool CodedProduct::hasShortSums() const {
  return hasCodedInput() && std::min(codes.groupSize(), paddedK) * 127 <=
                                std::numeric_limits<int16_t>::max();
}

CodedProduct::Factors CodedProduct::factorsOf(const Tile &tile, Value group,
                                              Value column) {
  Factors factors;
  if (tile.scales) {
    Value place = b.add(b.mul(group, panelColumns), column);
    factors.scale = b.load(tile.scales, place);
    if (tile.zeros)
      factors.zero = vector::LoadOp::create(b, zeroType(), tile.zeros, place);
    return factors;
  }
  factors.scale = codes.scales(tile.panelStart, group, column);
  if (!hasZeros(tile))
    return factors;
  if (!hasExactZeros()) {
    factors.zero = codes.zerosAsFloats(tile.panelStart, group, column);
    return factors;
  }
  factors.zero = codes.zeros(tile.panelStart, group, column);
  if (hasShortSums()) // as addPairs takes it, subtracted
    factors.zero = arith::AndIOp::create(
        b, arith::SubIOp::create(b, splatElements(b, 32, 0), factors.zero),
        splatElements(b, 32, 0xffff));
  return factors;
}

/// results + scale * (sums - zero * sum of the inputs)
SmallVector<Value> CodedProduct::addGroup(const Tile &tile, Value group,
                                          ArrayRef<Value> sums,
                                          ArrayRef<Value> results) {
  if (tile.isStream)
    codes.prefetchScales(tile.panelStart, group, prefetchDistance);
  SmallVector<Factors> factors;
  for (int64_t v = 0; v < tile.vectors; ++v)
    factors.push_back(factorsOf(tile, group, b.add(tile.column, v * b.lanes)));
  // Row by row, or what belongs to all rows would have to stay in registers.
  SmallVector<Value> next(results);
  for (auto [r, row] : llvm::enumerate(tile.rows)) {
    Value place = b.add(b.mul(row, groups), group), inputSum, inputScale;
    if (hasCodedInput()) {
      if (hasZeros(tile))
        inputSum = memref::LoadOp::create(b, inputSums, place);
      bool perRow =
          cast<MemRefType>(op.getInputScales().getType()).getShape().back() ==
          1;
      inputScale = b.loadSplat(inputScales, perRow ? row : place);
    } else if (hasZeros(tile)) {
      inputSum = b.loadSplat(rowSums, place);
    }
    for (int64_t v = 0; v < tile.vectors; ++v) {
      int64_t i = r * tile.vectors + v;
      Value sum = sums[i], factor = factors[v].scale, zero = factors[v].zero;
      if (hasCodedInput()) {
        if (zero && hasExactZeros())
          sum = hasShortSums()
                    ? addPairs(b, sum, asElements(b, zero, 16),
                               asElements(b, b.splat(inputSum), 16))
                    : arith::SubIOp::create(
                          b, sum,
                          arith::MulIOp::create(b, zero, b.splat(inputSum)));
        sum = arith::SIToFPOp::create(b, b.vectorType, sum);
        if (zero && !hasExactZeros()) {
          Value asFloat = arith::SIToFPOp::create(b, b.getF32Type(), inputSum);
          sum = b.subf(sum, b.mulf(zero, b.splat(asFloat)));
        }
        factor = b.mulf(factor, inputScale);
      } else if (zero) {
        sum = b.subf(sum, b.mulf(zero, inputSum));
      }
      next[i] = b.multiplyAdd(sum, factor, results[i]);
    }
  }
  return next;
}

} // namespace qopt

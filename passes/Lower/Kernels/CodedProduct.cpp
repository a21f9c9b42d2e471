//===- CodedProduct.cpp - Products with a weight of codes -----------------===//

#include "passes/Lower/Kernels/CodedProduct.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace qopt {

static constexpr int64_t stepSize = PanelLayout::stepSize;

CodedProduct::CodedProduct(KernelBuilder &b, MatmulOp op)
    : items(b, op), b(b), op(op),
      codes(b, op.getQuantizedWeight().getPanels(), b.flatten(op.getWeight())),
      N(codes.layout.N), K(codes.layout.K), paddedK(codes.steps() * stepSize),
      groups(codes.format().groups(K)), M(b.rows(op.getInput())),
      input(b.flatten(op.getInput())),
      inputPlaces(b, K, groups, M, op.getUnsignedMany()), epilogue(b, op),
      fewPlan(planProduct(shapeOf(op), b.isa, fewRows)),
      stripVectors(fewPlan.tileColumns / b.lanes) {
  if (op.getInputScales()) {
    inputScales = b.flatten(op.getInputScales());
    inputSums = b.flatten(op.getInputSums());
  }
  prefetchDistance = PrefetchDistanceOp::create(b, b.getIndexType());
}

//===-- Items -------------------------------------------------------------===//

void CodedProduct::emitFew(Value item) {
  prepareRows();
  inputPlaces.setTiled(false);
  int64_t whole = N / panelColumns, rest = N % panelColumns;
  CodedItems::Part part = items.few(item);
  epilogue.setPart(part);
  auto emit = [&](Value panel, int64_t columns) {
    Tile tile = tileOf(panel, fewPlan);
    tile.isStream = true;
    emitPanel(tile, columns, b.index(0), M);
  };
  b.loop(part.beginPanel, b.min(part.endPanel, b.index(whole)), 1,
         [&](Value panel) { emit(panel, panelColumns); });
  if (rest)
    b.when(b.less(b.index(whole), part.endPanel),
           [&] { emit(b.index(whole), rest); });
}

void CodedProduct::emitMany(Value item) {
  CodedItems::Part part = items.many(item);
  epilogue.setPart(part);
  inputPlaces.setTiled(b.isa.amx);
  if (unpacksBF16()) {
    rowData = input;
    inputStride = K;
  }
  if (usesTiles())
    return emitTiles(part);
  eachPanel(part, [&](Value panel) { emitManyPanel(panel, part); });
}

void CodedProduct::emitManyPanel(Value panel, const CodedItems::Part &part) {
  Tile tile = tileOf(panel, items.plan);
  if (isUnpacked()) {
    tile.unpacked = ScratchOp::create(
        b,
        MemRefType::get({codes.steps() * unpackedStepBytes()}, b.getI8Type()));
    unpack(tile.panelStart, b.index(0), b.index(codes.layout.segments()),
           tile.unpacked, b.index(0));
    tile.hasZeros = !unpacksBF16() && !subtractsZeros();
    if (inputPlaces.hasUnsigned())
      makeStarts(tile);
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
  if (multipliesBF16())
    return prepareBF16();
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
  if (!codes.hasConstantZero() || codes.constantZero() != 0)
    sumGroups();
}

void CodedProduct::sumGroups() {
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

CodedProduct::Tile CodedProduct::tileOf(Value panel, const ProductPlan &plan) {
  Tile tile;
  tile.vectors = stripVectors;
  tile.height = plan.tileRows;
  tile.panel = panel;
  tile.panelStart = codes.panelStart(panel);
  return tile;
}

void CodedProduct::emitPanel(Tile tile, int64_t columns, Value firstRow,
                             Value rows) {
  const int64_t width = stripVectors * b.lanes, whole = columns / width;
  if (tile.isStream && columns == panelColumns && whole > 1)
    return eachTile(tile, firstRow, rows, [&](Value) { emitTurns(tile); });
  auto emitStrip = [&](Value column, int64_t columns) {
    tile.column = column;
    eachTile(tile, firstRow, rows, [&](Value row) {
      if (!tile.isStream)
        prefetchNext(tile, row, rows);
      emitTile(tile, columns);
    });
  };
  if (whole == 1)
    emitStrip(b.index(0), width);
  else if (whole > 1)
    b.loop(b.index(0), b.index(whole * width), width,
           [&](Value column) { emitStrip(column, width); });
  if (columns % width != 0)
    emitStrip(b.index(whole * width), columns % width);
}

/// Each tile fetches its share of the next panel, so that memory is read while
/// any of them runs; the only one what lies ahead in its own.
CodedProduct::Fetched CodedProduct::fetchedBy(const Tile &tile, Value i,
                                              Value tiles) {
  const int64_t bytes = codes.layout.panelBytes(),
                lines = codes.steps() * stepSize / 4 * linesOfQuad();
  Value share = b.ceilDiv(b.index(bytes), tiles);
  Value ahead = b.choose(b.equal(tiles, b.index(1)), prefetchDistance,
                         b.add(b.mul(i, share), bytes));
  return {b.add(tile.panelStart, ahead), b.ceilDiv(share, b.index(lines))};
}

int64_t CodedProduct::linesOfQuad() const {
  return llvm::divideCeil(codes.layout.stepBytes(), 64 * (stepSize / 4));
}

void CodedProduct::fetchQuad(const Fetched &fetched, Value step, int64_t quad) {
  Value first = b.add(b.mul(step, stepSize / 4), quad);
  for (int64_t line = 0; line < linesOfQuad(); ++line)
    codes.prefetchLine(
        b.add(fetched.begin,
              b.mul(b.add(b.mul(first, linesOfQuad()), line), fetched.stride)));
}

void CodedProduct::eachTile(Tile &tile, Value firstRow, Value rows,
                            llvm::function_ref<void(Value row)> emit) {
  auto emitRows = [&](Value row, int64_t height, bool isWhole) {
    tile.rows.clear();
    Value last = b.sub(rows, b.index(1));
    for (int64_t r = 0; r < height; ++r) {
      Value place = b.add(row, r);
      tile.rows.push_back(
          b.add(firstRow, isWhole ? place : b.min(place, last)));
    }
    emit(row);
  };
  if (getConstantIntValue(rows) == 1)
    return emitRows(b.index(0), 1, true);
  // What is no whole tile is one of the same height, or one row. A stream's
  // tiles may lack a row; four rows or less have a smaller one.
  const int64_t height = tile.height;
  const bool hasSmall = tile.isStream && height > smallTileRows;
  const int64_t lacking = hasSmall ? height - smallTileRows - 1 : 0;
  Value tiles = b.div(b.add(rows, lacking), b.index(height));
  Value first = b.mul(tiles, height);
  b.loop(b.index(0), first, height, [&](Value row) {
    if (hasSmall)
      tile.fetched = fetchedBy(tile, b.div(row, b.index(height)), tiles);
    emitRows(row, height, /*isWhole=*/!hasSmall);
  });
  tile.fetched = std::nullopt;
  b.when(b.less(first, rows), [&] {
    b.when(
        b.equal(b.sub(rows, first), b.index(1)),
        [&] { emitRows(first, 1, true); },
        [&] { emitRows(first, hasSmall ? smallTileRows : height, false); });
  });
}

namespace {
/// Sums of a tile of rows and a panel, [rows][32] in scratch memory, strip by
/// strip: row after row so many vectors.
class StripSums {
public:
  StripSums(KernelBuilder &b, int64_t rows, int64_t vectors, Type element)
      : b(b), vectors(vectors), count(rows * vectors),
        type(VectorType::get({b.lanes}, element)),
        flat(ScratchOp::create(
            b, MemRefType::get({rows * panelColumns}, element))) {}

  SmallVector<Value> load(Value column) const {
    SmallVector<Value> sums;
    for (int64_t i = 0; i < count; ++i)
      sums.push_back(vector::LoadOp::create(b, type, flat, place(column, i)));
    return sums;
  }
  void store(ArrayRef<Value> sums, Value column) const {
    for (auto [i, sum] : llvm::enumerate(sums))
      vector::StoreOp::create(b, sum, flat, place(column, int64_t(i)));
  }
  void clear(Value column) const {
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
    store(SmallVector<Value>(size_t(count), zero), column);
  }

private:
  Value place(Value column, int64_t i) const {
    return b.add(column, i / vectors * panelColumns + i % vectors * b.lanes);
  }

  KernelBuilder &b;
  const int64_t vectors, count;
  const VectorType type;
  const Value flat;
};
} // namespace

/// Strips of a stream take turns, group by group or, of one group, step by
/// step: memory is read in order, and sums wait in the first-level cache.
void CodedProduct::emitTurns(Tile tile) {
  const bool isOneGroup = codes.layout.segments() == 1 && !codes.isHalved();
  const int64_t width = stripVectors * b.lanes;
  tile.shares = isOneGroup ? 1 : panelColumns / width;
  StripSums totals(b, int64_t(tile.rows.size()), tile.vectors,
                   isOneGroup ? sumType() : b.getF32Type());
  auto eachStrip = [&](llvm::function_ref<void(Value column)> body) {
    b.loop(b.index(0), b.index(panelColumns), width, [&](Value column) {
      tile.column = column;
      body(column);
    });
  };
  eachStrip([&](Value column) { totals.clear(column); });
  int64_t turns = isOneGroup ? codes.steps() : codes.layout.segments();
  b.loop(b.index(0), b.index(turns), 1, [&](Value turn) {
    eachStrip([&](Value column) {
      SmallVector<Value> sums = totals.load(column);
      totals.store(isOneGroup ? addTurn(tile, turn, sums)
                              : addSegment(tile, turn, sums),
                   column);
    });
  });
  eachStrip([&](Value column) {
    SmallVector<Value> results = totals.load(column);
    if (isOneGroup)
      results = addGroup(tile, b.index(0), results,
                         SmallVector<Value>(tile.size(), b.splat(0.0)));
    epilogue.emit(tile.rows, b.add(b.mul(tile.panel, panelColumns), column),
                  width, results);
  });
}

void CodedProduct::emitTile(const Tile &tile, int64_t columns) {
  Value outColumn = b.add(b.mul(tile.panel, panelColumns), tile.column);
  if (tile.unpacked)
    epilogue.prefetch(tile.rows, outColumn, columns);
  SmallVector<Value> results(tile.size(), b.splat(0.0));
  results = b.loop(b.index(0), b.index(codes.layout.segments()), 1, results,
                   [&](Value segment, ValueRange carried) {
                     return addSegment(tile, segment, carried);
                   });
  epilogue.emit(tile.rows, outColumn, columns, results);
}

/// Its groups: one, or two halves of a step.
SmallVector<Value> CodedProduct::addSegment(const Tile &tile, Value segment,
                                            ValueRange carried) {
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
  return b.when(b.less(second, b.index(groups)), ValueRange(results).getTypes(),
                addSecond, [&] { return results; });
}

} // namespace qopt

//===- CodedTiles.cpp - Products of codes in AMX tiles --------------------===//
//
// Blocks of 32 rows and the 32 columns of a panel: 2 x 2 tiles of sums, two of
// inputs, two of codes. A row of a tile of codes is a dword of each of 16
// columns: four codes, the order that quads have in a panel, or, for inputs of
// bf16, two of them as bf16, which holds their integers exactly.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/CodedProduct.h"
#include "passes/Lower/Kernels/TileRegisters.h"

using namespace mlir;

namespace qopt {

static constexpr int64_t stepSize = PanelLayout::stepSize;
static constexpr int64_t tileRows = TileRegisters::rows;
/// Rows whose sums are in registers at once when they are scaled.
static constexpr int64_t scaledRows = 8;

/// Whether groups are whole tiles of `depth` elements.
static bool hasDepth(const Codes &codes, int64_t depth) {
  return codes.steps() * stepSize % depth == 0 &&
         (codes.layout.segments() == 1 || codes.groupSize() % depth == 0);
}

bool CodedProduct::usesTiles() const { return isTiled(items.plan.unit); }

bool CodedProduct::tilesFloats() const {
  return items.plan.unit == Unit::AmxBF16;
}

bool CodedProduct::subtractsZeros() const {
  const Format &format = codes.format();
  return usesTiles() && format.bits < 8 &&
         (codes.hasConstantZero()
              ? codes.constantZero() <= 127
              : codes.hasIntegerZero() && format.zeroBits < 8);
}

/// The tiles of an item: its inputs are copied tile by tile, so that the rows
/// of a tile are neighbours in the CPU's caches, a part of K at a time.
class CodedProduct::TiledItem {
public:
  TiledItem(CodedProduct &product, const CodedItems::Part &part)
      : product(product), codes(product.codes), b(product.b), part(part),
        plan(product.items.plan), isFloat(product.tilesFloats()),
        elementBytes(isFloat ? 2 : 1), isCut(plan.blockK < product.paddedK),
        depth(!isFloat && hasDepth(codes, 64) ? 64 : 32),
        inputTileRow(llvm::alignTo(plan.blockK * elementBytes, 64) * tileRows),
        sumType(isFloat ? Type(b.getF32Type()) : Type(b.getI32Type())),
        tiles(b, depth, elementBytes) {}

  void emit();

private:
  /// Of K, [begin, end) in steps and segments.
  struct Range {
    Value beginStep, endStep, beginSegment, endSegment;
    Value isFirst, isLast; ///< null where K is not cut
  };

  Value bytesOf(int64_t bytes) {
    return ScratchOp::create(b, MemRefType::get({bytes}, b.getI8Type()));
  }
  void copyInputs(const Range &range);
  void emitPanel(Value panel, const Range &range);
  void emitBlock(Value first, Value count, int64_t high, bool isWhole,
                 int64_t columns, const Range &range);
  /// Between two groups of a stream that are unpacked at a time.
  int64_t streamSteps() {
    return codes.layout.segments() == 1 ? 0 : codes.segmentSteps();
  }
  /// Codes are unpacked a group ahead, not a panel at a time.
  bool unpacksGroups() const { return isStream && unpacked; }
  Value streamPlace(Value group);
  void unpackStream(Value group);
  void multiply(Value first, int64_t high, Value group, const Range &range);
  /// Calls `body` with where rows [0, count) of a block start in its sums,
  /// several at once; the tile's rows are these.
  void eachRows(Value first, Value count, bool isWhole,
                llvm::function_ref<void(ArrayRef<Value>)> body);
  SmallVector<Value> load(Value from, Type type, ArrayRef<Value> offsets);
  void finish(ArrayRef<Value> results, int64_t columns);

  CodedProduct &product;
  Codes &codes;
  KernelBuilder &b;
  const CodedItems::Part &part;
  const ProductPlan plan;
  const bool isFloat;
  const int64_t elementBytes;
  const bool isCut;                  ///< K does not fit at once
  const int64_t depth, inputTileRow; ///< bytes of 16 rows of inputs
  const Type sumType;
  TileRegisters tiles;
  Tile tile;
  Value inputs, unpacked; ///< null where codes lie as tiles want them
  Value words;            ///< sums of a block and a group, [32][32]
  Value scaled;           ///< null, or f32 sums of groups, [...][32]
  Value scaledStart;      ///< of the panel and block
  bool isStream = false;  ///< the panel's codes are read once
};

void CodedProduct::TiledItem::emit() {
  tiles.setRows(b.min(part.rows, b.index(tileRows)));
  inputs = bytesOf(plan.blockRows / tileRows * inputTileRow);
  if (product.isUnpacked())
    unpacked = bytesOf(std::max(plan.blockK / stepSize, 2 * streamSteps()) *
                       product.unpackedStepBytes());
  words = ScratchOp::create(
      b, MemRefType::get({2 * tileRows * panelColumns}, sumType));
  if (product.groups > 1) {
    int64_t rows =
        isCut ? plan.blockRows * product.items.panelsOfMany : 2 * tileRows;
    scaled = b.scratch(rows * panelColumns);
  }
  auto emitRange = [&](const Range &range) {
    copyInputs(range);
    product.eachPanel(part, [&](Value panel) { emitPanel(panel, range); });
  };
  Value steps = b.index(codes.steps()), zero = b.index(0);
  if (!isCut) {
    emitRange({zero, steps, zero, b.index(codes.layout.segments()), {}, {}});
  } else {
    int64_t rangeSteps = plan.blockK / stepSize;
    int64_t segments = rangeSteps / codes.segmentSteps();
    b.loop(zero, steps, rangeSteps, [&](Value begin) {
      Value end = b.min(b.add(begin, rangeSteps), steps);
      Value segment = b.div(begin, b.index(codes.segmentSteps()));
      emitRange(
          {begin, end, segment,
           b.min(b.add(segment, segments), b.index(codes.layout.segments())),
           b.equal(begin, zero), b.equal(end, steps)});
    });
  }
  tiles.release();
}

/// [16 rows][64 bytes] of K after [16 rows][64 bytes], then the next rows.
void CodedProduct::TiledItem::copyInputs(const Range &range) {
  // Half a row of a tile where the last one would reach into the next row.
  int64_t bytes = product.paddedK * elementBytes % 64 == 0 ? 64 : 32;
  int64_t elements = bytes / elementBytes;
  auto type = VectorType::get(
      {elements}, cast<MemRefType>(product.input.getType()).getElementType());
  Value begin = b.mul(range.beginStep, stepSize);
  Value count = b.div(b.mul(b.sub(range.endStep, range.beginStep), stepSize),
                      b.index(elements));
  b.loop(b.index(0), part.rows, 1, [&](Value row) {
    Value from =
        b.add(b.mul(b.add(part.firstRow, row), product.paddedK), begin);
    auto [tileRow, inside] = b.split(row, b.index(tileRows));
    Value to = b.add(b.mul(tileRow, inputTileRow), b.mul(inside, 64));
    b.loop(b.index(0), count, 1, [&](Value i) {
      Value data = vector::LoadOp::create(b, type, product.input,
                                          b.add(from, b.mul(i, elements)));
      if (isFloat)
        data = vector::BitCastOp::create(
            b, VectorType::get({bytes}, b.getI8Type()), data);
      Value at = b.mul(i, tileRows * 64);
      if (bytes == 32) {
        auto [whole, half] = b.split(i, b.index(2));
        at = b.add(b.mul(whole, tileRows * 64), b.mul(half, 32));
      }
      vector::StoreOp::create(b, data, inputs, b.add(to, at));
    });
  });
}

void CodedProduct::TiledItem::emitPanel(Value panel, const Range &range) {
  tile.vectors = panelColumns / b.lanes;
  tile.panel = panel;
  tile.panelStart = codes.panelStart(panel);
  tile.column = b.index(0);
  tile.hasZeros = !isFloat && !product.subtractsZeros();
  auto startAt = [&](Value row) {
    scaledStart = b.index(0);
    if (isCut)
      scaledStart = b.mul(
          b.add(b.mul(b.sub(panel, part.beginPanel), plan.blockRows), row),
          panelColumns);
  };
  auto emitStream = [&] {
    startAt(b.index(0));
    isStream = true;
    product.eachWidth(panel, [&](int64_t columns) {
      emitBlock(b.index(0), part.rows, 1, /*isWhole=*/false, columns, range);
    });
    isStream = false;
  };
  auto emitBlocks = [&] {
    if (unpacked)
      product.unpack(tile.panelStart, range.beginSegment, range.endSegment,
                     unpacked, b.index(0));
    product.eachWidth(panel, [&](int64_t columns) {
      constexpr int64_t height = 2 * tileRows;
      Value whole = b.mul(b.div(part.rows, b.index(height)), height);
      b.loop(b.index(0), whole, height, [&](Value row) {
        startAt(row);
        emitBlock(row, b.index(height), 2, /*isWhole=*/true, columns, range);
      });
      b.loop(whole, part.rows, tileRows, [&](Value row) {
        Value count = b.min(b.sub(part.rows, row), b.index(tileRows));
        startAt(row);
        tiles.setRows(count);
        emitBlock(row, count, 1, /*isWhole=*/false, columns, range);
        tiles.setRows(b.index(tileRows)); // as the next panel wants them
      });
    });
  };
  b.when(b.less(part.rows, b.index(tileRows + 1)), emitStream, emitBlocks);
}

void CodedProduct::TiledItem::eachRows(
    Value first, Value count, bool isWhole,
    llvm::function_ref<void(ArrayRef<Value>)> body) {
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
    body(offsets);
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
  SmallVector<Value> rows;
  for (Value row : tile.rows)
    rows.push_back(b.mul(row, product.N));
  product.epilogue.emit(rows, b.mul(tile.panel, panelColumns), columns,
                        results);
}

Value CodedProduct::TiledItem::streamPlace(Value group) {
  return b.mul(b.rem(group, b.index(2)),
               streamSteps() * product.unpackedStepBytes());
}

void CodedProduct::TiledItem::unpackStream(Value group) {
  product.unpack(tile.panelStart, group, b.add(group, 1), unpacked,
                 streamPlace(group));
}

/// Sums of a group over rows [first, first + 16 * high) of the part.
void CodedProduct::TiledItem::multiply(Value first, int64_t high, Value group,
                                       const Range &range) {
  for (int64_t r = 0; r < high; ++r)
    for (int64_t c = 0; c < 2; ++c)
      tiles.clear(r, c);
  Value firstStep = b.sub(b.mul(group, codes.segmentSteps()), range.beginStep);
  Value start = !unpacked  ? codes.segmentStart(tile.panelStart, group)
                : isStream ? streamPlace(group)
                           : b.mul(firstStep, product.unpackedStepBytes());
  Value bytes = unpacked ? unpacked : b.flatten(product.op.getWeight());
  Value inputRow = b.mul(b.div(first, b.index(tileRows)), inputTileRow);
  b.loop(b.index(0), codes.stepsOf(group), depth / stepSize, [&](Value step) {
    Value k = b.mul(b.add(firstStep, step), stepSize * elementBytes);
    auto [whole, inside] = b.split(k, b.index(64));
    Value from = b.add(inputRow, b.mul(whole, tileRows * 64));
    if (depth * elementBytes < 64)
      from = b.add(from, inside);
    for (int64_t r = 0; r < high; ++r)
      tiles.loadInputs(r, inputs, b.add(from, r * inputTileRow));
    Value at = b.add(start, b.mul(step, product.unpackedStepBytes()));
    if (isStream && !unpacked)
      for (int64_t quad = 0; quad < depth / 4; ++quad)
        codes.prefetchQuad(at, quad, product.prefetchDistance);
    for (int64_t c = 0; c < 2; ++c)
      tiles.loadCodes(c, bytes, b.add(at, c * 4 * tileRows));
    for (int64_t r = 0; r < high; ++r)
      for (int64_t c = 0; c < 2; ++c)
        tiles.add(r, c, /*isSigned=*/!tile.hasZeros);
  });
}

/// Rows [first, first + count) of the part, in `high` tiles.
void CodedProduct::TiledItem::emitBlock(Value first, Value count, int64_t high,
                                        bool isWhole, int64_t columns,
                                        const Range &range) {
  auto clear = [&] {
    b.loop(
        b.index(0), b.index(high * tileRows * panelColumns), b.lanes,
        [&](Value i) { b.store(b.splat(0.0), scaled, b.add(scaledStart, i)); });
  };
  auto inScaled = [&](ArrayRef<Value> offsets) {
    return llvm::map_to_vector(
        offsets, [&](Value offset) { return b.add(scaledStart, offset); });
  };
  if (scaled && range.isFirst)
    b.when(range.isFirst, clear);
  else if (scaled)
    clear();
  auto store = [&] {
    for (int64_t r = 0; r < high; ++r)
      for (int64_t c = 0; c < 2; ++c)
        tiles.store(r, c, words);
  };
  if (!scaled) {
    Value group = range.beginSegment;
    if (unpacksGroups())
      unpackStream(group);
    multiply(first, high, group, range);
    store();
    return eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets) {
      SmallVector<Value> sums = load(words, sumType, offsets);
      SmallVector<Value> zeros(sums.size(), b.splat(0.0));
      finish(product.addGroup(tile, group, sums, zeros), columns);
    });
  }
  // Tiles work on a group while vectors scale the sums of the one before and,
  // in a stream, unpack the next one: what is in memory for a while is read
  // without waiting.
  Value last = range.endSegment;
  if (unpacksGroups())
    unpackStream(range.beginSegment);
  b.loop(range.beginSegment, b.add(last, 1), 1, [&](Value group) {
    Value isThere = b.less(group, last), next = b.add(group, 1);
    if (unpacksGroups())
      b.when(b.less(next, last), [&] { unpackStream(next); });
    b.when(isThere, [&] { multiply(first, high, group, range); });
    if (unpacksGroups())
      codes.prefetchSegment(tile.panelStart, group, product.prefetchDistance);
    b.when(b.less(range.beginSegment, group), [&] {
      Value before = b.sub(group, b.index(1));
      eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets) {
        SmallVector<Value> sums = load(words, sumType, offsets);
        SmallVector<Value> places = inScaled(offsets);
        SmallVector<Value> results = product.addGroup(
            tile, before, sums, load(scaled, b.getF32Type(), places));
        for (auto [i, place] : llvm::enumerate(places))
          for (int64_t v = 0; v < tile.vectors; ++v)
            b.store(results[i * tile.vectors + v], scaled,
                    b.add(place, v * b.lanes));
      });
    });
    b.when(isThere, store);
  });
  auto end = [&] {
    eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets) {
      finish(load(scaled, b.getF32Type(), inScaled(offsets)), columns);
    });
  };
  if (range.isLast)
    b.when(range.isLast, end);
  else
    end();
}

void CodedProduct::emitTiles(const CodedItems::Part &part) {
  TiledItem(*this, part).emit();
}

} // namespace qopt

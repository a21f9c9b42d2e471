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

static constexpr int64_t blockSize = 2 * tileRows * panelColumns;

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

/// The tiles of an item. Its inputs are copied tile by tile, so that the rows
/// of a tile are neighbours in the CPU's caches, a range of K at a time: all
/// rows read the codes of a panel and a range from the first of them. Of 16
/// rows or less the codes are one stream, and inputs are read where they are.
class CodedProduct::TiledItem {
public:
  TiledItem(CodedProduct &product, const CodedItems::Part &part)
      : product(product), codes(product.codes), b(product.b), part(part),
        plan(product.items.plan), isFloat(product.tilesFloats()),
        elementBytes(isFloat ? 2 : 1), isCut(plan.blockK < product.paddedK),
        depth(!isFloat && hasDepth(codes, 64) ? 64 : 32),
        rangeSteps(plan.blockK / stepSize),
        inputTileRow(llvm::alignTo(plan.blockK * elementBytes, 64) * tileRows),
        sumType(isFloat ? Type(b.getF32Type()) : Type(b.getI32Type())),
        tiles(b, depth, elementBytes) {}

  void emit();

private:
  /// Of K, in steps and segments; one segment may be cut.
  struct Range {
    Value beginStep, steps, beginSegment, endSegment;
    Value isFirst, isLast; ///< null where K is not cut
  };

  Value bytesOf(int64_t bytes) {
    return ScratchOp::create(b, MemRefType::get({bytes}, b.getI8Type()));
  }
  int64_t segmentsOf(int64_t steps) const {
    return codes.layout.segments() == 1 ? 1 : steps / codes.segmentSteps();
  }
  void emitStream();
  void emitRanges();
  void emitRange(const Range &range);
  void startPanel(Value panel);
  void copyInputs(const Range &range);
  void prefetchNext(Value panel, Value block, const Range &range);
  /// Rows [first, first + count) of the part, in `high` tiles.
  void emitBlock(Value first, Value count, int64_t high, bool isWhole,
                 int64_t columns, const Range &range);
  void emitGroups(Value first, Value count, int64_t high, bool isWhole,
                  Value beginSegment, Value endSegment);
  void clearScaled(int64_t high);
  /// Steps that a stream unpacks before they are multiplied.
  int64_t streamSteps() const {
    return codes.layout.segments() == 1 ? rangeSteps : codes.segmentSteps();
  }
  Value streamPlace(Value group) {
    return b.mul(b.rem(group, b.index(2)),
                 streamSteps() * product.unpackedStepBytes());
  }
  void unpackStream(Value group);
  void multiply(Value first, int64_t high, Value firstStep, Value steps,
                Value codesAt);
  void clearSums(int64_t high);
  void storeSums(int64_t high, Value at);
  /// Calls `body` with where rows [0, count) of a block start in its sums,
  /// several at once; the tile's rows are these.
  void eachRows(Value first, Value count, bool isWhole,
                llvm::function_ref<void(ArrayRef<Value>)> body);
  /// The same behind the block's start.
  SmallVector<Value> inBlock(ArrayRef<Value> offsets) {
    return llvm::map_to_vector(
        offsets, [&](Value offset) { return b.add(blockStart, offset); });
  }
  SmallVector<Value> load(Value from, Type type, ArrayRef<Value> offsets);
  void finish(ArrayRef<Value> results, int64_t columns);
  /// Scales the sums of a block whose one group is all of K.
  void finishSums(Value first, Value count, bool isWhole, int64_t columns);
  void finishScaled(Value first, Value count, bool isWhole, int64_t columns);

  CodedProduct &product;
  Codes &codes;
  KernelBuilder &b;
  const CodedItems::Part &part;
  const ProductPlan plan;
  const bool isFloat;
  const int64_t elementBytes;
  const bool isCut;           ///< into several ranges
  const int64_t depth;        ///< elements of K in a tile
  const int64_t rangeSteps;   ///< of all ranges but the last
  const int64_t inputTileRow; ///< bytes of 16 rows of a range's inputs
  const Type sumType;
  TileRegisters tiles;
  Tile tile;
  Value inputs, unpacked; ///< null where inputs or codes lie as tiles want them
  Value words;            ///< sums of a block and a group, [32][32]
  Value scaled;           ///< null, or f32 sums of groups
  Value blockStart;       ///< in `scaled`, or in `words` where there is none
  bool isStream = false;
};

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
  b.when(
      b.less(part.rows, b.index(tileRows + 1)), [&] { emitStream(); },
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

void CodedProduct::TiledItem::emitRanges() {
  inputs = bytesOf(plan.blockRows / tileRows * inputTileRow);
  Value steps = b.index(codes.steps()), zero = b.index(0);
  if (!isCut)
    return emitRange(
        {zero, steps, zero, b.index(codes.layout.segments()), {}, {}});
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
  copyInputs(range);
  constexpr int64_t height = 2 * tileRows;
  product.eachPanel(part, [&](Value panel) {
    startPanel(panel);
    if (unpacked)
      product.unpack(tile.panelStart, range.beginSegment, range.endSegment,
                     codes.layout.segments() == 1 ? range.beginStep : Value(),
                     range.steps, unpacked, b.index(0));
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

/// [16 rows][64 bytes] of K after [16 rows][64 bytes], then the next rows.
void CodedProduct::TiledItem::copyInputs(const Range &range) {
  // Half a row of a tile where a range ends in the middle of one.
  bool isWhole = product.paddedK * elementBytes % 64 == 0 &&
                 plan.blockK * elementBytes % 64 == 0;
  int64_t bytes = isWhole ? 64 : 32;
  int64_t elements = bytes / elementBytes;
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
    emitGroups(first, count, high, isWhole, range.beginSegment,
               range.endSegment);
  } else {
    Value at = b.index(0);
    if (!unpacked)
      at = b.add(codes.segmentStart(tile.panelStart, range.beginSegment),
                 b.mul(range.beginStep, codes.layout.stepBytes()));
    multiply(first, high, b.index(0), range.steps, at);
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

void CodedProduct::TiledItem::unpackStream(Value group) {
  product.unpack(tile.panelStart, group, b.add(group, 1), {}, {}, unpacked,
                 streamPlace(group));
}

void CodedProduct::TiledItem::emitStream() {
  isStream = true;
  Value none = b.index(0), steps = b.index(codes.steps());
  product.eachPanel(part, [&](Value panel) {
    startPanel(panel);
    product.eachWidth(panel, [&](int64_t columns) {
      if (scaled) {
        clearScaled(1);
        emitGroups(none, part.rows, 1, /*isWhole=*/false, none,
                   b.index(codes.layout.segments()));
        return finishScaled(none, part.rows, /*isWhole=*/false, columns);
      }
      clearSums(1);
      if (!unpacked)
        multiply(none, 1, none, steps,
                 codes.segmentStart(tile.panelStart, none));
      else
        b.loop(none, steps, rangeSteps, [&](Value begin) {
          Value count = b.min(b.index(rangeSteps), b.sub(steps, begin));
          product.unpack(tile.panelStart, none, b.index(1), begin, count,
                         unpacked, none);
          multiply(none, 1, begin, count, none);
        });
      storeSums(1, none);
      finishSums(none, part.rows, /*isWhole=*/false, columns);
    });
  });
  isStream = false;
}

//===-- Sums --------------------------------------------------------------===//

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

/// Adds products of `steps` steps to the sums of rows [first, first + 16 *
/// high) of the part: of the range's inputs from `firstStep` on, or of all
/// inputs in a stream.
void CodedProduct::TiledItem::multiply(Value first, int64_t high,
                                       Value firstStep, Value steps,
                                       Value codesAt) {
  Value bytes = unpacked ? unpacked : b.flatten(product.op.getWeight());
  int64_t rowBytes = product.paddedK * elementBytes;
  Value inputRow = isStream
                       ? b.mul(part.firstRow, rowBytes)
                       : b.mul(b.div(first, b.index(tileRows)), inputTileRow);
  b.loop(b.index(0), steps, depth / stepSize, [&](Value step) {
    Value k = b.mul(b.add(firstStep, step), stepSize * elementBytes);
    if (isStream) {
      tiles.loadInputs(0, product.input, b.add(inputRow, k), rowBytes);
    } else {
      auto [whole, inside] = b.split(k, b.index(64));
      Value from = b.add(inputRow, b.mul(whole, tileRows * 64));
      if (depth * elementBytes < 64)
        from = b.add(from, inside);
      for (int64_t r = 0; r < high; ++r)
        tiles.loadInputs(r, inputs, b.add(from, r * inputTileRow), 64);
    }
    Value at = b.add(codesAt, b.mul(step, product.unpackedStepBytes()));
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

/// Tiles work on a group while vectors scale the sums of the one before and, in
/// a stream, unpack the next one: what is in memory for a while is read without
/// waiting.
void CodedProduct::TiledItem::emitGroups(Value first, Value count, int64_t high,
                                         bool isWhole, Value beginSegment,
                                         Value endSegment) {
  bool unpacksGroups = isStream && unpacked;
  auto multiplyGroup = [&](Value group) {
    Value firstStep = b.mul(isStream ? group : b.sub(group, beginSegment),
                            codes.segmentSteps());
    Value at = !unpacked       ? codes.segmentStart(tile.panelStart, group)
               : unpacksGroups ? streamPlace(group)
                               : b.mul(firstStep, product.unpackedStepBytes());
    clearSums(high);
    multiply(first, high, firstStep, codes.stepsOf(group), at);
  };
  auto scaleGroup = [&](Value group) {
    eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets) {
      SmallVector<Value> sums = load(words, sumType, offsets);
      SmallVector<Value> places = inBlock(offsets);
      SmallVector<Value> results = product.addGroup(
          tile, group, sums, load(scaled, b.getF32Type(), places));
      for (auto [i, place] : llvm::enumerate(places))
        for (int64_t v = 0; v < tile.vectors; ++v)
          b.store(results[i * tile.vectors + v], scaled,
                  b.add(place, v * b.lanes));
    });
  };
  if (unpacksGroups)
    unpackStream(beginSegment);
  b.loop(beginSegment, b.add(endSegment, 1), 1, [&](Value group) {
    Value isThere = b.less(group, endSegment), next = b.add(group, 1);
    if (unpacksGroups)
      b.when(b.less(next, endSegment), [&] { unpackStream(next); });
    b.when(isThere, [&] { multiplyGroup(group); });
    if (unpacksGroups)
      codes.prefetchSegment(tile.panelStart, group, product.prefetchDistance);
    b.when(b.less(beginSegment, group),
           [&] { scaleGroup(b.sub(group, b.index(1))); });
    b.when(isThere, [&] { storeSums(high, b.index(0)); });
  });
}

void CodedProduct::TiledItem::finishSums(Value first, Value count, bool isWhole,
                                         int64_t columns) {
  eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets) {
    SmallVector<Value> sums = load(words, sumType, inBlock(offsets));
    SmallVector<Value> zeros(sums.size(), b.splat(0.0));
    finish(product.addGroup(tile, b.index(0), sums, zeros), columns);
  });
}

void CodedProduct::TiledItem::finishScaled(Value first, Value count,
                                           bool isWhole, int64_t columns) {
  eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets) {
    finish(load(scaled, b.getF32Type(), inBlock(offsets)), columns);
  });
}

void CodedProduct::emitTiles(const CodedItems::Part &part) {
  TiledItem(*this, part).emit();
}

} // namespace qopt

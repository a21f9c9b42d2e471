//===- CodedTiles.cpp - Products of codes in AMX tiles --------------------===//
//
// Blocks of 32 rows and the 32 columns of a panel: 2 x 2 tiles of sums, two of
// inputs, two of codes. A row of a tile of codes is a dword of each of 16
// columns: four codes, the order that quads have in a panel, or, for inputs of
// bf16, two of them as bf16, which holds their integers exactly.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/CodedProduct.h"
#include "passes/Lower/Kernels/Dots.h"

using namespace mlir;

namespace qopt {

static constexpr int64_t stepSize = PanelLayout::stepSize;
/// Rows of a tile, and columns of a tile of sums.
static constexpr int64_t tileRows = 16;
/// Rows whose sums are in registers at once when they are scaled.
static constexpr int64_t scaledRows = 8;

namespace {

/// The tile registers: 0 to 3 hold sums, 4 and 5 inputs, 6 and 7 codes.
class Tiles {
public:
  /// `depth` elements of K in a tile of inputs or codes, each of so many bytes.
  Tiles(KernelBuilder &b, int64_t depth, int64_t elementBytes)
      : b(b), elementBytes(elementBytes),
        shapes(ScratchOp::create(b, MemRefType::get({64}, b.getI8Type()))) {
    SmallVector<int8_t> bytes(64, 0);
    bytes[0] = 1; // the palette
    for (int64_t tile = 0; tile < 8; ++tile) {
      bytes[16 + 2 * tile] = isInput(tile) ? int8_t(depth * elementBytes) : 64;
      bytes[48 + tile] =
          tile >= 6 ? int8_t(depth * elementBytes / 4) : tileRows;
    }
    auto type = VectorType::get({64}, b.getI8Type());
    Value all = arith::ConstantOp::create(
        b, DenseElementsAttr::get(type, ArrayRef<int8_t>(bytes)));
    vector::StoreOp::create(b, all, shapes, b.index(0));
    load();
  }

  /// The upper tiles of inputs and sums have so many rows from now on.
  void setRows(Value rows) {
    Value byte = arith::IndexCastOp::create(b, b.getI8Type(), rows);
    for (int64_t tile : {0, 1, 4})
      memref::StoreOp::create(b, byte, shapes, b.index(48 + tile));
    load();
  }

  void release() { call("tilerelease", {}); }
  void clear(int64_t row, int64_t column) {
    call("tilezero", {number(sum(row, column))});
  }
  /// From `at` on, rows `stride` apart, both in elements.
  void loadInputs(int64_t row, Value inputs, Value at, int64_t stride) {
    call("tileloadd64",
         {number(4 + row), pointer(inputs, b.mul(at, elementBytes)),
          word(stride * elementBytes)});
  }
  void loadCodes(int64_t column, Value bytes, Value at) {
    call("tileloadd64",
         {number(6 + column), pointer(bytes, at), word(4 * panelColumns)});
  }
  void add(int64_t row, int64_t column, bool isSigned) {
    call(elementBytes == 2 ? "tdpbf16ps"
         : isSigned        ? "tdpbssd"
                           : "tdpbsud",
         {number(sum(row, column)), number(4 + row), number(6 + column)});
  }
  /// To words[32][32].
  void store(int64_t row, int64_t column, Value words) {
    Value at = b.index(4 * tileRows * (row * panelColumns + column));
    call("tilestored64", {number(sum(row, column)), pointer(words, at),
                          word(4 * panelColumns)});
  }

private:
  static bool isInput(int64_t tile) { return tile == 4 || tile == 5; }
  static int64_t sum(int64_t row, int64_t column) { return 2 * row + column; }

  void load() { call("ldtilecfg", {pointer(shapes, b.index(0))}); }
  void call(StringRef name, ValueRange operands) {
    callIntrinsic(b, ("llvm.x86." + name).str(), nullptr, operands);
  }
  Value number(int64_t tile) {
    return LLVM::ConstantOp::create(b, b.getI8Type(), b.getI8IntegerAttr(tile));
  }
  Value word(int64_t value) {
    return LLVM::ConstantOp::create(b, b.getI64Type(),
                                    b.getI64IntegerAttr(value));
  }
  Value pointer(Value flat, Value byte) {
    Value start = memref::ExtractAlignedPointerAsIndexOp::create(b, flat);
    Value address =
        arith::IndexCastOp::create(b, b.getI64Type(), b.add(start, byte));
    return LLVM::IntToPtrOp::create(
        b, LLVM::LLVMPointerType::get(b.getContext()), address);
  }

  KernelBuilder &b;
  const int64_t elementBytes;
  Value shapes;
};

} // namespace

/// Whether groups are whole tiles of `depth` elements.
static bool hasDepth(const Codes &codes, int64_t depth) {
  return codes.steps() * stepSize % depth == 0 &&
         (codes.layout.segments() == 1 || codes.groupSize() % depth == 0);
}

bool CodedProduct::usesTiles() const { return isTiled(unitOfMany); }

bool CodedProduct::tilesFloats() const { return unitOfMany == Unit::AmxBF16; }

bool CodedProduct::subtractsZeros() const {
  const Format &format = codes.format();
  return usesTiles() && format.bits < 8 &&
         (codes.hasConstantZero()
              ? codes.constantZero() <= 127
              : codes.hasIntegerZero() && format.zeroBits < 8);
}

/// Codes less their zeros as bf16: [steps of K][16 pairs][32 columns][2].
void CodedProduct::unpackToBF16(Value panelStart, Value target) {
  Value upper = splatElements(b, 32, 0xffff0000),
        half = splatElements(b, 32, 16);
  b.loop(b.index(0), b.index(codes.layout.segments()), 1, [&](Value segment) {
    Value start = codes.segmentStart(panelStart, segment);
    SmallVector<Value> zeros;
    for (int64_t column = 0; column < panelColumns; column += b.lanes)
      zeros.push_back(
          codes.zerosAsFloats(panelStart, segment, b.index(column)));
    b.loop(b.index(0), codes.stepsOf(segment), 1, [&](Value step) {
      Value place = b.add(start, b.mul(step, codes.layout.stepBytes()));
      Value to = b.mul(b.add(b.mul(segment, codes.segmentSteps()), step),
                       unpackedStepBytes());
      for (int64_t quad = 0; quad < stepSize / 4; ++quad)
        for (int64_t column = 0; column < panelColumns; column += b.lanes) {
          Value word = codes.quad(place, quad, b.index(column));
          for (int64_t pair = 0; pair < 2; ++pair) {
            // The upper half of an f32 is a bf16.
            Value values[2];
            for (int64_t i = 0; i < 2; ++i) {
              Value value = b.subf(codes.element(word, 2 * pair + i),
                                   zeros[column / b.lanes]);
              values[i] = vector::BitCastOp::create(b, upper.getType(), value);
            }
            Value both = arith::OrIOp::create(
                b, arith::ShRUIOp::create(b, values[0], half),
                arith::AndIOp::create(b, values[1], upper));
            vector::StoreOp::create(
                b, asElements(b, both, 8), target,
                b.add(to, ((2 * quad + pair) * panelColumns + column) * 4));
          }
        }
    });
  });
}

void CodedProduct::emitTiles(Value panel, const CodedItems::Part &part,
                             int64_t columns, Value unpacked) {
  const bool isFloat = tilesFloats();
  const int64_t depth = !isFloat && hasDepth(codes, 64) ? 64 : 32;
  const int64_t stepBytes = unpackedStepBytes();
  Tiles tiles(b, depth, isFloat ? 2 : 1);
  Value bytes = unpacked ? unpacked : b.flatten(op.getWeight());
  Type sumType = isFloat ? Type(b.getF32Type()) : Type(b.getI32Type());
  Value words = ScratchOp::create(
      b, MemRefType::get({2 * tileRows * panelColumns}, sumType));
  Value scaled = groups == 1 ? Value() : b.scratch(2 * tileRows * panelColumns);

  Tile tile;
  tile.vectors = panelColumns / b.lanes;
  tile.panel = panel;
  tile.panelStart = codes.panelStart(panel);
  tile.column = b.index(0);
  tile.hasZeros = !isFloat && !subtractsZeros();

  /// Calls `body(offset)` for rows [0, count) of a block, several at once.
  auto eachRows = [&](Value first, Value count, bool isWhole,
                      llvm::function_ref<void(ArrayRef<Value>)> body) {
    b.loop(b.index(0), count, scaledRows, [&](Value begin) {
      SmallVector<Value> offsets;
      Value last = b.sub(count, b.index(1));
      tile.rows.clear();
      for (int64_t r = 0; r < scaledRows; ++r) {
        Value row = b.add(begin, r);
        if (!isWhole)
          row = b.min(row, last);
        tile.rows.push_back(b.add(first, row));
        offsets.push_back(b.mul(row, panelColumns));
      }
      body(offsets);
    });
  };
  auto load = [&](Value from, Type type, ArrayRef<Value> offsets) {
    SmallVector<Value> vectors;
    for (Value offset : offsets)
      for (int64_t v = 0; v < tile.vectors; ++v)
        vectors.push_back(
            vector::LoadOp::create(b, VectorType::get({b.lanes}, type), from,
                                   b.add(offset, v * b.lanes)));
    return vectors;
  };
  auto finish = [&](ArrayRef<Value> results) {
    SmallVector<Value> rows;
    for (Value row : tile.rows)
      rows.push_back(b.mul(row, N));
    epilogue.emit(rows, b.mul(panel, panelColumns), columns, results);
  };
  auto emitBlock = [&](Value first, Value count, int64_t high, bool isWhole) {
    if (scaled)
      b.loop(b.index(0), b.index(high * tileRows * panelColumns), b.lanes,
             [&](Value i) { b.store(b.splat(0.0), scaled, i); });
    b.loop(b.index(0), b.index(codes.layout.segments()), 1, [&](Value group) {
      for (int64_t r = 0; r < high; ++r)
        for (int64_t c = 0; c < 2; ++c)
          tiles.clear(r, c);
      Value firstStep = b.mul(group, codes.segmentSteps());
      Value start = unpacked ? b.mul(firstStep, stepBytes)
                             : codes.segmentStart(tile.panelStart, group);
      b.loop(b.index(0), codes.stepsOf(group), depth / stepSize,
             [&](Value step) {
               Value k = b.mul(b.add(firstStep, step), stepSize);
               for (int64_t r = 0; r < high; ++r) {
                 Value row = b.add(first, r * tileRows);
                 tiles.loadInputs(r, input, b.add(b.mul(row, paddedK), k),
                                  paddedK);
               }
               Value at = b.add(start, b.mul(step, stepBytes));
               for (int64_t c = 0; c < 2; ++c)
                 tiles.loadCodes(c, bytes, b.add(at, c * 4 * tileRows));
               for (int64_t r = 0; r < high; ++r)
                 for (int64_t c = 0; c < 2; ++c)
                   tiles.add(r, c, /*isSigned=*/!tile.hasZeros);
             });
      for (int64_t r = 0; r < high; ++r)
        for (int64_t c = 0; c < 2; ++c)
          tiles.store(r, c, words);
      eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets) {
        SmallVector<Value> sums = load(words, sumType, offsets);
        if (!scaled) {
          SmallVector<Value> zeros(sums.size(), b.splat(0.0));
          return finish(addGroup(tile, group, sums, zeros));
        }
        SmallVector<Value> results =
            addGroup(tile, group, sums, load(scaled, b.getF32Type(), offsets));
        for (auto [i, offset] : llvm::enumerate(offsets))
          for (int64_t v = 0; v < tile.vectors; ++v)
            b.store(results[i * tile.vectors + v], scaled,
                    b.add(offset, v * b.lanes));
      });
    });
    if (scaled)
      eachRows(first, count, isWhole, [&](ArrayRef<Value> offsets) {
        finish(load(scaled, b.getF32Type(), offsets));
      });
  };

  Value whole = b.mul(b.div(part.rows, b.index(2 * tileRows)), 2 * tileRows);
  b.loop(b.index(0), whole, 2 * tileRows, [&](Value row) {
    emitBlock(b.add(part.firstRow, row), b.index(2 * tileRows), 2,
              /*isWhole=*/true);
  });
  b.loop(whole, part.rows, tileRows, [&](Value row) {
    Value count = b.min(b.sub(part.rows, row), b.index(tileRows));
    tiles.setRows(count);
    emitBlock(b.add(part.firstRow, row), count, 1, /*isWhole=*/false);
  });
  tiles.release();
}

} // namespace qopt

//===- MatmulBlocked.cpp - Products of more than one row ------------------===//

#include "passes/Lower/Kernels/Matmul.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/Lower/Kernels/CodedProduct.h"

using namespace mlir;

namespace qopt {

/// One item and one range of K.
struct BlockedProduct::Block {
  Value firstRow, rows;        ///< of the item
  Value firstStrip, lastStrip; ///< [first, last)
  Value k, steps;              ///< range of K
  Value isFirst, isLast;       ///< range of K; null when there is one
  // Operands, in place or copied.
  Value left, leftBase, leftStride;
  Value right, rightStart;
  int64_t rightStride;
};

static bool isF32(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementType().isF32();
}

/// Tiles are two vectors wide.
static constexpr int64_t tileVectors = 2;

BlockedProduct::BlockedProduct(KernelBuilder &b, Product &product, bool few)
    : b(b), product(product), few(few), stripColumns(tileVectors * b.lanes),
      stripsPerPanel(panelColumns / stripColumns), heights(tileHeights(b.isa)) {
  int64_t strips = product.panels * stripsPerPanel;
  if (few) {
    maxRows = maxStrips = 0;
    kBlock = product.K;
    copiesInput = copiesWeight = false;
    rowBlocks = b.index(1);
    rowsPerBlock = product.M;
    int64_t panels = streamedPanels(product.panels, product.panelBytes());
    stripsPerItem = b.index(std::min(strips, panels * stripsPerPanel));
    return;
  }
  // A block of the input and the strips of partial sums share the second level
  // cache; a strip of the weight and the rows of a tile the first.
  constexpr int64_t blockRows = blockRowsOfFloats, blockSteps = 512,
                    blockPanels = 16, items = 32;
  maxRows = blockRows;
  maxStrips = std::min(product.panels, blockPanels) * stripsPerPanel;
  int64_t kBlocks = llvm::divideCeil(product.K, blockSteps);
  int64_t granule = product.codes ? PanelLayout::stepSize : b.lanes;
  kBlock = llvm::alignTo(llvm::divideCeil(product.K, kBlocks), granule);
  if (kBlocks == 1)
    kBlock = product.K;
  // Rows that are a multiple of 4 KB apart share a few places of a cache.
  copiesInput = product.K * 4 % 4096 == 0;
  copiesWeight = product.weightBytes != 4 || !product.packed;
  // Rows that are not f32 are widened once.
  copiesInput |= !isF32(product.input);
  rowBlocks = b.max(b.ceilDiv(product.M, b.index(blockRows)), b.index(1));
  Value height = b.index(heights.front());
  rowsPerBlock =
      b.mul(b.ceilDiv(b.ceilDiv(product.M, rowBlocks), height), height);
  Value panels = b.ceilDiv(b.mul(rowBlocks, product.panels), b.index(items));
  panels = b.min(panels, b.index(maxStrips / stripsPerPanel));
  stripsPerItem = b.mul(panels, stripsPerPanel);
}

Value BlockedProduct::items() {
  Value strips = b.index(product.panels * stripsPerPanel);
  return b.mul(rowBlocks, b.ceilDiv(strips, stripsPerItem));
}

void BlockedProduct::emit(Value item) {
  if (copiesInput)
    inputCopy = b.scratch(maxRows * (kBlock + b.lanes));
  if (copiesWeight)
    weightCopy =
        b.scratch(llvm::alignTo(kBlock, PanelLayout::stepSize) * stripColumns);
  if (kBlock < product.K)
    partial = b.scratch(maxStrips * maxRows * stripColumns);
  // Neighbouring items read the same part of the weight.
  auto [group, rowBlock] = b.split(item, rowBlocks);
  Block block;
  block.firstRow = b.mul(rowBlock, rowsPerBlock);
  block.rows = b.min(rowsPerBlock, b.sub(product.M, block.firstRow));
  block.firstStrip = b.mul(group, stripsPerItem);
  block.lastStrip = b.min(b.add(block.firstStrip, stripsPerItem),
                          b.index(product.panels * stripsPerPanel));
  if (kBlock == product.K) {
    block.k = b.index(0);
    block.steps = b.index(product.K);
    return emitBlock(block);
  }
  Value K = b.index(product.K);
  b.loop(b.index(0), K, kBlock, [&](Value k) {
    block.k = k;
    block.steps = product.K % kBlock == 0 ? b.index(kBlock)
                                          : b.min(b.sub(K, k), b.index(kBlock));
    block.isFirst = b.equal(k, b.index(0));
    block.isLast = b.equal(b.add(k, block.steps), K);
    emitBlock(block);
  });
}

void BlockedProduct::emitBlock(Block &block) {
  if (copiesInput)
    copyInput(block);
  else {
    block.left = product.input;
    block.leftStride = b.index(product.K);
    block.leftBase = b.add(b.mul(block.firstRow, product.K), block.k);
  }
  int64_t whole = product.N / stripColumns, rest = product.N % stripColumns;
  b.loop(block.firstStrip, b.min(block.lastStrip, b.index(whole)), 1,
         [&](Value strip) { emitStrip(block, strip, stripColumns); });
  if (rest)
    b.when(b.less(b.index(whole), block.lastStrip),
           [&] { emitStrip(block, b.index(whole), rest); });
}

/// Rows of the copy are a vector longer than the block.
void BlockedProduct::copyInput(Block &block) {
  int64_t stride = kBlock + b.lanes;
  b.loop(b.index(0), block.rows, 1, [&](Value row) {
    Value from = b.add(b.mul(b.add(block.firstRow, row), product.K), block.k);
    Value to = b.mul(row, stride);
    b.eachVector(block.steps, [&](Value i, int64_t count) {
      b.store(b.load(product.input, b.add(from, i), count), inputCopy,
              b.add(to, i), count);
    });
  });
  block.left = inputCopy;
  block.leftBase = b.index(0);
  block.leftStride = b.index(stride);
}

void BlockedProduct::emitStrip(Block &block, Value strip, int64_t columns) {
  if (copiesWeight) {
    copyWeight(block, strip);
    block.right = weightCopy;
    block.rightStart = b.index(0);
    block.rightStride = stripColumns;
  } else {
    auto [panel, part] = b.split(strip, b.index(stripsPerPanel));
    Value start = b.mul(b.add(b.mul(panel, product.K), block.k), panelColumns);
    block.right = product.weight;
    block.rightStart = b.add(start, b.mul(part, stripColumns));
    block.rightStride = panelColumns;
  }
  emitTiles(block, strip, columns);
}

/// The strip's part of the weight as f32, [steps][stripColumns].
void BlockedProduct::copyWeight(Block &block, Value strip) {
  if (!product.packed) {
    b.loop(b.index(0), b.index(stripColumns), 1, [&](Value c) {
      Value column =
          b.min(b.add(b.mul(strip, stripColumns), c), b.index(product.N - 1));
      Value from = b.add(b.mul(column, product.K), block.k);
      b.loop(b.index(0), block.steps, 1, [&](Value k) {
        b.storeScalar(b.loadScalar(product.weight, b.add(from, k)), weightCopy,
                      b.add(b.mul(k, stripColumns), c));
      });
    });
    return;
  }
  auto [panel, part] = b.split(strip, b.index(stripsPerPanel));
  if (product.codes) {
    Value step = b.div(block.k, b.index(PanelLayout::stepSize));
    Value steps = b.ceilDiv(block.steps, b.index(PanelLayout::stepSize));
    return dequantizeStrip(*product.codes, panel, b.mul(part, stripColumns),
                           tileVectors, step, steps, weightCopy);
  }
  Value from =
      b.add(b.mul(b.add(b.mul(panel, product.K), block.k), panelColumns),
            b.mul(part, stripColumns));
  b.loop(b.index(0), block.steps, 1, [&](Value k) {
    for (int64_t v = 0; v < tileVectors; ++v)
      b.store(b.load(product.weight,
                     b.add(b.add(from, b.mul(k, panelColumns)), v * b.lanes)),
              weightCopy, b.add(b.mul(k, stripColumns), v * b.lanes));
  });
}

void BlockedProduct::emitTiles(Block &block, Value strip, int64_t columns) {
  int64_t height = heights.front();
  if (few) {
    b.loop(b.index(0), block.rows, height, [&](Value row) {
      emitRest(block, strip, columns, row, b.sub(block.rows, row));
    });
    return;
  }
  Value whole = b.mul(b.div(block.rows, b.index(height)), height);
  b.loop(b.index(0), whole, height, [&](Value row) {
    emitTile(block, strip, columns, row, height, /*whole=*/true);
  });
  Value rest = b.sub(block.rows, whole);
  b.when(b.less(b.index(0), rest),
         [&] { emitRest(block, strip, columns, whole, rest); });
}

/// The lowest tile that holds the rows that are left.
void BlockedProduct::emitRest(Block &block, Value strip, int64_t columns,
                              Value row, Value rest) {
  auto tile = [&](int64_t height) {
    emitTile(block, strip, columns, row, height, /*whole=*/false);
  };
  b.when(
      b.less(b.index(heights[1]), rest), [&] { tile(heights[0]); },
      [&] {
        b.when(
            b.less(b.index(heights[2]), rest), [&] { tile(heights[1]); },
            [&] { tile(heights[2]); });
      });
}

void BlockedProduct::emitTile(Block &block, Value strip, int64_t columns,
                              Value row, int64_t height, bool whole) {
  TileShape shape = {height, tileVectors};
  Value last = whole ? Value() : b.sub(block.rows, b.index(1));
  TileOperands operands = {
      block.left,
      rowStarts(b, row, height, block.leftStride, block.leftBase, last),
      block.right,
      block.rightStart,
      block.rightStride,
      stripColumns};
  SmallVector<Value> places; // of partial sums
  SmallVector<Value> sums;
  if (partial) {
    Value place =
        b.mul(b.add(b.mul(b.sub(strip, block.firstStrip), maxRows), row),
              stripColumns);
    for (int64_t i = 0; i < shape.accumulators(); ++i)
      places.push_back(b.add(place, i * b.lanes));
    SmallVector<Type> types(places.size(), b.vectorType);
    sums = b.when(
        block.isFirst, types,
        [&] { return SmallVector<Value>(places.size(), b.splat(0.0)); },
        [&] {
          return llvm::map_to_vector(
              places, [&](Value place) { return b.load(partial, place); });
        });
  }
  sums = qopt::emitTile(b, shape, operands, block.steps, sums);
  auto finish = [&] {
    SmallVector<Value> rows = rowStarts(b, row, height, b.index(product.N),
                                        b.mul(block.firstRow, product.N), last);
    product.epilogue.emit(rows, b.mul(strip, stripColumns), columns, sums);
  };
  if (!partial)
    return finish();
  b.when(block.isLast, finish, [&] {
    for (auto [sum, place] : llvm::zip_equal(sums, places))
      b.store(sum, partial, place);
  });
}

} // namespace qopt

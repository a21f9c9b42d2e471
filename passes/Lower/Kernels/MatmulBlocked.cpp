//===- MatmulBlocked.cpp - Products of more than one row ------------------===//

#include "lib/Target/CostModel.h"
#include "passes/Lower/Kernels/MatmulBlock.h"

using namespace mlir;

namespace qopt {

static bool isF32(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getElementType().isF32();
}

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
                    blockPanels = 16, items = 24;
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
    inputCopy = b.scratch(maxRows * copyStride());
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
  Value nextGroup = b.div(b.add(item, 1), rowBlocks);
  Value nextPanel =
      b.div(b.mul(nextGroup, stripsPerItem), b.index(stripsPerPanel));
  if (kBlock == product.K) {
    block.k = block.nextK = b.index(0);
    block.nextPanel = nextPanel;
    block.steps = b.index(product.K);
    return emitBlock(block);
  }
  Value K = b.index(product.K);
  b.loop(b.index(0), K, kBlock, [&](Value k) {
    block.k = k;
    block.steps = product.K % kBlock == 0 ? b.index(kBlock)
                                          : b.min(b.sub(K, k), b.index(kBlock));
    block.isFirst = b.equal(k, b.index(0));
    Value next = b.add(k, block.steps);
    block.isLast = b.equal(next, K);
    block.nextK = b.choose(block.isLast, b.index(0), next);
    block.nextPanel =
        b.choose(block.isLast, nextPanel,
                 b.div(block.firstStrip, b.index(stripsPerPanel)));
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

void BlockedProduct::emitTiles(Block &block, Value strip, int64_t columns) {
  int64_t height = heights.front();
  if (few) {
    b.loop(b.index(0), block.rows, height, [&](Value row) {
      emitRest(block, strip, columns, row, b.sub(block.rows, row));
    });
    return;
  }
  Value whole = b.mul(b.div(block.rows, b.index(height)), height);
  Value tiles = b.div(whole, b.index(height));
  b.loop(b.index(0), whole, height, [&](Value row) {
    if (product.packed)
      prefetchWeight(block, strip, b.div(row, b.index(height)), tiles);
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
    SmallVector<Value> rows =
        rowStarts(b, row, height, b.index(1), block.firstRow, last);
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

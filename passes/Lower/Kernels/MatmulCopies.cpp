//===- MatmulCopies.cpp - What blocks of products copy and fetch ----------===//

#include "passes/Lower/Kernels/MatmulBlock.h"

using namespace mlir;

namespace qopt {

/// Rows of the copy are so far apart that those of a tile enter another line
/// one step after the other: all at once, multiplications would wait. Rows of
/// the input are often whole pages, so nothing but this fetches the next ones.
void BlockedProduct::copyInput(Block &block) {
  int64_t stride = copyStride();
  b.loop(b.index(0), block.rows, 1, [&](Value row) {
    Value from = b.add(b.mul(b.add(block.firstRow, row), product.K), block.k);
    Value to = b.mul(row, stride);
    b.eachVector(block.steps, [&](Value i, int64_t count) {
      b.prefetch(product.input, b.add(b.add(from, i), 2 * product.K));
      b.store(b.load(product.input, b.add(from, i), count), inputCopy,
              b.add(to, i), count);
    });
  });
  block.left = inputCopy;
  block.leftBase = b.index(0);
  block.leftStride = b.index(stride);
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

/// Where a panel's part from `k` on starts.
Value BlockedProduct::weightPlace(Value panel, Value k) {
  if (product.codes)
    return product.codes->stepPlace(product.codes->panelStart(panel),
                                    b.div(k, b.index(PanelLayout::stepSize)));
  return b.mul(b.add(b.mul(panel, product.K), k), panelColumns);
}

/// While a panel's part is multiplied, each tile fetches a slice of the part
/// that comes behind it.
void BlockedProduct::prefetchWeight(const Block &block, Value strip, Value tile,
                                    Value tiles) {
  auto [panel, strips] = b.split(strip, b.index(stripsPerPanel));
  Value next = b.add(panel, 1);
  Value isInside =
      b.less(next, b.div(block.lastStrip, b.index(stripsPerPanel)));
  Value place = weightPlace(b.choose(isInside, next, block.nextPanel),
                            b.choose(isInside, block.k, block.nextK));
  int64_t elements = kBlock * panelColumns;
  if (product.codes) {
    const PanelLayout &layout = product.codes->layout;
    elements = kBlock * layout.segmentBytes() / layout.segmentSize();
  }
  int64_t line = 64 / product.weightBytes;
  Value end = b.index(llvm::divideCeil(elements, line));
  Value slice = b.ceilDiv(end, b.mul(tiles, stripsPerPanel));
  Value begin = b.mul(b.add(b.mul(strips, tiles), tile), slice);
  b.loop(begin, b.min(b.add(begin, slice), end), 1, [&](Value i) {
    b.prefetch(product.weight, b.add(place, b.mul(i, line)));
  });
}

} // namespace qopt

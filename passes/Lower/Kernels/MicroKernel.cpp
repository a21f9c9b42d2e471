//===- MicroKernel.cpp - A tile of a product held in registers ------------===//

#include "passes/Lower/Kernels/MicroKernel.h"

#include "lib/Target/CostModel.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace qopt {

TileShape widestTile(const X86Isa &isa, int64_t rows, int64_t vectors) {
  // Beside the accumulators: a row of the right operand, an element of the
  // left.
  auto registers = [&](int64_t width) { return rows * width + width + 1; };
  int64_t width = 1;
  while (width * 2 <= vectors && registers(width * 2) < isa.vectorRegisters)
    width *= 2;
  // Two multiply-adds a cycle with a latency of four. With just eight of them,
  // one that comes late delays all.
  int64_t chains = 1;
  while (rows * width * chains < 12 &&
         registers(width) + rows * width * chains < isa.vectorRegisters)
    chains *= 2;
  return {rows, width, chains};
}

SmallVector<int64_t, 3> tileHeights(const X86Isa &isa) {
  int64_t most = floatTileRows(isa);
  return {most, most * 2 / 3, most / 3};
}

namespace {

class TileEmitter {
public:
  TileEmitter(KernelBuilder &b, TileShape shape, const TileOperands &operands)
      : b(b), shape(shape), operands(operands) {}

  /// accumulators += left[:, k] * right[k, :]
  void step(Value k, MutableArrayRef<Value> accumulators) {
    SmallVector<Value> right;
    Value start = b.add(operands.rightStart, b.mul(k, operands.rightStride));
    if (operands.prefetch)
      prefetch(b.add(start, operands.prefetch));
    for (int64_t v = 0; v < shape.vectors; ++v) {
      int64_t count =
          std::clamp<int64_t>(operands.columns - v * b.lanes, 0, b.lanes);
      right.push_back(count == 0 ? b.splat(0.0)
                                 : b.load(operands.right,
                                          b.add(start, v * b.lanes), count));
    }
    for (int64_t r = 0; r < shape.rows; ++r) {
      Value left = b.loadSplat(operands.left, b.add(operands.leftRows[r], k));
      for (int64_t v = 0; v < shape.vectors; ++v) {
        Value &accumulator = accumulators[r * shape.vectors + v];
        accumulator = b.multiplyAdd(left, right[v], accumulator);
      }
    }
  }

  /// Steps [begin, end) in strides of `unroll`, each of a chain of its own.
  SmallVector<Value> steps(Value begin, Value end, int64_t unroll,
                           ArrayRef<Value> init) {
    int64_t tile = shape.accumulators(), chains = init.size() / tile;
    return b.loop(begin, end, unroll, init, [&](Value k, ValueRange carried) {
      SmallVector<Value> accumulators(carried);
      for (int64_t u = 0; u < unroll; ++u)
        step(b.add(k, u), MutableArrayRef<Value>(accumulators)
                              .slice(u % chains * tile, tile));
      return accumulators;
    });
  }

private:
  /// The lines of the columns of a step, into the second-level cache.
  void prefetch(Value start) {
    auto type = cast<MemRefType>(operands.right.getType());
    int64_t line = 64 * 8 / type.getElementTypeBitWidth();
    for (int64_t column = 0; column < operands.columns; column += line)
      b.prefetch(operands.right, b.add(start, column));
  }

  KernelBuilder &b;
  TileShape shape;
  const TileOperands &operands;
};

} // namespace

/// Small tiles would spend their time on counting.
static int64_t unrolling(TileShape shape) {
  return std::max<int64_t>(shape.chains, shape.accumulators() <= 8 ? 4 : 2);
}

SmallVector<Value> emitTile(KernelBuilder &b, TileShape shape,
                            const TileOperands &operands, Value steps,
                            ArrayRef<Value> init) {
  int64_t tile = shape.accumulators(), unroll = unrolling(shape);
  SmallVector<Value> accumulators(init);
  accumulators.resize(tile * shape.chains, nullptr);
  for (Value &accumulator : accumulators)
    if (!accumulator)
      accumulator = b.splat(0.0);
  TileEmitter emitter(b, shape, operands);
  Value whole = b.mul(b.div(steps, b.index(unroll)), unroll);
  accumulators = emitter.steps(b.index(0), whole, unroll, accumulators);
  for (int64_t chains = shape.chains; chains > 1; chains /= 2)
    for (int64_t i = 0; i < chains / 2 * tile; ++i)
      accumulators[i] =
          b.addf(accumulators[i], accumulators[chains / 2 * tile + i]);
  accumulators.resize(tile);
  auto constant = getConstantIntValue(steps);
  if (unroll > 1 && (!constant || *constant % unroll != 0))
    accumulators = emitter.steps(whole, steps, 1, accumulators);
  return accumulators;
}

SmallVector<Value> rowStarts(KernelBuilder &b, Value first, int64_t count,
                             Value stride, Value base, Value last) {
  SmallVector<Value> starts;
  Value start = b.add(base, b.mul(first, stride));
  for (int64_t r = 0; r < count; ++r) {
    if (last)
      start = b.add(base, b.mul(b.min(b.add(first, r), last), stride));
    starts.push_back(last ? start : b.add(start, b.mul(stride, r)));
  }
  return starts;
}

} // namespace qopt

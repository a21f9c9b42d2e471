//===- Rotary.cpp - Rotary position embedding -----------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Lower/Kernels/KernelBuilder.h"
#include "passes/Lower/Kernels/Kernels.h"

using namespace mlir;

namespace qopt {

LogicalResult lowerRotaryTable(RotaryTableOp op, const X86Isa &isa) {
  if (failed(expectFloats(op, op.getOut())) ||
      failed(expectStored(op, op.getFrequencies())))
    return failure();
  int64_t n = cast<MemRefType>(op.getFrequencies().getType()).getDimSize(0);
  if (ShapedType::isDynamic(n))
    return op.emitOpError("cannot be lowered to a kernel: expects a constant "
                          "number of frequencies, but got ")
           << op.getFrequencies().getType();
  KernelBuilder b(op, isa);
  Value positions = b.flatten(op.getPositions());
  Value frequencies = b.flatten(op.getFrequencies());
  Value out = b.flatten(op.getOut());
  Value scaling = b.splat(op.getScaling().convertToDouble());
  b.forallRows(b.rows(op.getPositions(), 0), 8 * n, [&](Value row) {
    Value position = b.splat(Value(arith::SIToFPOp::create(
        b, b.getF32Type(), b.loadScalar(positions, row))));
    Value start = b.mul(row, 2 * n);
    b.eachVector(n, [&](Value i, int64_t count) {
      Value angle = b.mulf(position, b.load(frequencies, i, count));
      Value at = b.add(start, i);
      b.store(b.mulf(math::CosOp::create(b, angle), scaling), out, at, count);
      b.store(b.mulf(math::SinOp::create(b, angle), scaling), out, b.add(at, n),
              count);
    });
  });
  return success();
}

namespace {

/// Turns the heads of one time step.
class RotaryEmitter {
public:
  RotaryEmitter(KernelBuilder &b, RotaryOp op)
      : b(b), interleaved(op.getInterleaved()),
        n(cast<MemRefType>(op.getTable().getType()).getDimSize(2) / 2),
        input(b.flatten(op.getInput())), table(b.flatten(op.getTable())),
        out(b.flatten(op.getOut())) {}

  /// The head of `size` elements at `start` by the angles at `angles`.
  void turn(Value start, int64_t size, Value angles) {
    b.eachVector(n, [&](Value i, int64_t count) {
      Value at = b.add(angles, i);
      if (!interleaved)
        return turnHalves(b.add(start, i), at, count);
      Value first = b.add(start, b.mul(i, 2));
      if (count == b.lanes)
        return turnPairs(first, at);
      b.loop(b.index(0), b.index(count), 1, [&](Value j) {
        turnPair(b.add(first, b.mul(j, 2)), b.add(at, j));
      });
    });
    b.eachVector(size - 2 * n, [&](Value i, int64_t count) {
      Value at = b.add(b.add(start, 2 * n), i);
      b.store(b.load(input, at, count), out, at, count);
    });
  }

  /// Half the number of elements that turn.
  int64_t pairs() const { return n; }

private:
  std::pair<Value, Value> rotate(Value x, Value y, Value cosine, Value sine) {
    return {b.subf(b.mulf(x, cosine), b.mulf(y, sine)),
            b.addf(b.mulf(y, cosine), b.mulf(x, sine))};
  }

  void turnHalves(Value first, Value angles, int64_t count) {
    Value second = b.add(first, n);
    auto [x, y] = rotate(
        b.load(input, first, count), b.load(input, second, count),
        b.load(table, angles, count), b.load(table, b.add(angles, n), count));
    b.store(x, out, first, count);
    b.store(y, out, second, count);
  }

  void turnPairs(Value first, Value angles) {
    SmallVector<int64_t> even, odd, low, high;
    for (int64_t i = 0; i < b.lanes; ++i) {
      even.push_back(2 * i);
      odd.push_back(2 * i + 1);
      low.push_back(i / 2 + i % 2 * b.lanes);
      high.push_back(b.lanes / 2 + i / 2 + i % 2 * b.lanes);
    }
    Value second = b.add(first, b.lanes);
    Value p = b.load(input, first), q = b.load(input, second);
    auto [x, y] =
        rotate(b.shuffle(p, q, even), b.shuffle(p, q, odd),
               b.load(table, angles), b.load(table, b.add(angles, n)));
    b.store(b.shuffle(x, y, low), out, first);
    b.store(b.shuffle(x, y, high), out, second);
  }

  void turnPair(Value first, Value angle) {
    Value second = b.add(first, 1);
    auto [x, y] = rotate(
        b.loadScalar(input, first), b.loadScalar(input, second),
        b.loadScalar(table, angle), b.loadScalar(table, b.add(angle, n)));
    b.storeScalar(x, out, first);
    b.storeScalar(y, out, second);
  }

  KernelBuilder &b;
  bool interleaved;
  int64_t n;
  Value input, table, out;
};

} // namespace

LogicalResult lowerRotary(RotaryOp op, const X86Isa &isa) {
  if (failed(expectFloats(op, {op.getInput(), op.getTable(), op.getOut()})))
    return failure();
  int64_t width = cast<MemRefType>(op.getInput().getType()).getDimSize(2);
  int64_t heads = op.getNumHeads(), size = width / heads;
  KernelBuilder b(op, isa);
  RotaryEmitter emitter(b, op);
  Value steps = b.dim(op.getInput(), 1);
  Value lastTable =
      b.sub(b.dim(op.getTable(), 0), b.index(1)); // 0: for all rows
  b.forallRows(b.rows(op.getInput()), width, [&](Value row) {
    auto [batch, step] = b.split(row, steps);
    Value angles = b.mul(b.add(b.mul(b.min(batch, lastTable), steps), step),
                         2 * emitter.pairs());
    Value start = b.mul(row, width);
    b.loop(b.index(0), b.index(heads), 1, [&](Value head) {
      emitter.turn(b.add(start, b.mul(head, size)), size, angles);
    });
  });
  return success();
}

} // namespace qopt

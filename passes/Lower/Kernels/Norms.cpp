//===- Norms.cpp - Normalization of rows ----------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Lower/Kernels/KernelBuilder.h"
#include "passes/Lower/Kernels/Kernels.h"

using namespace mlir;

namespace qopt {

/// The sum over i of `term(i, count)`, a vector of which `count` lanes are
/// there; the others must be 0. Four sums run side by side.
static Value sumOver(KernelBuilder &b, int64_t size,
                     llvm::function_ref<Value(Value, int64_t)> term) {
  constexpr int64_t chains = 4;
  int64_t stride = chains * b.lanes, whole = size / stride * stride;
  SmallVector<Value> sums(chains, b.splat(0.0));
  if (whole > 0)
    sums = b.loop(b.index(0), b.index(whole), stride, sums,
                  [&](Value i, ValueRange carried) {
                    SmallVector<Value> next;
                    for (int64_t c = 0; c < chains; ++c)
                      next.push_back(b.addf(
                          carried[c], term(b.add(i, c * b.lanes), b.lanes)));
                    return next;
                  });
  for (int64_t i = whole, c = 0; i < size; i += b.lanes, ++c)
    sums[c] = b.addf(sums[c], term(b.index(i), std::min(b.lanes, size - i)));
  return b.sumLanes(b.addf(b.addf(sums[0], sums[2]), b.addf(sums[1], sums[3])));
}

/// 1 / sqrt(sum / size + epsilon), in all lanes
static Value inverseDeviation(KernelBuilder &b, Value sum, int64_t size,
                              double epsilon) {
  Value mean = b.divf(sum, b.constant(size));
  Value root = math::SqrtOp::create(b, b.addf(mean, b.constant(epsilon)));
  return b.splat(b.divf(b.constant(1.0), root));
}

template <typename OpType> static FailureOr<int64_t> checkNorm(OpType op) {
  if (failed(expectFloats(op, {op.getInput(), op.getOut()})) ||
      failed(expectStored(op, op.getScale())))
    return failure();
  int64_t size = cast<MemRefType>(op.getScale().getType()).getDimSize(0);
  if (ShapedType::isDynamic(size))
    return op.emitOpError(
               "cannot be lowered to a kernel: expects a constant last "
               "size, but got ")
           << op.getScale().getType();
  return size;
}

LogicalResult lowerRMSNorm(RMSNormOp op, const X86Isa &isa) {
  FailureOr<int64_t> checked = checkNorm(op);
  if (failed(checked))
    return failure();
  int64_t size = *checked;
  KernelBuilder b(op, isa);
  Value input = b.flatten(op.getInput()), scale = b.flatten(op.getScale());
  Value out = b.flatten(op.getOut());
  b.forallRows(b.rows(op.getInput()), size, [&](Value row) {
    Value start = b.mul(row, size);
    Value sum = sumOver(b, size, [&](Value i, int64_t count) {
      Value x = b.load(input, b.add(start, i), count);
      return b.mulf(x, x);
    });
    Value inverse =
        inverseDeviation(b, sum, size, op.getEpsilon().convertToDouble());
    b.eachVector(size, [&](Value i, int64_t count) {
      Value x = b.load(input, b.add(start, i), count);
      b.store(b.mulf(b.mulf(x, inverse), b.load(scale, i, count)), out,
              b.add(start, i), count);
    });
  });
  return success();
}

LogicalResult lowerLayerNorm(LayerNormOp op, const X86Isa &isa) {
  FailureOr<int64_t> checked = checkNorm(op);
  if (failed(checked) ||
      (op.getBias() && failed(expectStored(op, op.getBias()))))
    return failure();
  int64_t size = *checked;
  KernelBuilder b(op, isa);
  Value input = b.flatten(op.getInput()), scale = b.flatten(op.getScale());
  Value bias = op.getBias() ? b.flatten(op.getBias()) : Value();
  Value out = b.flatten(op.getOut());
  b.forallRows(b.rows(op.getInput()), size, [&](Value row) {
    Value start = b.mul(row, size);
    Value sum = sumOver(b, size, [&](Value i, int64_t count) {
      return b.load(input, b.add(start, i), count);
    });
    Value mean = b.splat(b.divf(sum, b.constant(size)));
    auto centered = [&](Value i, int64_t count) {
      return b.subf(b.load(input, b.add(start, i), count), mean);
    };
    Value squares = sumOver(b, size, [&](Value i, int64_t count) {
      Value c = b.keepFirst(centered(i, count), count);
      return b.mulf(c, c);
    });
    Value inverse =
        inverseDeviation(b, squares, size, op.getEpsilon().convertToDouble());
    b.eachVector(size, [&](Value i, int64_t count) {
      Value y =
          b.mulf(b.mulf(centered(i, count), inverse), b.load(scale, i, count));
      if (bias)
        y = b.addf(y, b.load(bias, i, count));
      b.store(y, out, b.add(start, i), count);
    });
  });
  return success();
}

} // namespace qopt

//===- Activations.cpp - Elementwise activations --------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/Lower/Kernels/KernelBuilder.h"
#include "passes/Lower/Kernels/Kernels.h"

using namespace mlir;

namespace qopt {

template <typename OpType>
static LogicalResult
lowerElementwise(OpType op, const X86Isa &isa,
                 llvm::function_ref<Value(KernelBuilder &, Value)> function) {
  if (failed(expectFloats(op, {op.getInput(), op.getOut()})))
    return failure();
  KernelBuilder b(op, isa);
  Value input = b.flatten(op.getInput()), out = b.flatten(op.getOut());
  Value size = b.rows(op.getInput(), 0);
  constexpr int64_t perItem = 1 << 14;
  b.forall(b.ceilDiv(size, b.index(perItem)), [&](Value item) {
    Value start = b.mul(item, perItem);
    b.eachVector(b.min(b.index(perItem), b.sub(size, start)),
                 [&](Value i, int64_t count) {
                   Value at = b.add(start, i);
                   b.store(function(b, b.load(input, at, count)), out, at,
                           count);
                 });
  });
  return success();
}

LogicalResult lowerSilu(SiluOp op, const X86Isa &isa) {
  return lowerElementwise(op, isa, [](KernelBuilder &b, Value x) {
    Value exp = math::ExpOp::create(b, arith::NegFOp::create(b, x));
    return b.divf(x, b.addf(b.splat(1.0), exp));
  });
}

LogicalResult lowerGelu(GeluOp op, const X86Isa &isa) {
  return lowerElementwise(op, isa, [](KernelBuilder &b, Value x) {
    Value erf = math::ErfOp::create(b, b.mulf(x, b.splat(0.70710678118654752)));
    return b.mulf(b.mulf(x, b.splat(0.5)), b.addf(b.splat(1.0), erf));
  });
}

} // namespace qopt

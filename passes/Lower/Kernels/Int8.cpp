//===- Int8.cpp - int8 codes chosen when running --------------------------===//

#include "passes/Lower/Kernels/Int8.h"

#include "lib/Formats/Activations.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace qopt {

Value emitLargest(KernelBuilder &b, Value flat, Value from, int64_t size) {
  auto larger = [&](Value most, Value i, int64_t count) -> Value {
    Value x = b.load(flat, b.add(from, i), count);
    return b.maxf(math::AbsFOp::create(b, x), most);
  };
  int64_t whole = size / b.lanes * b.lanes;
  Value most =
      b.loop(b.index(0), b.index(whole), b.lanes, {b.splat(0.0)},
             [&](Value i, ValueRange carried) {
               return SmallVector<Value>{larger(carried[0], i, b.lanes)};
             })[0];
  if (size > whole)
    most = larger(most, b.index(whole), size - whole);
  return b.maxLanes(most);
}

Int8Scale emitInt8Scale(KernelBuilder &b, Value largest) {
  Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, largest,
                                       b.constant(smallestActivation));
  Value zero = b.constant(0), limit = b.constant(127);
  return {b.choose(isZero, zero, b.divf(largest, limit)),
          b.choose(isZero, zero, b.divf(limit, largest))};
}

Value emitInt8Codes(KernelBuilder &b, Value x, Value inverse) {
  // Ties to even, as roundToEven does it.
  Value magic = isa<VectorType>(x.getType())
                    ? b.splat(double(roundingMagic))
                    : b.constant(double(roundingMagic));
  // No multiply-add here: the product is rounded first.
  Value scaled = arith::MulFOp::create(b, x, inverse);
  Value shifted = arith::AddFOp::create(b, scaled, magic);
  Value rounded = arith::SubFOp::create(b, shifted, magic);
  return arith::FPToSIOp::create(b, withElement(x.getType(), b.getI32Type()),
                                 rounded);
}

Value emitBytes(KernelBuilder &b, Value words) {
  return arith::TruncIOp::create(b, withElement(words.getType(), b.getI8Type()),
                                 words);
}

} // namespace qopt

//===- ExpandMath.cpp - Functions of real numbers as polynomials ----------===//

#include "lib/Target/X86.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/Lower/Generic/MathBuilder.h"
#include "passes/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_EXPANDMATH
#include "passes/Passes.h.inc"

namespace {

using namespace generic;

/// What an op becomes; null: it stays.
class Expansion {
public:
  Expansion(Operation *op, OpBuilder &builder, const X86Isa &isa)
      : op(op),
        isa(isa), math{builder, op->getLoc(), op->getResult(0).getType()} {}

  Value expand() {
    return TypeSwitch<Operation *, Value>(op)
        .Case([&](arith::ExtFOp extension) { return widen(extension.getIn()); })
        .Case([&](arith::TruncFOp truncation) {
          return narrow(truncation.getIn());
        })
        .Case<math::FmaOp>([&](math::FmaOp fma) {
          return math.mulAdd(fma.getA(), fma.getB(), fma.getC());
        })
        .Case<vector::FMAOp>([&](vector::FMAOp fma) {
          return math.mulAdd(fma.getLhs(), fma.getRhs(), fma.getAcc());
        })
        .Default([&](Operation *) { return expandF32(); });
  }

private:
  Value expandF32() {
    if (!getElementTypeOrSelf(op->getResult(0)).isF32())
      return nullptr;
    Value x = op->getOperand(0);
    auto round = [&](Rounding rounding) {
      return hasRounding() ? Value() : expandRound(math, x, rounding);
    };
    return TypeSwitch<Operation *, Value>(op)
        .Case([&](math::ExpOp) { return expandExp(math, x); })
        .Case([&](math::LogOp) { return expandLog(math, x); })
        .Case([&](math::TanhOp) { return expandTanh(math, x); })
        .Case([&](math::ErfOp) { return expandErf(math, x); })
        .Case([&](math::SinOp) { return expandSinCos(math, x, false); })
        .Case([&](math::CosOp) { return expandSinCos(math, x, true); })
        .Case([&](math::PowFOp power) {
          return expandPow(math, x, power.getRhs());
        })
        .Case([&](math::RsqrtOp) {
          return math.div(math.f(1), math.make<math::SqrtOp>(x));
        })
        .Case([&](math::RoundEvenOp) { return round(Rounding::Even); })
        .Case([&](math::FloorOp) { return round(Rounding::Down); })
        .Case([&](math::CeilOp) { return round(Rounding::Up); })
        .Case([&](math::TruncOp) { return round(Rounding::ToZero); })
        // There is no instruction for this one.
        .Case([&](math::RoundOp) {
          return expandRound(math, x, Rounding::AwayFromZero);
        })
        .Default(Value());
  }

  /// SSE4.1, which everything above x86-64 has.
  bool hasRounding() const { return isa.features != 0; }

  Value widen(Value x) {
    Type from = getElementTypeOrSelf(x);
    Value wide;
    if (from.isBF16())
      wide = widenBF16(math, x);
    else if (from.isF16() && !isa.f16c)
      wide = widenF16(math, x);
    else
      return nullptr;
    if (math.shape == wide.getType())
      return wide;
    return math.make<arith::ExtFOp>(math.shape, wide);
  }

  Value narrow(Value x) {
    Type to = getElementTypeOrSelf(math.shape);
    bool isDouble = getElementTypeOrSelf(x).isF64();
    if (!to.isBF16() && (!to.isF16() || (isa.f16c && !isDouble)))
      return nullptr;
    if (isDouble)
      x = math.make<arith::TruncFOp>(math.f32(), x);
    if (to.isF16() && isa.f16c)
      return math.make<arith::TruncFOp>(math.shape, x);
    return to.isF16() ? narrowF16(math, x) : narrowBF16(math, x);
  }

  Operation *op;
  const X86Isa &isa;
  MathBuilder math;
};

struct ExpandMath final : impl::ExpandMathBase<ExpandMath> {
  using ExpandMathBase::ExpandMathBase;

  void runOnOperation() override {
    const X86Isa *target = findX86Isa(isa);
    if (!target) {
      getOperation().emitError("unknown ISA version: ") << isa;
      return signalPassFailure();
    }
    SmallVector<Operation *> found;
    getOperation().walk([&](Operation *op) {
      if (mlir::isa<math::MathDialect>(op->getDialect()) ||
          mlir::isa<arith::ExtFOp, arith::TruncFOp, vector::FMAOp>(op))
        found.push_back(op);
    });
    for (Operation *op : found) {
      OpBuilder builder(op);
      Value expanded = Expansion(op, builder, *target).expand();
      if (!expanded)
        continue;
      op->getResult(0).replaceAllUsesWith(expanded);
      op->erase();
    }
  }
};

} // namespace
} // namespace qopt

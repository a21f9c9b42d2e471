//===- LowerKernels.cpp - qopt ops on buffers to vector code --------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/Kernels.h"
#include "passes/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_LOWERKERNELS
#include "passes/Passes.h.inc"

static LogicalResult expect(Operation *op, ValueRange buffers,
                            llvm::function_ref<bool(Type)> isElement,
                            StringRef elements) {
  for (Value buffer : buffers) {
    auto type = dyn_cast<MemRefType>(buffer.getType());
    if (!type || !type.getLayout().isIdentity() ||
        !isElement(type.getElementType()))
      return op->emitOpError("cannot be lowered to a kernel: expects dense "
                             "buffers of ")
             << elements << ", but got " << buffer.getType();
  }
  return success();
}

LogicalResult expectFloats(Operation *op, ValueRange buffers) {
  return expect(
      op, buffers, [](Type type) { return type.isF32(); }, "f32");
}

LogicalResult expectStored(Operation *op, ValueRange buffers) {
  auto isStored = [](Type type) {
    return type.isF32() || type.isF16() || type.isBF16();
  };
  return expect(op, buffers, isStored, "f32, f16 or bf16");
}

namespace {

/// Nothing when the op is none of ours.
std::optional<LogicalResult> lower(Operation *op, const X86Isa &isa) {
  return llvm::TypeSwitch<Operation *, std::optional<LogicalResult>>(op)
      .Case([&](MatmulOp op) { return lowerMatmul(op, isa); })
      .Case([&](AttentionOp op) { return lowerAttention(op, isa); })
      .Case([&](RMSNormOp op) { return lowerRMSNorm(op, isa); })
      .Case([&](LayerNormOp op) { return lowerLayerNorm(op, isa); })
      .Case([&](RotaryTableOp op) { return lowerRotaryTable(op, isa); })
      .Case([&](RotaryOp op) { return lowerRotary(op, isa); })
      .Case([&](EmbeddingOp op) { return lowerEmbedding(op, isa); })
      .Case([&](RoundOp op) { return lowerRound(op, isa); })
      .Case([&](QuantizeOp op) { return lowerQuantize(op, isa); })
      .Case([&](SiluOp op) { return lowerSilu(op, isa); })
      .Case([&](GeluOp op) { return lowerGelu(op, isa); })
      .Default([](Operation *) { return std::nullopt; });
}

struct LowerKernels final : impl::LowerKernelsBase<LowerKernels> {
  using LowerKernelsBase::LowerKernelsBase;

  void runOnOperation() override {
    const X86Isa *target = findX86Isa(isa);
    if (!target) {
      getOperation().emitError("expects the name of an ISA version, but got '")
          << isa << "'";
      return signalPassFailure();
    }
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops) {
      if (op->getNumResults() != 0 &&
          isa_and_nonnull<QOptDialect>(op->getDialect()))
        continue;
      std::optional<LogicalResult> result = lower(op, *target);
      if (!result)
        continue;
      if (failed(*result))
        return signalPassFailure();
      op->erase();
    }
  }
};

} // namespace
} // namespace qopt

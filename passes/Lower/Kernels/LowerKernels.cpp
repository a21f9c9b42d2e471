//===- LowerKernels.cpp - qopt ops on buffers to vector code --------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/CodedItems.h"
#include "passes/Lower/Kernels/Kernels.h"
#include "passes/Lower/LoopParts.h"
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
      .Case([&](CandidatesOp op) { return lowerCandidates(op, isa); })
      .Case([&](SiluOp op) { return lowerSilu(op, isa); })
      .Case([&](GeluOp op) { return lowerGelu(op, isa); })
      .Default([](Operation *) { return std::nullopt; });
}

/// Buffers of a loop become scratch, seen as what they were: places in it are
/// those of an item's part.
void makeLocal(FusedOp fused, const X86Isa &isa) {
  for (auto product : llvm::make_early_inc_range(fused.getOps<MatmulOp>())) {
    auto buffer = product.getOut().getDefiningOp<memref::AllocOp>();
    if (!buffer || buffer->getParentOp() != fused)
      continue;
    KernelBuilder b(buffer, isa);
    MemRefType type = buffer.getType();
    int64_t elements = CodedItems(b, product).localElements();
    Value scratch = ScratchOp::create(
        b, MemRefType::get({elements}, type.getElementType()));
    SmallVector<OpFoldResult> sizes = buffer.getMixedSizes();
    SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
    for (int64_t i = int64_t(sizes.size()) - 2; i >= 0; --i) {
      auto valueOf = [&](OpFoldResult number) {
        return getValueOrCreateConstantIndexOp(b, b.getLoc(), number);
      };
      strides[i] = getAsOpFoldResult(
          b.mul(valueOf(strides[i + 1]), valueOf(sizes[i + 1])));
    }
    buffer.getResult().replaceAllUsesWith(memref::ReinterpretCastOp::create(
        b, type, scratch, OpFoldResult(b.getIndexAttr(0)), sizes, strides));
    buffer.erase();
  }
}

/// What `lower` made of each op: index values and views, and a parallel loop.
/// They become one loop.
class LoopMerger {
public:
  explicit LoopMerger(FusedOp fused)
      : fused(fused), builder(fused), loc(fused.getLoc()) {}

  LogicalResult run() {
    SmallVector<scf::ForallOp> loops;
    SetVector<Operation *> ofItems; // scratch and its views
    auto isOfItem = [&](Value value) {
      return ofItems.contains(value.getDefiningOp());
    };
    for (Operation &op : llvm::make_early_inc_range(fused.getBody().front())) {
      if (auto loop = dyn_cast<scf::ForallOp>(op))
        loops.push_back(loop);
      else if (isa<ScratchOp>(op) || llvm::any_of(op.getOperands(), isOfItem))
        ofItems.insert(&op);
      else if (op.getNumRegions() == 0)
        op.moveBefore(fused);
      else
        return fused.emitOpError("cannot be lowered to one loop: ")
               << op.getName() << " is in the way";
    }
    SmallVector<Value> counts;
    loc = builder.getFusedLoc(llvm::map_to_vector(
        loops, [](scf::ForallOp loop) -> Location { return loop.getLoc(); }));
    for (scf::ForallOp loop : loops)
      counts.push_back(getValueOrCreateConstantIndexOp(
          builder, loc, loop.getMixedUpperBound()[0]));
    bool isApart = fused.getSharing() == Sharing::Apart;
    Value count = counts[0];
    for (Value other : ArrayRef<Value>(counts).drop_front())
      if (isApart)
        count = arith::AddIOp::create(builder, loc, count, other);
    auto merged =
        scf::ForallOp::create(builder, loc, ArrayRef<OpFoldResult>{count},
                              ValueRange(), std::nullopt);
    builder.setInsertionPointToStart(merged.getBody());
    for (Operation *op : ofItems)
      op->moveBefore(merged.getBody()->getTerminator());
    builder.setInsertionPoint(merged.getBody()->getTerminator());
    Value item = merged.getInductionVar(0);
    if (isApart)
      placeApart(loops, counts, item);
    else
      for (scf::ForallOp loop : loops)
        inlineBody(loop, item);
    return success();
  }

private:
  /// Items of the first loop, else those of the ones behind it.
  void placeApart(ArrayRef<scf::ForallOp> loops, ArrayRef<Value> counts,
                  Value item) {
    if (loops.size() == 1)
      return inlineBody(loops[0], item);
    Value isFirst = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::slt, item, counts[0]);
    auto choice =
        scf::IfOp::create(builder, loc, isFirst, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(choice.thenBlock());
    inlineBody(loops[0], item);
    builder.setInsertionPointToStart(choice.elseBlock());
    Value behind = arith::SubIOp::create(builder, loc, item, counts[0]);
    placeApart(loops.drop_front(), counts.drop_front(), behind);
  }

  void inlineBody(scf::ForallOp loop, Value item) {
    loop.getInductionVar(0).replaceAllUsesWith(item);
    auto &body = loop.getBody()->getOperations();
    builder.getInsertionBlock()->getOperations().splice(
        builder.getInsertionPoint(), body, body.begin(), std::prev(body.end()));
  }

  FusedOp fused;
  OpBuilder builder;
  Location loc;
};

struct LowerKernels final : impl::LowerKernelsBase<LowerKernels> {
  using LowerKernelsBase::LowerKernelsBase;

  void runOnOperation() override {
    const X86Isa *target = findX86Isa(isa);
    if (!target) {
      getOperation().emitError("expects the name of an ISA version, but got '")
          << isa << "'";
      return signalPassFailure();
    }
    getOperation().walk([&](FusedOp fused) { makeLocal(fused, *target); });
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    SmallVector<Operation *> lowered; // others of their loop look at them
    for (Operation *op : ops) {
      if (op->getNumResults() != 0 &&
          isa_and_nonnull<QOptDialect>(op->getDialect()))
        continue;
      if (isa_and_nonnull<QOptDialect>(op->getDialect()))
        op->setLoc(getPartLocation(op));
      std::optional<LogicalResult> result = lower(op, *target);
      if (!result)
        continue;
      if (failed(*result))
        return signalPassFailure();
      lowered.push_back(op);
    }
    for (Operation *op : lowered)
      op->erase();
    SmallVector<FusedOp> groups;
    getOperation().walk([&](FusedOp fused) { groups.push_back(fused); });
    for (FusedOp fused : groups) {
      if (failed(LoopMerger(fused).run()))
        return signalPassFailure();
      fused.erase();
    }
  }
};

} // namespace
} // namespace qopt

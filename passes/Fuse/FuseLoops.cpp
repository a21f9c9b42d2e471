//===- FuseLoops.cpp - Computing ops that share a parallel loop -----------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Fuse/Movable.h"
#include "passes/Passes.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_FUSELOOPS
#include "passes/Passes.h.inc"

namespace {

/// Of a product with candidates more than a loop is left.
bool isBufferForm(Operation *op) {
  if (auto matmul = dyn_cast<MatmulOp>(op);
      matmul && !matmul.getCandidates().empty())
    return false;
  return isa_and_nonnull<QOptDialect>(op->getDialect()) &&
         op->getNumResults() == 0 &&
         isa<MatmulOp, RMSNormOp, LayerNormOp, QuantizeOp, RoundOp>(op);
}

/// The buffers that an op writes.
SmallVector<Value> writtenBy(Operation *op) {
  if (auto quantize = dyn_cast<QuantizeOp>(op))
    return {quantize.getOutCodes(), quantize.getOutScales(),
            quantize.getOutSums()};
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return {matmul.getOut()};
  if (auto norm = dyn_cast<RMSNormOp>(op))
    return {norm.getOut()};
  if (auto norm = dyn_cast<LayerNormOp>(op))
    return {norm.getOut()};
  return {cast<RoundOp>(op).getOut()};
}

bool reads(Operation *op, Value buffer) {
  return llvm::is_contained(op->getOperands(), buffer) &&
         !llvm::is_contained(writtenBy(op), buffer);
}

/// Whether two values may be parts of one buffer: what is no allocation of its
/// own may be.
bool mayAlias(Value a, Value b) {
  return a == b || !a.getDefiningOp<memref::AllocOp>() ||
         !b.getDefiningOp<memref::AllocOp>();
}

bool isNormOf(Operation *op, Operation *next) {
  Value rows;
  if (auto norm = dyn_cast<RMSNormOp>(op))
    rows = norm.getOut();
  else if (auto norm = dyn_cast<LayerNormOp>(op))
    rows = norm.getOut();
  if (auto quantize = dyn_cast<QuantizeOp>(next))
    return rows && quantize.getInput() == rows;
  if (auto round = dyn_cast<RoundOp>(next))
    return rows && round.getInput() == rows;
  return false;
}

/// Products of one input.
bool haveOneInput(MatmulOp a, MatmulOp b) {
  return a.getInput() == b.getInput() &&
         a.getInputScales() == b.getInputScales() &&
         a.getInputSums() == b.getInputSums();
}

/// Why items of the product cannot quantize the columns that they make; empty
/// when they can. Only items of codes times codes have whole blocks of columns.
StringRef whyNotQuantized(MatmulOp product, QuantizeOp quantize) {
  if (quantize.getPerToken())
    return "its rows are the work of several items of the product";
  if (!product.getQuantizedWeight() || !product.getInputScales())
    return "items of a product of floats are no whole blocks of columns";
  return "";
}

/// How `next` may share the loop of the ops of a group; nothing when it may
/// not, with the reason when one is worth saying.
std::optional<Sharing> sharing(ArrayRef<Operation *> group, Operation *next,
                               StringRef &reason) {
  if (group.size() == 1 && isNormOf(group[0], next))
    return Sharing::Items;
  auto last = dyn_cast<MatmulOp>(group.back());
  if (last && isa<QuantizeOp, RoundOp>(next) &&
      next->getOperand(0) == last.getOut()) {
    reason = "its rows are the work of several items of the product";
    if (auto quantize = dyn_cast<QuantizeOp>(next))
      reason = whyNotQuantized(last, quantize);
    if (reason.empty())
      return Sharing::Items;
    return std::nullopt;
  }
  auto product = dyn_cast<MatmulOp>(next);
  auto first = dyn_cast<MatmulOp>(group[0]);
  if (!product || !first || !last || !haveOneInput(first, product))
    return std::nullopt;
  bool isDependent = false;
  for (Operation *op : group) {
    Value out = cast<MatmulOp>(op).getOut();
    if (mayAlias(out, product.getOut()) || reads(op, product.getOut())) {
      reason = "it writes where a product before it reads or writes";
      return std::nullopt;
    }
    isDependent |= reads(product, out);
  }
  bool hasOneType = llvm::all_of(group, [&](Operation *op) {
    auto other = cast<MatmulOp>(op);
    return other.getWeight().getType() == product.getWeight().getType() &&
           other.getWeightType() == product.getWeightType() &&
           other.getOut().getType() == product.getOut().getType();
  });
  if (hasOneType && isDependent)
    return Sharing::Items;
  if (isDependent) {
    reason = "it reads the result of a product with a weight of another type";
    return std::nullopt;
  }
  return Sharing::Apart;
}

/// What products of codes leave for later ops of their items alone is a buffer
/// of the loop.
void moveLocalBuffers(FusedOp fused) {
  Block &body = fused.getBody().front();
  auto isInside = [&](Operation *user) { return user->getBlock() == &body; };
  if (fused.getSharing() != Sharing::Items)
    return;
  for (auto product : llvm::make_early_inc_range(body.getOps<MatmulOp>())) {
    auto buffer = product.getOut().getDefiningOp<memref::AllocOp>();
    if (buffer && product.getInputScales() &&
        llvm::all_of(buffer->getUsers(), isInside))
      buffer->moveBefore(&body, body.begin());
  }
}

class BlockFuser {
public:
  explicit BlockFuser(Block &block) : block(block) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (isBufferForm(&op)) {
        add(&op);
      } else if (!isMovable(&op)) {
        if (!group.empty())
          before = group;
        flush();
      }
    }
    flush();
  }

private:
  void add(Operation *op) {
    if (!group.empty()) {
      StringRef reason;
      std::optional<Sharing> how = sharing(group, op, reason);
      if (how && (!kind || *kind == *how)) {
        kind = how;
        group.push_back(op);
        return;
      }
      if (how)
        reason = "the loop before it is shared in another way";
      if (!reason.empty())
        op->emitRemark() << op->getName()
                         << " does not share the loop of the op before it: "
                         << reason;
      before.clear();
    }
    flush();
    StringRef reason;
    if (!before.empty() && sharing(before, op, reason))
      op->emitRemark() << op->getName()
                       << " does not share a loop with the products of its "
                          "input: another op stands between them";
    before.clear();
    group = {op};
  }

  /// Ops move down to the last one: operands of all are there.
  void flush() {
    if (group.size() > 1) {
      OpBuilder builder(group.back());
      SmallVector<Location> locations;
      for (Operation *op : group)
        locations.push_back(op->getLoc());
      auto fused =
          FusedOp::create(builder, builder.getFusedLoc(locations),
                          SharingAttr::get(builder.getContext(), *kind));
      Block *body = builder.createBlock(&fused.getBody());
      for (Operation *op : group)
        op->moveBefore(body, body->end());
      moveLocalBuffers(fused);
    }
    group.clear();
    kind = std::nullopt;
  }

  Block &block;
  SmallVector<Operation *> group;
  SmallVector<Operation *> before; ///< the group that another op has ended
  std::optional<Sharing> kind;
};

struct FuseLoops final : impl::FuseLoopsBase<FuseLoops> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (Block &block : function.getBody())
        BlockFuser(block).run();
  }
};

} // namespace
} // namespace qopt

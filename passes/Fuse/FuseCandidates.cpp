//===- FuseCandidates.cpp - The head keeps the largest logits -------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Fuse/Movable.h"
#include "passes/Passes.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_FUSECANDIDATES
#include "passes/Passes.h.inc"

namespace {

/// The product that writes the logits; null when it cannot find candidates,
/// with the reason.
MatmulOp findProduct(CandidatesOp op, StringRef &reason) {
  MatmulOp product;
  for (Operation *user : op.getLogits().getUsers()) {
    auto matmul = dyn_cast<MatmulOp>(user);
    if (matmul && matmul.getOut() == op.getLogits() && !product)
      product = matmul;
    else if (user != op) {
      reason = "another op reads or writes them";
      return nullptr;
    }
  }
  reason = "they are not what a product writes";
  if (!product || product->getBlock() != op->getBlock())
    return nullptr;
  for (Operation *between = product->getNextNode(); between != op;
       between = between->getNextNode())
    if (!between || !isMovable(between)) {
      reason = "another op stands behind the product";
      return nullptr;
    }
  return product;
}

struct FuseCandidates final : impl::FuseCandidatesBase<FuseCandidates> {
  void runOnOperation() override {
    SmallVector<CandidatesOp> ops;
    getOperation().walk([&](CandidatesOp op) {
      if (!op.getOuts().empty())
        ops.push_back(op);
    });
    for (CandidatesOp op : ops) {
      StringRef reason;
      MatmulOp product = findProduct(op, reason);
      if (!product) {
        op.emitRemark("all logits are written and searched: ") << reason;
        continue;
      }
      product->moveBefore(op);
      product.getCandidatesMutable().assign(op.getOuts());
      op.erase();
    }
  }
};

} // namespace
} // namespace qopt

//===- OrderProducts.cpp - Products of one input stand together -----------===//

#include "dialects/QOpt/QOpt.h"
#include "passes/Passes.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_ORDERPRODUCTS
#include "passes/Passes.h.inc"

namespace {

/// What makes two products share a loop: the input, as it is held.
using Input = std::tuple<Value, Value, Value>;

Input inputOf(MatmulOp product) {
  return {product.getInput(), product.getInputScales(), product.getInputSums()};
}

/// The ops of this block, behind `place`, that `op` needs and that can stand in
/// front of it, in order. False when one cannot.
bool collectOperands(Operation *op, Operation *place,
                     llvm::SetVector<Operation *> &needed) {
  for (Value operand : op->getOperands()) {
    Operation *producer = operand.getDefiningOp();
    if (!producer || producer->getBlock() != place->getBlock() ||
        producer == place || producer->isBeforeInBlock(place))
      continue;
    // Weights and sizes, but nothing that computes.
    if (!isa<GetWeightOp, DimOp>(producer) ||
        !collectOperands(producer, place, needed))
      return false;
    needed.insert(producer);
  }
  return true;
}

struct OrderProducts final : impl::OrderProductsBase<OrderProducts> {
  void runOnOperation() override {
    getOperation().walk([](Block *block) {
      llvm::MapVector<Input, Operation *> last;
      for (auto product :
           llvm::make_early_inc_range(block->getOps<MatmulOp>())) {
        auto [found, isFirst] = last.try_emplace(inputOf(product), product);
        if (isFirst)
          continue;
        llvm::SetVector<Operation *> needed;
        if (collectOperands(product, found->second, needed)) {
          for (Operation *op : needed)
            op->moveBefore(found->second);
          product->moveAfter(found->second);
        }
        found->second = product;
      }
    });
  }
};

} // namespace
} // namespace qopt

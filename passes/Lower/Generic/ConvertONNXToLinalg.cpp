//===- ConvertONNXToLinalg.cpp - The generic way down ---------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Lower/Generic/NodeLowering.h"
#include "passes/Lower/Generic/Support.h"
#include "passes/Passes.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_CONVERTONNXTOLINALG
#include "passes/Passes.h.inc"

static const generic::LoweringTable &getLowerings() {
  static const generic::LoweringTable table = [] {
    generic::LoweringTable table;
    generic::addElementwise(table);
    generic::addCast(table);
    generic::addMovement(table);
    generic::addSlicing(table);
    generic::addIndexing(table);
    generic::addReduction(table);
    generic::addProducts(table);
    generic::addNormalization(table);
    generic::addAttention(table);
    return table;
  }();
  return table;
}

std::string nodeName(Location location) {
  if (auto name = dyn_cast<NameLoc>(location))
    return name.getName().str();
  if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      if (std::string name = nodeName(part); !name.empty())
        return name;
  return "";
}

/// Builds what a node becomes at the lowering's builder.
static LogicalResult lower(generic::NodeLowering &lowering) {
  onnx::NodeOp node = lowering.node;
  if (!node.getDomain().empty())
    return lowering.reject("operators of domain " + node.getDomain() +
                           " are not supported");
  auto found = getLowerings().find(node.getOpType());
  if (found == getLowerings().end())
    return lowering.reject("operator " + node.getOpType() +
                           " is not supported");
  if (failed(lowering.checkTensors(0)))
    return failure();
  return found->second(lowering);
}

std::optional<std::string> whyNotLowerable(onnx::NodeOp node) {
  // Built beside the program and dropped: what lowers and what says whether it
  // can is the same code.
  OwningOpRef<ModuleOp> aside = ModuleOp::create(node.getLoc());
  OpBuilder builder(aside->getBodyRegion());
  generic::NodeLowering lowering(node, builder);
  if (succeeded(lower(lowering)))
    return std::nullopt;
  return lowering.reason;
}

namespace {

struct ConvertONNXToLinalg final
    : impl::ConvertONNXToLinalgBase<ConvertONNXToLinalg> {
  void runOnOperation() override {
    SmallVector<onnx::NodeOp> nodes;
    bool allGood = true;
    getOperation().walk([&](onnx::NodeOp node) {
      nodes.push_back(node);
      if (auto reason = whyNotLowerable(node)) {
        node.emitOpError() << "'" << node.getOpType()
                           << "' cannot be lowered: " << *reason;
        allGood = false;
      }
    });
    if (!allGood)
      return signalPassFailure();
    for (onnx::NodeOp node : nodes)
      replace(node);
    getOperation().walk([](onnx::NoneOp none) {
      if (none->use_empty())
        none.erase();
    });
  }

  void replace(onnx::NodeOp node) {
    OpBuilder builder(node);
    generic::NodeLowering lowering(node, builder);
    if (failed(lower(lowering)))
      return signalPassFailure();
    for (auto [old, result] : llvm::zip(node.getResults(), lowering.results)) {
      if (!result)
        continue;
      if (result.getType() != old.getType())
        result =
            ReshapeOp::create(builder, node.getLoc(), old.getType(), result);
      old.replaceAllUsesWith(result);
    }
    node.erase();
  }
};

} // namespace
} // namespace qopt

//===- FoldFactors.cpp - Constant factors into weights --------------------===//

#include "passes/Fold/ScaledWeights.h"
#include "passes/Fold/Scalings.h"
#include "passes/Passes.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_FOLDFACTORS
#include "passes/Passes.h.inc"

namespace {

/// What is done to a constant: by which factor it is multiplied, and where.
using Change = std::tuple<Attribute, int, Attribute>;

Change changeOf(const Scaling &scaling, const ScalingTarget &target) {
  return {constantOf(target.use->get()), int(target.along), scaling.factor};
}

bool isMatrix(const ScalingTarget &target) {
  auto type = cast<RankedTensorType>(target.use->get().getType());
  return type.getNumElements() != type.getShape().back();
}

/// Folds all that can be folded at once; what folds next to it has to be
/// matched again.
class Round {
public:
  explicit Round(ModuleOp module);

  bool isEmpty() const { return scalings.empty(); }
  void apply(ScaledWeights &weights);
  void remark() const;

private:
  void countUses(ModuleOp module);
  void refuseWhatIsShared();
  bool isForAll(const Scaling &scaling, const ScalingTarget &target) const;
  void apply(Scaling &scaling, ScaledWeights &weights);

  SmallVector<Scaling> scalings;
  llvm::MapVector<Operation *, std::string> reasons; ///< nodes that stay
  /// By the weights' symbols; readers that are weights, too.
  DenseMap<Attribute, int64_t> uses;
  DenseMap<Change, llvm::SmallDenseSet<OpOperand *>> changes;
  /// What is made already: the weight of a change, null where it stands.
  DenseMap<Change, FlatSymbolRefAttr> made;
};

Round::Round(ModuleOp module) {
  countUses(module);
  module.walk([&](onnx::NodeOp node) {
    std::string reason;
    if (auto scaling = matchScaling(node, reason))
      scalings.push_back(std::move(*scaling));
    else if (!reason.empty())
      reasons[node] = reason;
  });
  refuseWhatIsShared();
}

void Round::countUses(ModuleOp module) {
  module.walk([&](GetWeightOp get) {
    for ([[maybe_unused]] OpOperand &use : get.getResult().getUses())
      ++uses[get.getWeightAttr()];
  });
  for (auto weight : module.getOps<WeightOp>())
    for (auto factor :
         {weight.getRowFactorAttr(), weight.getColumnFactorAttr()})
      if (factor)
        ++uses[factor];
}

/// Whether all who read the weight want the same change of it.
bool Round::isForAll(const Scaling &scaling,
                     const ScalingTarget &target) const {
  Change change = changeOf(scaling, target);
  return isa<FlatSymbolRefAttr>(std::get<0>(change)) &&
         int64_t(changes.find(change)->second.size()) ==
             uses.lookup(std::get<0>(change));
}

void Round::refuseWhatIsShared() {
  for (bool changed = true; changed;) {
    changes.clear();
    for (const Scaling &scaling : scalings)
      for (const ScalingTarget &target : scaling.targets)
        changes[changeOf(scaling, target)].insert(target.use);
    size_t before = scalings.size();
    llvm::erase_if(scalings, [&](const Scaling &scaling) {
      auto shared =
          llvm::find_if(scaling.targets, [&](const ScalingTarget &target) {
            return isMatrix(target) && !isForAll(scaling, target);
          });
      if (shared == scaling.targets.end())
        return false;
      auto weight = cast<FlatSymbolRefAttr>(constantOf(shared->use->get()));
      reasons[scaling.node] =
          ("the weight @" + weight.getValue() +
           " is read elsewhere without it, and a second copy would cost more")
              .str();
      return true;
    });
    changed = scalings.size() != before;
  }
}

FlatSymbolRefAttr makeProduct(const Change &change, const Scaling &scaling,
                              const ScalingTarget &target,
                              ScaledWeights &weights) {
  Attribute constant = std::get<0>(change);
  if (isa<FlatSymbolRefAttr>(constant)) {
    onnx::NodeOp node = scaling.node;
    node.emitRemark("its factor is folded into a copy of ")
        << constant << ", which is read elsewhere without it";
  }
  return weights.makeProduct(constant, target.along, scaling.factor);
}

void Round::apply(Scaling &scaling, ScaledWeights &weights) {
  for (const ScalingTarget &target : scaling.targets) {
    Change change = changeOf(scaling, target);
    auto [found, isNew] = made.try_emplace(change);
    if (isNew && isForAll(scaling, target))
      weights.multiply(cast<FlatSymbolRefAttr>(std::get<0>(change)),
                       target.along, scaling.factor);
    else if (isNew)
      found->second = makeProduct(change, scaling, target, weights);
    if (!found->second)
      continue;
    OpBuilder builder(target.use->getOwner());
    target.use->set(GetWeightOp::create(builder, target.use->get().getLoc(),
                                        target.use->get().getType(),
                                        found->second));
  }
  onnx::NodeOp node = scaling.node;
  for (Operation *op : scaling.ops)
    op->setLoc(FusedLoc::get(node.getContext(), {op->getLoc(), node.getLoc()}));
  node.getOutputs()[0].replaceAllUsesWith(node.getInputs()[scaling.kept]);
  node.erase();
}

void Round::apply(ScaledWeights &weights) {
  for (Scaling &scaling : scalings)
    apply(scaling, weights);
}

void Round::remark() const {
  for (const auto &[node, reason] : reasons)
    node->emitRemark("its factor is not folded into a weight: ") << reason;
}

struct FoldFactors final : impl::FoldFactorsBase<FoldFactors> {
  void runOnOperation() override {
    ScaledWeights weights(getOperation());
    for (;;) {
      Round round(getOperation());
      if (round.isEmpty())
        return round.remark();
      round.apply(weights);
    }
  }
};

} // namespace
} // namespace qopt

//===- AssignStorage.cpp - How weights lie in the artifact ----------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_ASSIGNSTORAGE
#include "passes/Passes.h.inc"

namespace {

/// Weights start at multiples of a cache line.
constexpr int64_t alignment = 64;

/// What reads a weight decides how it lies.
enum class Use { Dense, Table, Product };

Use useOf(GetWeightOp get) {
  Use use = Use::Table;
  for (OpOperand &operand : get.getResult().getUses()) {
    if (auto matmul = dyn_cast<MatmulOp>(operand.getOwner());
        matmul && operand.get() == matmul.getWeight())
      use = Use::Product;
    else if (!isa<EmbeddingOp>(operand.getOwner()))
      return Use::Dense;
  }
  return use;
}

struct AssignStorage final : impl::AssignStorageBase<AssignStorage> {
  using AssignStorageBase::AssignStorageBase;

  void runOnOperation() override {
    Builder builder(&getContext());
    Type storageType = storage == "f16"    ? Type(builder.getF16Type())
                       : storage == "bf16" ? Type(builder.getBF16Type())
                                           : Type(builder.getF32Type());
    splitUses();
    SymbolTable symbols(getOperation());
    llvm::StringMap<Use> uses;
    SmallVector<WeightOp> order; // of first use
    getOperation().walk([&](GetWeightOp get) {
      Use use = useOf(get);
      auto [found, isNew] = uses.try_emplace(get.getWeight(), use);
      if (isNew)
        order.push_back(symbols.lookup<WeightOp>(get.getWeight()));
      else if (use == Use::Product)
        found->second = use; // a tied table is read from the head's panels
    });
    int64_t offset = 0;
    for (WeightOp weight : order) {
      auto type =
          packedType(weight, uses.lookup(weight.getSymName()), storageType);
      weight.setPacked(type);
      weight.setPackedOffset(offset);
      int64_t bytes = type.getNumElements() *
                      std::max(1u, type.getElementTypeBitWidth() / 8);
      offset = llvm::alignTo(offset + bytes, alignment);
    }
    getOperation().walk([&](GetWeightOp get) {
      auto weight = symbols.lookup<WeightOp>(get.getWeight());
      get.getResult().setType(cast<RankedTensorType>(*weight.getPacked()));
    });
    for (WeightOp weight :
         llvm::make_early_inc_range(getOperation().getOps<WeightOp>()))
      if (!uses.contains(weight.getSymName()))
        weight.erase();
  }

  static RankedTensorType packedType(WeightOp weight, Use use, Type storage) {
    auto type = cast<RankedTensorType>(weight.getType());
    if (!isa<FloatType>(type.getElementType()))
      return type;
    if (use == Use::Dense) // computed with in f32
      return type.getElementType().isF64()
                 ? type
                 : type.clone(Float32Type::get(type.getContext()));
    if (use == Use::Table)
      return type.clone(storage);
    int64_t panels = llvm::divideCeil(type.getDimSize(0), panelColumns);
    return RankedTensorType::get({panels, type.getDimSize(1), panelColumns},
                                 storage);
  }

  /// A weight that is read by products and by other ops is two weights.
  void splitUses() {
    SymbolTable symbols(getOperation());
    SmallVector<GetWeightOp> gets;
    getOperation().walk([&](GetWeightOp get) { gets.push_back(get); });
    llvm::StringMap<bool> isProduct;
    for (size_t i = 0; i < gets.size(); ++i) {
      // One read for each kind of use.
      GetWeightOp get = gets[i];
      bool product = llvm::any_of(get.getResult().getUses(), isPackedUse);
      bool other = !llvm::all_of(get.getResult().getUses(), isPackedUse);
      if (product && other) {
        OpBuilder builder(get);
        Value copy = builder.clone(*get)->getResult(0);
        get.getResult().replaceUsesWithIf(
            copy, [](OpOperand &use) { return !isPackedUse(use); });
        gets.push_back(copy.getDefiningOp<GetWeightOp>());
      }
    }
    for (GetWeightOp get : gets)
      if (llvm::any_of(get.getResult().getUses(), isPackedUse))
        isProduct[get.getWeight()] = true;
    for (GetWeightOp get : gets) {
      if (llvm::any_of(get.getResult().getUses(), isPackedUse) ||
          !isProduct.lookup(get.getWeight()))
        continue;
      std::string name = (get.getWeight() + ".dense").str();
      if (!symbols.lookup(name)) {
        auto weight = symbols.lookup<WeightOp>(get.getWeight());
        OpBuilder builder(weight);
        auto copy = cast<WeightOp>(builder.clone(*weight));
        copy.setSymName(name);
        symbols.insert(copy);
      }
      get.setWeight(name);
    }
  }

  static bool isPackedUse(OpOperand &use) {
    if (auto matmul = dyn_cast<MatmulOp>(use.getOwner()))
      return use.get() == matmul.getWeight();
    return isa<EmbeddingOp>(use.getOwner());
  }
};

} // namespace
} // namespace qopt

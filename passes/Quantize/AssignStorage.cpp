//===- AssignStorage.cpp - How weights and caches are stored --------------===//

#include "dialects/QOpt/QOpt.h"
#include "lib/Recipes/Recipe.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/Quantize/Activations.h"
#include "passes/Quantize/CacheStorage.h"
#include "passes/Quantize/PackedTypes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_ASSIGNSTORAGE
#include "passes/Passes.h.inc"

namespace {

/// What reads a weight decides how it lies.
enum class Use { Dense, Table, Product };

/// Whether the operand is read as the recipe says: as a table, or as the weight
/// of a product.
bool isPackedUse(OpOperand &use) {
  if (auto matmul = dyn_cast<MatmulOp>(use.getOwner()))
    return &use == &matmul.getWeightMutable();
  if (auto embedding = dyn_cast<EmbeddingOp>(use.getOwner()))
    return &use == &embedding.getTableMutable();
  return false;
}

Use useOf(GetWeightOp get) {
  Use use = Use::Table;
  for (OpOperand &operand : get.getResult().getUses()) {
    if (!isPackedUse(operand))
      return Use::Dense;
    if (isa<MatmulOp>(operand.getOwner()))
      use = Use::Product;
  }
  return use;
}

/// A weight and who reads it.
struct Entry {
  WeightOp weight;
  Use use;
  SmallVector<GetWeightOp> gets;

  /// The op that speaks for the weight: the product of a tied table.
  Operation *reader() const {
    Operation *found = nullptr;
    for (GetWeightOp get : gets)
      for (Operation *user : get->getUsers())
        if (!found || (isa<MatmulOp>(user) && !isa<MatmulOp>(found)))
          found = user;
    return found;
  }
};

struct AssignStorage final : impl::AssignStorageBase<AssignStorage> {
  using AssignStorageBase::AssignStorageBase;

  void runOnOperation() override {
    auto loaded = loadRecipe(recipe);
    if (!loaded) {
      getOperation().emitError() << toString(loaded.takeError());
      return signalPassFailure();
    }
    if (failed(splitUses()))
      return signalPassFailure();
    RecipeUse rules(*loaded);
    int64_t offset = 0;
    for (Entry &entry : collect()) {
      WeightChoice choice;
      if (entry.use != Use::Dense) {
        Operation *reader = entry.reader();
        auto rule = find(rules, reader);
        // The rule of a tied table speaks where the product has none.
        for (GetWeightOp get : entry.gets)
          for (Operation *user : get->getUsers()) {
            if (user->getName() == reader->getName())
              continue;
            auto other = find(rules, user);
            if (other && rule &&
                !(loaded->rules[*other].choice == loaded->rules[*rule].choice))
              user->emitRemark("the table is the weight of a product too: the "
                               "product's rule holds for both");
            if (!rule)
              rule = other;
          }
        if (rule)
          choice = loaded->rules[*rule].choice;
      }
      offset = assign(entry, choice, offset);
    }
    setCacheStorage(getOperation(), [&](CacheOp cache) -> Type {
      auto rule = rules.find(cacheRole, cache.getPath().value_or(""));
      return rule ? cacheType(loaded->rules[*rule].choice) : nullptr;
    });
    if (llvm::Error error = rules.finish()) {
      getOperation().emitError() << toString(std::move(error));
      return signalPassFailure();
    }
    dropUnreadWeights();
  }

  /// Factors stay where what they are multiplied with does.
  void dropUnreadWeights() {
    SymbolTable symbols(getOperation());
    llvm::SetVector<Operation *> kept;
    for (auto weight : getOperation().getOps<WeightOp>())
      if (weight.getPacked())
        kept.insert(weight);
    for (size_t i = 0; i < kept.size(); ++i) {
      auto weight = cast<WeightOp>(kept[i]);
      for (auto factor : {weight.getRowFactor(), weight.getColumnFactor()})
        if (factor)
          kept.insert(symbols.lookup(*factor));
    }
    for (WeightOp weight :
         llvm::make_early_inc_range(getOperation().getOps<WeightOp>()))
      if (!kept.contains(weight))
        weight.erase();
  }

  static std::optional<size_t> find(RecipeUse &rules, Operation *reader) {
    auto text = [&](StringRef name) {
      auto attribute = reader->getAttrOfType<StringAttr>(name);
      return attribute ? attribute.getValue() : StringRef();
    };
    return rules.find(text("role"), text("path"));
  }

  /// The weights that are read, in the order of first use.
  std::vector<Entry> collect() {
    SymbolTable symbols(getOperation());
    std::vector<Entry> entries;
    llvm::StringMap<size_t> places;
    getOperation().walk([&](GetWeightOp get) {
      if (get.getResult().use_empty())
        return get.erase();
      Use use = useOf(get);
      auto [found, isNew] = places.try_emplace(get.getWeight(), entries.size());
      if (isNew)
        entries.push_back({symbols.lookup<WeightOp>(get.getWeight()), use, {}});
      Entry &entry = entries[found->second];
      entry.gets.push_back(get);
      if (use == Use::Product)
        entry.use = use; // a tied table is read from the head's panels
    });
    return entries;
  }

  /// Gives a weight its type and its place; returns the next free place.
  int64_t assign(Entry &entry, const WeightChoice &choice, int64_t offset) {
    WeightOp weight = entry.weight;
    Builder builder(&getContext());
    auto type = cast<RankedTensorType>(weight.getType());
    Type packed = floatType(type, entry.use, choice.storage);
    bool isCoded = entry.use != Use::Dense && choice.format &&
                   isa<FloatType>(type.getElementType()) &&
                   type.getNumElements() > 0;
    if (isCoded) {
      packed = QTensorType::get(&getContext(), type.getDimSize(0),
                                type.getDimSize(1),
                                FormatAttr::get(&getContext(), *choice.format),
                                LayoutAttr::get(&getContext(), Layout::Panels));
      weight.setMethod(choice.method);
      NamedAttrList options;
      for (const auto &option : choice.methodOptions)
        options.set(option.getKey(), builder.getStringAttr(option.getValue()));
      if (!options.empty())
        weight.setMethodOptionsAttr(options.getDictionary(&getContext()));
    }
    weight.setPacked(packed);
    weight.setPackedOffset(offset);
    for (GetWeightOp get : entry.gets) {
      get.getResult().setType(packed);
      for (Operation *user : get->getUsers()) {
        if (auto matmul = dyn_cast<MatmulOp>(user))
          setActivations(matmul, choice.activations);
        auto embedding = dyn_cast<EmbeddingOp>(user);
        if (embedding && entry.use == Use::Product && !isCoded)
          embedding.setRows(type.getDimSize(0));
      }
    }
    return llvm::alignTo(offset + getPackedBytes(packed), weightAlignment);
  }

  Type cacheType(const WeightChoice &choice) {
    if (choice.format)
      return IntegerType::get(&getContext(), 8);
    return choice.storage == DataType::F16 ? Float16Type::get(&getContext())
                                           : nullptr;
  }

  static RankedTensorType floatType(RankedTensorType type, Use use,
                                    DataType storage) {
    MLIRContext *context = type.getContext();
    Type element = storage == DataType::F16 ? Type(Float16Type::get(context))
                   : storage == DataType::BF16
                       ? Type(BFloat16Type::get(context))
                       : Type(Float32Type::get(context));
    if (!isa<FloatType>(type.getElementType()))
      return type;
    if (use == Use::Dense) // computed with in f32
      return type.getElementType().isF64()
                 ? type
                 : type.clone(Float32Type::get(context));
    return use == Use::Table ? type.clone(element)
                             : getPanelsType(type, element);
  }

  /// A weight that is read by products or as a table and by other ops is two
  /// weights.
  LogicalResult splitUses() {
    SymbolTable symbols(getOperation());
    SmallVector<GetWeightOp> gets;
    getOperation().walk([&](GetWeightOp get) { gets.push_back(get); });
    llvm::StringMap<bool> isPacked;
    for (size_t i = 0; i < gets.size(); ++i) {
      GetWeightOp get = gets[i];
      if (!symbols.lookup<WeightOp>(get.getWeight()))
        return get.emitOpError("refers to no weight: @") << get.getWeight();
      // One read for each kind of use.
      bool packed = llvm::any_of(get.getResult().getUses(), isPackedUse);
      bool other = !llvm::all_of(get.getResult().getUses(), isPackedUse);
      isPacked[get.getWeight()] |= packed;
      if (packed && other) {
        OpBuilder builder(get);
        Value copy = builder.clone(*get)->getResult(0);
        get.getResult().replaceUsesWithIf(
            copy, [](OpOperand &use) { return !isPackedUse(use); });
        gets.push_back(copy.getDefiningOp<GetWeightOp>());
      }
    }
    llvm::StringMap<StringAttr> copies;
    for (GetWeightOp get : gets) {
      if (get.getResult().use_empty() ||
          llvm::any_of(get.getResult().getUses(), isPackedUse) ||
          !isPacked.lookup(get.getWeight()))
        continue;
      StringAttr &name = copies[get.getWeight()];
      if (!name) {
        auto weight = symbols.lookup<WeightOp>(get.getWeight());
        OpBuilder builder(weight);
        auto copy = cast<WeightOp>(builder.clone(*weight));
        copy.setSymName((get.getWeight() + ".dense").str());
        name = symbols.insert(copy); // another one may have the name
      }
      get.setWeight(name.getValue());
    }
    return success();
  }
};

} // namespace
} // namespace qopt

//===- CompareCodes.cpp - Ops of codes in float too -----------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/EntryArguments.h"
#include "passes/Passes.h"
#include "passes/Quantize/Activations.h"
#include "passes/Quantize/CacheStorage.h"
#include "passes/Quantize/PackedTypes.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_COMPARECODES
#include "passes/Passes.h.inc"

namespace {

/// The operand of a product or an embedding that is its weight, when that is of
/// codes.
OpOperand *codedWeight(Operation *op) {
  OpOperand *weight = nullptr;
  if (auto matmul = dyn_cast<MatmulOp>(op))
    weight = &matmul.getWeightMutable();
  else if (auto embedding = dyn_cast<EmbeddingOp>(op))
    weight = &embedding.getTableMutable();
  return weight && isa<QTensorType>(weight->get().getType()) ? weight : nullptr;
}

/// Second symbols for weights of codes, in f32 and behind all others.
class FloatWeights {
public:
  explicit FloatWeights(ModuleOp module) : symbols(module) {
    for (auto weight : module.getOps<WeightOp>())
      if (auto packed = weight.getPacked())
        end = std::max(end, int64_t(weight.getPackedOffset()) +
                                getPackedBytes(*packed));
  }

  WeightOp get(GetWeightOp codes, bool inPanels) {
    WeightOp &copy = copies[codes.getWeight()];
    if (copy)
      return copy;
    auto weight = symbols.lookup<WeightOp>(codes.getWeight());
    OpBuilder builder(weight);
    builder.setInsertionPointAfter(weight);
    copy = cast<WeightOp>(builder.clone(*weight));
    copy.setSymName((weight.getSymName() + ".float").str());
    copy.removeMethodAttr();
    copy.removeMethodOptionsAttr();
    auto type = cast<RankedTensorType>(weight.getType());
    copy.setPacked(inPanels ? getPanelsType(type, builder.getF32Type())
                            : type.clone(builder.getF32Type()));
    end = llvm::alignTo(end, weightAlignment);
    copy.setPackedOffset(end);
    end += getPackedBytes(*copy.getPacked());
    symbols.insert(copy); // renames it where another one has the name
    return copy;
  }

private:
  SymbolTable symbols;
  llvm::StringMap<WeightOp> copies;
  int64_t end = 0; ///< of the weights so far
};

/// Makes the twins of one function.
class CodesComparison {
public:
  CodesComparison(func::FuncOp function, SignatureOp signature)
      : function(function), signature(signature), builder(function),
        weights(function->getParentOfType<ModuleOp>()),
        outputs(llvm::to_vector(signature.getOutputs())) {
    for (Attribute output : outputs)
      names.insert(cast<DictionaryAttr>(output).getAs<StringAttr>("name"));
  }

  void run(ArrayRef<Operation *> ops) {
    for (Operation *op : ops)
      if (isa<MatmulOp>(op))
        ofProducts.insert(weightOf(op).getWeight());
    for (Operation *op : ops)
      if (hasLinearSizes(op))
        compare(op);
    signature.setOutputsAttr(builder.getArrayAttr(outputs));
  }

private:
  static GetWeightOp weightOf(Operation *op) {
    return codedWeight(op)->get().getDefiningOp<GetWeightOp>();
  }

  /// Outputs have no other sizes.
  static bool hasLinearSizes(Operation *op) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    auto sizes = getSizes(type);
    if (sizes && llvm::all_of(*sizes, [](const DimExpr &size) {
          return size.isLinear();
        }))
      return true;
    op->emitWarning("is not compared with floats: a size of its result is not "
                    "linear: ")
        << type;
    return false;
  }

  /// Empty for a table.
  static StringRef activationsOf(Operation *op, const Format &format) {
    auto matmul = dyn_cast<MatmulOp>(op);
    if (!matmul)
      return "";
    auto wanted = op->getAttrOfType<StringAttr>(activationsAttr);
    int64_t K = cast<QTensorType>(matmul.getWeight().getType()).getK();
    return wanted ? compiledActivations(
                        cast<RankedTensorType>(matmul.getInput().getType()),
                        format, K, wanted.getValue())
                  : activationsName(Activations::F32);
  }

  void compare(Operation *op) {
    Operation *twin = makeTwin(op);
    op->getResult(0).replaceAllUsesWith(twin->getResult(0));
    auto location = op->getLoc()->findInstanceOf<NameLoc>();
    auto path = op->getAttrOfType<StringAttr>("path");
    std::string node = location ? location.getName().str()
                       : path   ? path.str()
                                : "unnamed";
    std::string name = makeName(node);
    auto text = [&](StringRef key, StringRef value) {
      return builder.getNamedAttr(key, builder.getStringAttr(value));
    };
    auto format = cast<QTensorType>(codedWeight(op)->get().getType())
                      .getFormat()
                      .getValue();
    StringRef activations = activationsOf(op, format);
    addOutput(op->getResult(0), name + "#codes",
              {text("node", node), text("path", path ? path.getValue() : ""),
               text("format", format.str()), text("activations", activations)});
    addOutput(twin->getResult(0), name + "#float", {});
  }

  /// The same op, with its weight in f32 and its input as it is.
  Operation *makeTwin(Operation *op) {
    GetWeightOp codes = weightOf(op);
    bool inPanels = ofProducts.contains(codes.getWeight());
    WeightOp weight = weights.get(codes, inPanels);
    builder.setInsertionPoint(op);
    auto floats =
        GetWeightOp::create(builder, codes.getLoc(), *weight.getPacked(),
                            FlatSymbolRefAttr::get(weight.getSymNameAttr()));
    builder.setInsertionPointAfter(op);
    Operation *twin = builder.clone(*op);
    twin->setOperand(codedWeight(op)->getOperandNumber(), floats);
    twin->removeAttr(activationsAttr);
    if (auto embedding = dyn_cast<EmbeddingOp>(twin); embedding && inPanels)
      embedding.setRows(cast<RankedTensorType>(weight.getType()).getDimSize(0));
    return twin;
  }

  /// The node's name, with a number where a pair or an output has it.
  std::string makeName(const std::string &node) {
    std::string name = node;
    for (int number = 2;
         names.contains(name + "#codes") || names.contains(name + "#float");
         ++number)
      name = node + "#" + std::to_string(number);
    return name;
  }

  /// The head computes rows that are asked for; of the interface that is all.
  static RankedTensorType ofAllRows(RankedTensorType type) {
    auto sizes = *getSizes(type);
    for (DimExpr &size : sizes)
      size = size.substitute(logitRowsSymbol, DimExpr::symbol("sequence"));
    return getTensorType(sizes, type.getElementType());
  }

  void addOutput(Value value, const std::string &name,
                 ArrayRef<NamedAttribute> origin) {
    names.insert(name);
    auto nameAttr = builder.getStringAttr(name);
    NamedAttrList output(origin);
    output.set("name", nameAttr);
    output.set("role", builder.getStringAttr("plain"));
    auto type = cast<RankedTensorType>(value.getType());
    RankedTensorType seen = ofAllRows(type);
    output.set("type", TypeAttr::get(seen));
    outputs.push_back(output.getDictionary(builder.getContext()));
    NamedAttrList result(builder.getNamedAttr("qopt.name", nameAttr));
    if (seen != type)
      result.set(entryTypeAttr, TypeAttr::get(type));
    (void)function.insertResult(function.getNumResults(), type,
                                result.getDictionary(builder.getContext()));
    Operation *terminator = function.front().getTerminator();
    terminator->insertOperands(terminator->getNumOperands(), value);
  }

  func::FuncOp function;
  SignatureOp signature;
  OpBuilder builder;
  FloatWeights weights;
  llvm::StringSet<> ofProducts; ///< weights that products read
  SmallVector<Attribute> outputs;
  llvm::StringSet<> names; ///< of outputs
};

struct CompareCodes final : impl::CompareCodesBase<CompareCodes> {
  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>("prefill");
    if (!function)
      function = getOperation().lookupSymbol<func::FuncOp>("main");
    auto signatures = getOperation().getOps<SignatureOp>();
    if (!function || signatures.empty())
      return;
    SmallVector<Operation *> ops;
    function.walk([&](Operation *op) {
      if (codedWeight(op))
        ops.push_back(op);
    });
    if (ops.empty())
      return;
    if (auto decode = getOperation().lookupSymbol<func::FuncOp>("decode"))
      decode.erase();
    setCacheStorage(getOperation(), [](CacheOp) { return Type(); });
    CodesComparison(function, *signatures.begin()).run(ops);
  }
};

} // namespace
} // namespace qopt

//===- OutlineLayers.cpp - One function for equal layers ------------------===//

#include "dialects/QOpt/QOpt.h"
#include "lib/Recipes/Paths.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include <set>

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_OUTLINELAYERS
#include "passes/Passes.h.inc"

namespace {

/// Ops before the first and behind the last layer.
constexpr int64_t before = -1, behind = std::numeric_limits<int64_t>::max();

/// Values that a layer gets from outside, whatever layer they seem to be of.
bool isParameter(Operation *op) { return isa<GetWeightOp, GetCacheOp>(op); }

/// Ops that every layer makes for itself.
bool isRemade(Operation *op) { return isa<arith::ConstantOp, DimOp>(op); }

/// A layer: its ops in an order that follows from its results alone, what it
/// reads from outside in the order of first use, and what is read of it.
struct Layer {
  SmallVector<Operation *> ops;
  SmallVector<Value> inputs, outputs;
  std::string text; ///< equal for equal layers
};

class FunctionOutliner {
public:
  FunctionOutliner(func::FuncOp function) : function(function) {}

  void run();

private:
  void assignLayers();
  Layer collect(int64_t layer);
  void visit(Operation *op, int64_t layer, Layer &result,
             DenseMap<Value, unsigned> &numbers);
  void append(Operation *op, Layer &layer, DenseMap<Value, unsigned> &numbers);
  func::FuncOp makeFunction(const Layer &layer);
  /// `layers` are told of the values that now come from the call.
  void replace(const Layer &layer, func::FuncOp callee,
               MutableArrayRef<Layer> layers);
  bool isOf(Operation *op, int64_t layer) {
    auto found = layerOf.find(op);
    return found != layerOf.end() && found->second == layer;
  }

  func::FuncOp function;
  DenseMap<Operation *, int64_t> layerOf;
  std::set<int64_t> layerNumbers; ///< of the layers that there are
  llvm::DenseSet<Operation *> visited;
};

void FunctionOutliner::assignLayers() {
  for (Operation &op : function.front().without_terminator()) {
    if (isParameter(&op) || isRemade(&op))
      continue;
    int64_t layer = before;
    for (Value operand : op.getOperands())
      if (Operation *source = operand.getDefiningOp())
        if (auto found = layerOf.find(source); found != layerOf.end())
          layer = std::max(layer, found->second);
    if (auto path = op.getAttrOfType<StringAttr>("path")) {
      auto number = layerOfPath(path.getValue());
      if (number && *number != behind) {
        layer = std::max(layer, *number);
        layerNumbers.insert(*number);
      } else if (layer > before) {
        layer = behind;
      }
    }
    layerOf[&op] = layer;
  }
}

void FunctionOutliner::append(Operation *op, Layer &layer,
                              DenseMap<Value, unsigned> &numbers) {
  llvm::raw_string_ostream text(layer.text); // unbuffered: regions append too
  text << op->getName() << "(";
  for (Value operand : op->getOperands()) {
    auto [found, isNew] = numbers.try_emplace(operand, numbers.size());
    if (isNew) {
      // A value from outside, unless every layer makes it for itself.
      Operation *source = operand.getDefiningOp();
      if (source && isRemade(source)) {
        text << "[";
        source->print(text, OpPrintingFlags().useLocalScope());
        text << "]";
      } else {
        layer.inputs.push_back(operand);
      }
    }
    text << found->second << ":" << operand.getType() << " ";
  }
  text << ")";
  for (NamedAttribute attribute : op->getAttrs())
    if (attribute.getName() != "path")
      text << attribute.getName().getValue() << "=" << attribute.getValue()
           << " ";
    else
      text << pathOfAll(cast<StringAttr>(attribute.getValue()).getValue())
           << " ";
  for (Region &region : op->getRegions())
    for (Block &block : region) {
      text << "{";
      for (BlockArgument argument : block.getArguments())
        numbers.try_emplace(argument, numbers.size());
      for (Operation &inner : block)
        append(&inner, layer, numbers);
      text << "}";
    }
  for (Value result : op->getResults()) {
    numbers.try_emplace(result, numbers.size());
    text << result.getType();
  }
  text << "\n";
}

void FunctionOutliner::visit(Operation *op, int64_t layer, Layer &result,
                             DenseMap<Value, unsigned> &numbers) {
  if (!isOf(op, layer) || !visited.insert(op).second)
    return;
  for (Value operand : op->getOperands())
    if (Operation *source = operand.getDefiningOp())
      visit(source, layer, result, numbers);
  result.ops.push_back(op);
  append(op, result, numbers);
}

Layer FunctionOutliner::collect(int64_t layer) {
  Layer result;
  DenseMap<Value, unsigned> numbers;
  for (Operation &op : function.front()) {
    if (!isOf(&op, layer))
      continue;
    for (Value value : op.getResults())
      if (llvm::any_of(value.getUsers(),
                       [&](Operation *user) { return !isOf(user, layer); }))
        result.outputs.push_back(value);
  }
  for (Value output : result.outputs)
    visit(output.getDefiningOp(), layer, result, numbers);
  for (Value output : result.outputs)
    result.text += "-> " + std::to_string(numbers.lookup(output)) + "\n";
  return result;
}

func::FuncOp FunctionOutliner::makeFunction(const Layer &layer) {
  OpBuilder builder(function);
  auto types = [](ArrayRef<Value> values) {
    return llvm::to_vector(
        llvm::map_range(values, [](Value value) { return value.getType(); }));
  };
  Location loc = layer.ops.front()->getLoc();
  std::string name = (function.getName() + "_layer").str();
  SymbolTable symbols(function->getParentOfType<ModuleOp>());
  auto outlined = func::FuncOp::create(
      builder, loc, name,
      builder.getFunctionType(types(layer.inputs), types(layer.outputs)));
  outlined.setPrivate();
  symbols.insert(outlined);
  builder.setInsertionPointToStart(outlined.addEntryBlock());
  IRMapping mapping;
  for (auto [input, argument] :
       llvm::zip(layer.inputs, outlined.getArguments()))
    mapping.map(input, argument);
  for (Operation *op : layer.ops) {
    for (Value operand : op->getOperands())
      if (Operation *source = operand.getDefiningOp();
          source && isRemade(source) && !mapping.contains(operand))
        builder.clone(*source, mapping);
    Operation *copy = builder.clone(*op, mapping);
    if (auto path = copy->getAttrOfType<StringAttr>("path"))
      copy->setAttr("path", builder.getStringAttr(pathOfAll(path.getValue())));
  }
  SmallVector<Value> results;
  for (Value output : layer.outputs)
    results.push_back(mapping.lookup(output));
  func::ReturnOp::create(builder, loc, results);
  return outlined;
}

void FunctionOutliner::replace(const Layer &layer, func::FuncOp callee,
                               MutableArrayRef<Layer> layers) {
  // All inputs are there before the layer's last op, all users come behind it.
  Operation *last = layer.ops.front();
  for (Operation *op : layer.ops)
    if (last->isBeforeInBlock(op))
      last = op;
  OpBuilder builder(last);
  builder.setInsertionPointAfter(last);
  SmallVector<Location> locations;
  for (Operation *op : layer.ops)
    locations.push_back(op->getLoc());
  auto call = func::CallOp::create(builder, builder.getFusedLoc(locations),
                                   callee, layer.inputs);
  // Ops between the layer's that read its outputs go behind the call.
  for (unsigned i = 0; i < layer.outputs.size(); ++i) {
    Value output = layer.outputs[i];
    output.replaceUsesWithIf(call.getResult(i), [&](OpOperand &use) {
      return !llvm::is_contained(layer.ops, use.getOwner());
    });
    for (Layer &other : layers)
      llvm::replace(other.inputs, output, call.getResult(i));
  }
  for (Operation *op : llvm::reverse(layer.ops)) {
    op->dropAllUses();
    op->erase();
  }
}

void FunctionOutliner::run() {
  assignLayers();
  SmallVector<Layer> layers;
  for (int64_t number : layerNumbers)
    layers.push_back(collect(number));
  llvm::StringMap<unsigned> counts;
  for (const Layer &layer : layers)
    if (!layer.ops.empty())
      ++counts[layer.text];
  llvm::StringMap<func::FuncOp> functions;
  for (const Layer &layer : layers) {
    if (layer.ops.empty() || counts.lookup(layer.text) < 2)
      continue;
    func::FuncOp &callee = functions[layer.text];
    if (!callee)
      callee = makeFunction(layer);
    replace(layer, callee, layers);
  }
  // Calls stand where the last op of their layer stood: sort by dominance.
  (void)sortTopologically(&function.front());
}

struct OutlineLayers final : impl::OutlineLayersBase<OutlineLayers> {
  void runOnOperation() override {
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (!function.isDeclaration())
        FunctionOutliner(function).run();
  }
};

} // namespace
} // namespace qopt

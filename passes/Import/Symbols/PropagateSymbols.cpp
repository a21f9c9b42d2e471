//===- PropagateSymbols.cpp - Sizes of all tensors over symbols -----------===//

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Import/Symbols/Node.h"
#include "passes/Import/Symbols/Rewrite.h"
#include "passes/Import/Symbols/Values.h"
#include "passes/Passes.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_PROPAGATESYMBOLS
#include "passes/Passes.h.inc"

namespace {
using namespace symbols;

/// Facts of all values of a function.
class Propagation {
public:
  explicit Propagation(Solver &solver) : solver(solver) {
    addPointwiseSizes(sizeFunctions);
    addProductSizes(sizeFunctions);
    addLayoutSizes(sizeFunctions);
    addIndexSizes(sizeFunctions);
    addSliceSizes(sizeFunctions);
    addReductionSizes(sizeFunctions);
    addWindowSizes(sizeFunctions);
    addGeneratorSizes(sizeFunctions);
    addElementArithmetic(elementFunctions);
    addElementLogic(elementFunctions);
    addElementMoves(elementFunctions);
  }

  /// Computes all facts anew; fails when operands contradict each other.
  LogicalResult walk(func::FuncOp function) {
    facts.clear();
    for (auto [argument, input] :
         llvm::zip(function.getArguments(), solver.inputs()))
      if (isa<RankedTensorType>(argument.getType()))
        facts[argument].sizes = input.sizes;
    return visit(function.getBody().front());
  }

  const FactTable &getFacts() const { return facts; }

private:
  LogicalResult visit(Block &block) {
    for (Operation &op : block) {
      for (Region &region : op.getRegions())
        for (Block &inner : region) {
          for (Value argument : inner.getArguments())
            facts[argument].sizes = sizesOfType(argument.getType());
          if (failed(visit(inner)))
            return failure();
        }
      if (auto node = dyn_cast<onnx::NodeOp>(op)) {
        if (failed(visit(node)))
          return failure();
        continue;
      }
      for (Value result : op.getResults())
        facts[result] = factsOfOther(result);
    }
    return success();
  }

  LogicalResult visit(onnx::NodeOp op) {
    Node node(op, facts, solver);
    bool isStandard = op.getDomain().empty();
    if (auto function = sizeFunctions.lookup(op.getOpType());
        isStandard && function)
      if (failed(function(node)))
        return failure();
    if (isStandard && op.getOpType() == "If")
      joinBranches(node);
    for (auto [result, found] : llvm::zip(op.getResults(), node.results))
      mergeType(found, result.getType());
    if (isStandard && !node.results.empty()) {
      if (auto function = elementFunctions.lookup(op.getOpType()))
        function(node);
      findEnds(node);
    }
    for (auto [result, found] : llvm::zip(op.getResults(), node.results))
      facts[result] = std::move(found);
    return success();
  }

  /// What both branches of an If yield alike.
  void joinBranches(Node &node) {
    for (unsigned i = 0; i < node.results.size(); ++i) {
      std::optional<Sizes> joined;
      bool isFirst = true;
      for (Region &region : node.op->getRegions()) {
        if (region.empty() || !region.front().mightHaveTerminator())
          return;
        Operation *yield = region.front().getTerminator();
        if (i >= yield->getNumOperands())
          return;
        auto sizes = facts.lookup(yield->getOperand(i)).sizes;
        if (isFirst)
          joined = sizes;
        else if (!joined || !sizes || joined->size() != sizes->size())
          joined = std::nullopt;
        else
          for (auto [a, b] : llvm::zip(*joined, *sizes))
            if (a != b)
              a = std::nullopt;
        isFirst = false;
      }
      node.results[i].sizes = joined;
    }
  }

  std::optional<Sizes> sizesOfType(Type type) const {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return std::nullopt;
    Sizes sizes;
    auto dims = dyn_cast_or_null<DimsAttr>(tensor.getEncoding());
    for (auto [i, size] : llvm::enumerate(tensor.getShape())) {
      if (!ShapedType::isDynamic(size))
        sizes.push_back(DimExpr(size));
      else if (dims && i < dims.getSizes().size())
        sizes.push_back(
            solver.seed(DimExpr::parse(dims.getSizes()[i].getValue())));
      else
        sizes.push_back(std::nullopt);
    }
    return sizes;
  }

  /// What is computed stands; the type tells what is left open.
  void mergeType(Facts &found, Type type) const {
    auto declared = sizesOfType(type);
    if (!found.sizes)
      found.sizes = declared;
    if (!declared || declared->size() != found.sizes->size())
      return;
    for (auto [size, own] : llvm::zip(*found.sizes, *declared))
      if (!size)
        size = own;
  }

  Facts factsOfOther(Value value) const {
    Facts result;
    result.sizes = sizesOfType(value.getType());
    if (auto constant = value.getDefiningOp<arith::ConstantOp>()) {
      result.elements = readElements(constant.getValue());
    } else if (auto sizes = getElementSizes(value)) {
      Elements elements;
      for (const DimExpr &size : *sizes) {
        Size seeded = solver.seed(size);
        elements.push_back(seeded ? Element(*seeded) : Element());
      }
      result.elements = elements;
    }
    return result;
  }

  Solver &solver;
  FactTable facts;
  SizeFunctions sizeFunctions;
  ElementFunctions elementFunctions;
};

struct PropagateSymbols final : impl::PropagateSymbolsBase<PropagateSymbols> {
  using PropagateSymbolsBase::PropagateSymbolsBase;

  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!function || function.isExternal())
      return;
    Solver solver(getInputs(function));
    Propagation propagation(solver);
    // Each replacement removes a symbol, so this ends.
    do {
      solver.startWalk();
      if (failed(propagation.walk(function)))
        return signalPassFailure();
    } while (solver.foundReplacements());
    solver.rename(findNames(function, solver));
    do {
      solver.startWalk();
      if (failed(propagation.walk(function)))
        return signalPassFailure();
    } while (solver.foundReplacements());
    auto conditions = describeConditions(&getContext(), solver);
    rewrite(function, propagation.getFacts(), solver);
    writeSignature(function, solver, conditions);
  }
};

} // namespace
} // namespace qopt

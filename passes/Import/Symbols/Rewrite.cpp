//===- Rewrite.cpp - What the graph becomes once sizes are known ----------===//

#include "passes/Import/Symbols/Rewrite.h"

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/Import/Symbols/Slice.h"

using namespace mlir;

namespace qopt::symbols {
namespace {

/// The type with these sizes; one with a `?` that nothing is known of has no
/// `#qopt.dims`.
Type withSizes(Type type, const std::optional<Sizes> &sizes) {
  auto tensor = dyn_cast<TensorType>(type);
  if (!tensor || !sizes)
    return type;
  SmallVector<DimExpr> known;
  SmallVector<int64_t> shape;
  for (const Size &size : *sizes) {
    auto constant = size ? size->constant() : std::nullopt;
    if (constant && *constant < 0)
      return type;
    shape.push_back(constant.value_or(ShapedType::kDynamic));
    if (size)
      known.push_back(*size);
  }
  if (known.size() == sizes->size())
    return getTensorType(known, tensor.getElementType());
  return RankedTensorType::get(shape, tensor.getElementType());
}

bool isKnown(const std::optional<Sizes> &sizes) {
  return sizes &&
         llvm::all_of(*sizes, [](const Size &size) { return bool(size); });
}

/// The input that result 0 of the node equals, or null.
Value findEqualInput(onnx::NodeOp op, const FactTable &facts, Solver &solver) {
  Value input = op.input(0);
  if (!input || !op.getDomain().empty() || op.getNumResults() == 0)
    return nullptr;
  StringRef type = op.getOpType();
  if (type == "Identity")
    return input;
  auto from = dyn_cast<TensorType>(input.getType());
  auto to = dyn_cast<TensorType>(op.getResult(0).getType());
  if (!from || !to || from.getElementType() != to.getElementType())
    return nullptr;
  Node node(op, facts, solver);
  if (type == "Dropout") {
    auto training = node.integers(2);
    bool isTraining = node.has(2) && !(training && training->size() == 1 &&
                                       training->front() == 0);
    bool usesMask = op.getNumResults() > 1 && !op.getResult(1).use_empty();
    return isTraining || usesMask ? nullptr : input;
  }
  if (type == "Cast" || type == "CastLike" ||
      (type == "Concat" && op.getInputs().size() == 1))
    return input;
  const auto &before = node.input(0).sizes;
  auto found = facts.find(op.getResult(0));
  if (found == facts.end() || !isKnown(before) || before != found->second.sizes)
    return nullptr;
  if (llvm::is_contained({"Reshape", "Expand", "Flatten", "Squeeze", "Tile"},
                         type))
    return input;
  if (type == "Slice") {
    auto ranges = getSlices(node);
    bool countUp = ranges && llvm::all_of(*ranges, [](const SliceRange &range) {
                     return range.step == 1;
                   });
    return countUp ? input : nullptr;
  }
  if (type == "Transpose") {
    auto order = op.intsAttribute("perm");
    return order && llvm::is_sorted(*order) ? input : nullptr;
  }
  return nullptr;
}

/// The elements as a new value, or null where some are not known.
Value materialize(OpBuilder &builder, Location loc, Type type,
                  const Facts &facts) {
  auto tensor = dyn_cast<RankedTensorType>(withSizes(type, facts.sizes));
  if (!tensor || !facts.elements || !tensor.hasStaticShape() ||
      tensor.getNumElements() != int64_t(facts.elements->size()))
    return nullptr;
  if (DenseElementsAttr constant = writeElements(tensor, *facts.elements))
    return arith::ConstantOp::create(builder, loc, constant);
  Type elementType = tensor.getElementType();
  if (!elementType.isSignlessInteger() || elementType.isInteger(1) ||
      !llvm::all_of(*facts.elements, [](const Element &element) {
        return element.expression();
      }))
    return nullptr;
  SmallVector<Value> elements;
  for (const Element &element : *facts.elements) {
    if (auto integer = element.integer()) {
      elements.push_back(arith::ConstantOp::create(
          builder, loc, builder.getIntegerAttr(elementType, *integer)));
      continue;
    }
    Value size = qopt::materialize(builder, loc, *element.expression());
    elements.push_back(
        arith::IndexCastOp::create(builder, loc, elementType, size));
  }
  return tensor::FromElementsOp::create(builder, loc, tensor, elements);
}

void rewriteNode(onnx::NodeOp op, const FactTable &facts, Solver &solver) {
  OpBuilder builder(op);
  if (Value input = findEqualInput(op, facts, solver))
    op.getResult(0).replaceAllUsesWith(input);
  for (Value result : op.getResults()) {
    auto found = facts.find(result);
    if (found == facts.end())
      continue;
    if (!result.use_empty())
      if (Value known = materialize(builder, op.getLoc(), result.getType(),
                                    found->second))
        result.replaceAllUsesWith(known);
    result.setType(withSizes(result.getType(), found->second.sizes));
  }
}

/// Users before what they use, so that chains of shape arithmetic die with the
/// last node that needs them.
void rewriteBlock(Block &block, const FactTable &facts, Solver &solver) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    auto node = dyn_cast<onnx::NodeOp>(op);
    if (node && !isOpTriviallyDead(node))
      rewriteNode(node, facts, solver);
    if (isOpTriviallyDead(&op)) {
      op.erase();
      continue;
    }
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        rewriteBlock(inner, facts, solver);
  }
}

} // namespace

void rewrite(func::FuncOp function, const FactTable &facts, Solver &solver) {
  Block &body = function.getBody().front();
  for (auto [argument, input] : llvm::zip(body.getArguments(), solver.inputs()))
    if (isa<RankedTensorType>(argument.getType()))
      argument.setType(withSizes(argument.getType(), input.sizes));
  rewriteBlock(body, facts, solver);
  function.setType(FunctionType::get(function.getContext(),
                                     body.getArgumentTypes(),
                                     body.getTerminator()->getOperandTypes()));
}

} // namespace qopt::symbols

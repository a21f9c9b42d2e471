//===- Node.cpp - A node as shape functions see it ------------------------===//

#include "passes/Import/Symbols/Node.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace qopt::symbols {

std::string describe(Operation *op) {
  auto node = dyn_cast<onnx::NodeOp>(op);
  std::string text = node ? node.getOpType().str() + " node" : "op";
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    text += " '" + name.getName().str() + "'";
  return text;
}

Node::Node(onnx::NodeOp op, const FactTable &facts, Solver &solver)
    : op(op), solver(solver), results(op.getNumResults()) {
  for (Value input : op.getInputs())
    inputs.push_back(isa<NoneType>(input.getType()) ? Facts()
                                                    : facts.lookup(input));
}

const Facts &Node::input(unsigned i) const {
  static const Facts none;
  return i < inputs.size() ? inputs[i] : none;
}

const Sizes *Node::sizes(unsigned i) const {
  return input(i).sizes ? &*input(i).sizes : nullptr;
}

const Elements *Node::elements(unsigned i) const {
  return input(i).elements ? &*input(i).elements : nullptr;
}

std::optional<SmallVector<int64_t>> Node::integers(unsigned i) const {
  const Elements *values = elements(i);
  if (!values)
    return std::nullopt;
  SmallVector<int64_t> result;
  for (const Element &element : *values) {
    auto integer = element.integer();
    if (!integer)
      return std::nullopt;
    result.push_back(*integer);
  }
  return result;
}

std::optional<SmallVector<int64_t>> Node::integers(StringRef attribute,
                                                   unsigned i) {
  if (auto values = op.intsAttribute(attribute))
    return values;
  return has(i) ? integers(i) : std::nullopt;
}

std::optional<Sizes> Node::elementSizes(unsigned i) const {
  if (const Elements *values = elements(i)) {
    Sizes result;
    for (const Element &element : *values)
      result.push_back(element.expression() ? Size(*element.expression())
                                            : std::nullopt);
    return result;
  }
  if (auto count = length(i); count && *count >= 0 && *count <= maxElements)
    return Sizes(*count);
  return std::nullopt;
}

std::optional<int64_t> Node::length(unsigned i) const {
  const Sizes *shape = sizes(i);
  if (!shape || shape->size() != 1 || !shape->front())
    return std::nullopt;
  return shape->front()->constant();
}

Type Node::inputElementType(unsigned i) {
  auto type = i < numInputs()
                  ? dyn_cast<TensorType>(op.getInputs()[i].getType())
                  : TensorType();
  return type ? type.getElementType() : Type();
}

Type Node::resultElementType(unsigned i) {
  auto type = i < op.getNumResults()
                  ? dyn_cast<TensorType>(op.getResult(i).getType())
                  : TensorType();
  return type ? type.getElementType() : Type();
}

void Node::setSizes(unsigned i, Sizes sizes) {
  if (i < results.size())
    results[i].sizes = std::move(sizes);
}

void Node::setRank(unsigned i, int64_t rank) {
  if (rank >= 0 && rank <= maxElements)
    setSizes(i, Sizes(rank));
}

std::optional<int64_t> Node::axis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank)
    return std::nullopt;
  return axis < 0 ? axis + rank : axis;
}

std::optional<SmallVector<int64_t>> Node::axes(ArrayRef<int64_t> axes,
                                               int64_t rank) const {
  SmallVector<int64_t> result;
  for (int64_t i : axes) {
    auto counted = axis(i, rank);
    if (!counted || llvm::is_contained(result, *counted))
      return std::nullopt;
    result.push_back(*counted);
  }
  return result;
}

FailureOr<Size> Node::same(const Size &a, const Size &b) {
  if (!a || !b)
    return a ? a : b;
  switch (solver.equate(*a, *b, op)) {
  case Verdict::Fails:
    return failure();
  case Verdict::Unknown:
    return Size();
  case Verdict::Holds:
    return b->isConstant() ? b : a;
  }
  llvm_unreachable("all verdicts are handled");
}

FailureOr<Size> Node::broadcast(const Size &a, const Size &b) {
  auto isOne = [](const Size &size) { return size && *size == DimExpr(1); };
  if (isOne(a))
    return b;
  if (isOne(b))
    return a;
  if (a && b)
    return same(a, b);
  // The unknown one is 1 or the same as a constant.
  const Size &known = a ? a : b;
  return known && known->isConstant() ? known : Size();
}

FailureOr<Sizes> Node::broadcast(ArrayRef<Size> a, ArrayRef<Size> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  Sizes result(a);
  size_t shift = a.size() - b.size();
  for (size_t i = shift; i < a.size(); ++i) {
    auto size = broadcast(a[i], b[i - shift]);
    if (failed(size))
      return failure();
    result[i] = *size;
  }
  return result;
}

LogicalResult Node::fail(const Twine &expectation, ArrayRef<unsigned> inputs) {
  auto diagnostic = op.emitError()
                    << describe(op) << " expects " << expectation;
  for (auto [i, input] : llvm::enumerate(inputs))
    diagnostic << (i == 0 ? ", but got " : " and ")
               << (sizes(input) ? format(*sizes(input)) : "an unknown shape");
  return diagnostic;
}

} // namespace qopt::symbols

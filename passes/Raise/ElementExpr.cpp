//===- ElementExpr.cpp - What an element of a tensor is -------------------===//

#include "passes/Raise/ElementExpr.h"

#include "dialects/ONNX/ONNX.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "passes/Raise/Matchers.h"
#include <cmath>

using namespace mlir;

namespace qopt {

using Ptr = ElementExpr::Ptr;
using Kind = ElementExpr::Kind;

static Ptr makeSize(DimExpr size) {
  auto e = std::make_shared<ElementExpr>();
  e->kind = Kind::Size;
  e->size = std::move(size);
  return e;
}

static Ptr makeConstant(double number) {
  auto e = std::make_shared<ElementExpr>();
  e->kind = Kind::Constant;
  e->number = number;
  return e;
}

static Ptr makeLoad(Value tensor, std::vector<DimExpr> indices) {
  auto e = std::make_shared<ElementExpr>();
  e->kind = Kind::Load;
  e->tensor = tensor;
  e->indices = std::move(indices);
  return e;
}

std::optional<double> ElementExpr::constant() const {
  if (kind == Kind::Constant)
    return number;
  if (kind == Kind::Size && size.isConstant())
    return double(*size.constant());
  return std::nullopt;
}

bool operator==(const ElementExpr &a, const ElementExpr &b) {
  if (a.constant() && b.constant())
    return *a.constant() == *b.constant();
  if (a.kind != b.kind)
    return false;
  switch (a.kind) {
  case Kind::Size:
    return a.size == b.size;
  case Kind::Constant:
    return a.number == b.number;
  case Kind::Load:
    return a.tensor == b.tensor && a.indices == b.indices;
  case Kind::Apply:
    return a.name == b.name && a.arguments.size() == b.arguments.size() &&
           llvm::all_of(llvm::zip(a.arguments, b.arguments), [](auto pair) {
             return *std::get<0>(pair) == *std::get<1>(pair);
           });
  }
  return false;
}

std::string indexName(unsigned i) { return "_i" + std::to_string(i); }

/// Applies a function; folds what is decided.
static Ptr apply(StringRef name, std::vector<Ptr> arguments) {
  if (llvm::is_contained(arguments, nullptr))
    return nullptr;
  auto a = arguments[0]->constant();
  auto b = arguments.size() > 1 ? arguments[1]->constant() : std::nullopt;
  auto sizes = arguments.size() == 2 && arguments[0]->kind == Kind::Size &&
               arguments[1]->kind == Kind::Size;
  if (sizes && name == "Add")
    return makeSize(arguments[0]->size + arguments[1]->size);
  if (sizes && name == "Sub")
    return makeSize(arguments[0]->size - arguments[1]->size);
  if (sizes && name == "Mul")
    return makeSize(arguments[0]->size * arguments[1]->size);
  if (name == "NonZero") {
    if (a)
      return makeConstant(*a != 0);
    static const StringRef boolean[] = {"NonZero", "And",  "Or",         "Not",
                                        "Equal",   "Less", "LessOrEqual"};
    if (arguments[0]->kind == Kind::Apply &&
        llvm::is_contained(boolean, arguments[0]->name))
      return arguments[0];
  }
  if (name == "Not" && a)
    return makeConstant(*a == 0);
  if (name == "Not" && arguments[0]->isApply("Not"))
    return arguments[0]->arguments[0];
  if (name == "And" || name == "Or") {
    bool absorbing = name == "Or";
    for (int i : {0, 1})
      if (auto value = arguments[i]->constant())
        return (*value != 0) == absorbing ? makeConstant(absorbing)
                                          : arguments[1 - i];
  }
  if (name == "Where" && a)
    return arguments[*a != 0 ? 1 : 2];
  if (name == "Mul")
    for (int i : {0, 1})
      if (arguments[i]->constant() == 1.0)
        return arguments[1 - i];
  if (name == "Add")
    for (int i : {0, 1})
      if (arguments[i]->constant() == 0.0)
        return arguments[1 - i];
  if (a && b) {
    if (name == "Add")
      return makeConstant(*a + *b);
    if (name == "Sub")
      return makeConstant(*a - *b);
    if (name == "Mul")
      return makeConstant(*a * *b);
    if (name == "Equal")
      return makeConstant(*a == *b);
    if (name == "Less")
      return makeConstant(*a < *b);
    if (name == "LessOrEqual")
      return makeConstant(*a <= *b);
  }
  auto e = std::make_shared<ElementExpr>();
  e->kind = Kind::Apply;
  e->name = name.str();
  e->arguments = std::move(arguments);
  return e;
}

bool ElementEvaluator::isBelow(const DimExpr &index, const DimExpr &bound) {
  // The largest value that the index takes: positive multiples of its symbols
  // at their last value.
  DimExpr largest = index, smallest = index;
  for (const auto &[name, range] : ranges) {
    largest = largest.substitute(name, range - DimExpr(1));
    smallest = smallest.substitute(name, DimExpr(0));
  }
  return (bound - largest - DimExpr(1)).isKnownNonNegative() &&
         smallest.isKnownNonNegative();
}

/// The indices of an operand that is broadcast to where `indices` count.
static std::vector<DimExpr>
broadcastIndices(Value operand, const std::vector<DimExpr> &indices) {
  std::vector<DimExpr> sizes = sizesOf(operand), result;
  size_t skip = indices.size() - std::min(indices.size(), sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i)
    result.push_back(sizes[i].constant() == 1 ? DimExpr(0) : indices[skip + i]);
  return result;
}

Ptr ElementEvaluator::constantElement(Value tensor,
                                      const std::vector<DimExpr> &indices) {
  DenseElementsAttr elements;
  if (!matchPattern(tensor, m_Constant(&elements)))
    return nullptr;
  auto read = [&](Attribute attribute) -> Ptr {
    if (auto integer = dyn_cast<IntegerAttr>(attribute))
      return makeSize(integer.getType().isInteger(1)
                          ? DimExpr(integer.getValue().getBoolValue())
                          : DimExpr(integer.getValue().getSExtValue()));
    return makeConstant(cast<FloatAttr>(attribute).getValueAsDouble());
  };
  if (elements.isSplat())
    return read(elements.getSplatValue<Attribute>());
  int64_t position = 0;
  for (auto [index, size] : llvm::zip(indices, elements.getType().getShape())) {
    auto constant = index.constant();
    if (!constant || *constant < 0 || *constant >= size)
      return makeLoad(tensor, indices);
    position = position * size + *constant;
  }
  return read(elements.getValues<Attribute>()[position]);
}

/// `sizesOf` says the same of a scalar and of what it knows nothing of.
static bool hasKnownSizes(Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  return type && getSizes(type);
}

Ptr ElementEvaluator::concat(Value tensor, std::vector<DimExpr> indices) {
  auto node = tensor.getDefiningOp<onnx::NodeOp>();
  int64_t axis = node.intAttribute("axis", 0);
  axis += axis < 0 ? indices.size() : 0;
  DimExpr start(0);
  for (Value input : node.getInputs()) {
    std::vector<DimExpr> sizes = sizesOf(input);
    if (sizes.size() != indices.size())
      return nullptr;
    DimExpr size = sizes[axis];
    DimExpr local = indices[axis] - start;
    if (isBelow(local, size)) {
      indices[axis] = local;
      return evaluate(input, indices);
    }
    start = start + size;
  }
  return nullptr;
}

Ptr ElementEvaluator::gather(Value tensor,
                             const std::vector<DimExpr> &indices) {
  auto node = tensor.getDefiningOp<onnx::NodeOp>();
  Value data = node.input(0), where = node.input(1);
  std::vector<DimExpr> place;
  auto position = [&](std::vector<DimExpr> at) {
    Ptr e = evaluate(where, std::move(at));
    if (!e || e->kind != Kind::Size)
      return false;
    place.push_back(e->size);
    return true;
  };
  if (!hasKnownSizes(data) || !hasKnownSizes(where))
    return nullptr;
  size_t dataRank = sizesOf(data).size(), whereRank = sizesOf(where).size();
  if (node.is("Gather")) {
    size_t axis = node.intAttribute("axis", 0);
    axis += int64_t(axis) < 0 ? dataRank : 0;
    place.assign(indices.begin(), indices.begin() + axis);
    if (!position({indices.begin() + axis, indices.begin() + axis + whereRank}))
      return nullptr;
    place.insert(place.end(), indices.begin() + axis + whereRank,
                 indices.end());
    return evaluate(data, place);
  }
  if (whereRank == 0)
    return nullptr;
  auto depth = sizesOf(where).back().constant();
  if (node.intAttribute("batch_dims", 0) != 0 || !depth)
    return nullptr;
  for (int64_t i = 0; i < *depth; ++i) {
    std::vector<DimExpr> at(indices.begin(), indices.begin() + whereRank - 1);
    at.push_back(DimExpr(i));
    if (!position(at))
      return nullptr;
  }
  place.insert(place.end(), indices.begin() + whereRank - 1, indices.end());
  return evaluate(data, place);
}

Ptr ElementEvaluator::reshape(Value from, Value to,
                              const std::vector<DimExpr> &indices) {
  std::vector<DimExpr> source = sizesOf(from), target = sizesOf(to);
  DimExpr linear(0);
  for (size_t i = 0; i < target.size(); ++i)
    linear = linear * target[i] + indices[i];
  std::vector<DimExpr> place(source.size());
  // From the last dimension up: what the size divides belongs further up.
  for (size_t i = source.size(); i-- > 0;) {
    if (source[i].constant() == 1) {
      place[i] = DimExpr(0);
      continue;
    }
    DimExpr upper(0), rest = linear;
    for (const auto &entry : ranges) {
      // The coefficient of this index: linear is affine in it.
      DimExpr index = DimExpr::symbol(entry.first);
      DimExpr coefficient = linear.substitute(entry.first, DimExpr(1)) -
                            linear.substitute(entry.first, DimExpr(0));
      if (coefficient == DimExpr(0))
        continue;
      if (auto quotient = coefficient.dividedBy(source[i])) {
        upper = upper + *quotient * index;
        rest = rest - coefficient * index;
      }
    }
    if (auto quotient = rest.dividedBy(source[i]);
        quotient && rest.isConstant() && rest != DimExpr(0)) {
      upper = upper + *quotient;
      rest = DimExpr(0);
    }
    if (!isBelow(rest, source[i]))
      return nullptr;
    place[i] = rest;
    linear = upper;
  }
  if (linear != DimExpr(0))
    return nullptr;
  return evaluate(from, place);
}

Ptr ElementEvaluator::product(Value tensor,
                              const std::vector<DimExpr> &indices) {
  // Only the outer product of a column and a row is one element times another.
  auto node = tensor.getDefiningOp<onnx::NodeOp>();
  Value a = node.input(0), b = node.input(1);
  size_t rankA = sizesOf(a).size(), rankB = sizesOf(b).size();
  if (rankA < 2 || rankB < 2 || sizesOf(a).back().constant() != 1)
    return nullptr;
  std::vector<DimExpr> atA = indices, atB = indices;
  atA.back() = DimExpr(0);
  atB[indices.size() - 2] = DimExpr(0);
  return apply("Mul", {evaluate(a, broadcastIndices(a, atA)),
                       evaluate(b, broadcastIndices(b, atB))});
}

Ptr ElementEvaluator::evaluate(Value tensor, std::vector<DimExpr> indices) {
  if (!hasKnownSizes(tensor) || sizesOf(tensor).size() != indices.size())
    return nullptr;
  if (Ptr element = constantElement(tensor, indices))
    return element;
  if (auto elements = tensor.getDefiningOp<tensor::FromElementsOp>()) {
    auto sizes = getElementSizes(tensor);
    int64_t position = 0;
    for (size_t i = 0; i < indices.size(); ++i) {
      auto index = indices[i].constant();
      if (!index)
        return nullptr;
      position = position * elements.getType().getDimSize(i) + *index;
    }
    if (sizes && position < int64_t(sizes->size()))
      return makeSize((*sizes)[position]);
    return nullptr;
  }
  if (auto view = tensor.getDefiningOp<ReshapeOp>())
    return reshape(view.getInput(), tensor, indices);
  if (!tensor.getDefiningOp<onnx::NodeOp>())
    return makeLoad(tensor, indices);
  if (Ptr element = evaluateNode(tensor, indices))
    return element;
  return nullptr;
}

Ptr ElementEvaluator::evaluateNode(Value tensor,
                                   const std::vector<DimExpr> &indices) {
  auto node = tensor.getDefiningOp<onnx::NodeOp>();
  if (!node.getDomain().empty())
    return nullptr;
  StringRef op = node.getOpType();
  auto argument = [&](unsigned i) {
    Value input = node.input(i);
    return input ? evaluate(input, broadcastIndices(input, indices)) : nullptr;
  };
  if (op == "Identity")
    return evaluate(node.input(0), indices);
  if (op == "Cast") {
    Type to = cast<RankedTensorType>(tensor.getType()).getElementType();
    Ptr input = argument(0);
    return to.isInteger(1) && input ? apply("NonZero", {input}) : input;
  }
  if (op == "Unsqueeze" || op == "Squeeze" || op == "Reshape" ||
      op == "Flatten")
    return reshape(node.input(0), tensor, indices);
  if (op == "Expand")
    return argument(0);
  if (op == "Transpose") {
    std::vector<DimExpr> place(indices.size());
    auto permutation = node.intsAttribute("perm");
    for (size_t i = 0; i < indices.size(); ++i)
      place[permutation ? (*permutation)[i] : indices.size() - 1 - i] =
          indices[i];
    return evaluate(node.input(0), place);
  }
  if (op == "Range") {
    Ptr start = evaluate(node.input(0), {}), step = evaluate(node.input(2), {});
    return apply("Add", {start, apply("Mul", {step, makeSize(indices[0])})});
  }
  if (op == "ConstantOfShape") {
    auto value = dyn_cast_or_null<DenseElementsAttr>(node.attribute("value"));
    if (!value)
      return makeConstant(0);
    Attribute element = value.getSplatValue<Attribute>();
    if (auto integer = dyn_cast<IntegerAttr>(element))
      return makeConstant(integer.getType().isInteger(1)
                              ? double(integer.getValue().getBoolValue())
                              : double(integer.getValue().getSExtValue()));
    return makeConstant(cast<FloatAttr>(element).getValueAsDouble());
  }
  if (op == "Concat")
    return concat(tensor, indices);
  if (op == "Gather" || op == "GatherND")
    return gather(tensor, indices);
  if (op == "MatMul")
    return product(tensor, indices);
  if (op == "Slice") {
    auto slice = matchSlice(node);
    if (!slice)
      return nullptr;
    std::vector<DimExpr> place = indices;
    for (size_t i = 0; i < place.size(); ++i)
      place[i] = place[i] + slice->starts[i];
    return evaluate(node.input(0), place);
  }
  if (op == "Greater")
    return apply("Less", {argument(1), argument(0)});
  if (op == "GreaterOrEqual")
    return apply("LessOrEqual", {argument(1), argument(0)});
  static const StringRef unary[] = {"Cos", "Sin", "Not", "Neg"};
  if (llvm::is_contained(unary, op))
    return apply(op, {argument(0)});
  static const StringRef binary[] = {"Add",  "Sub",         "Mul", "Equal",
                                     "Less", "LessOrEqual", "And", "Or"};
  if (llvm::is_contained(binary, op))
    return apply(op, {argument(0), argument(1)});
  if (op == "Where")
    return apply(op, {argument(0), argument(1), argument(2)});
  return nullptr;
}

} // namespace qopt

//===- ConvertONNXToLinalgMovement.cpp - Elements that change place -------===//

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Lower/Generic/NodeLowering.h"

using namespace mlir;

namespace qopt::generic {
namespace {

/// Reshape, Flatten, Squeeze, Unsqueeze, Identity: the result's sizes say all.
LogicalResult lowerView(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(1)) || failed(lowering.checkElements(0, "")))
    return failure();
  if (lowering.resultType() == lowering.input(0).getType())
    lowering.results[0] = lowering.input(0);
  else
    lowering.results[0] =
        lowering.make<ReshapeOp>(lowering.resultType(), lowering.input(0));
  return success();
}

bool isPermutation(ArrayRef<int64_t> values) {
  SmallVector<int64_t> sorted(values);
  llvm::sort(sorted);
  for (auto [i, value] : llvm::enumerate(sorted))
    if (value != int64_t(i))
      return false;
  return true;
}

LogicalResult lowerTranspose(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(1)) || failed(lowering.checkElements(0, "")))
    return failure();
  Value input = lowering.input(0);
  int64_t rank = lowering.sizesOf(input).size();
  SmallVector<int64_t> permutation;
  if (auto given = lowering.node.intsAttribute("perm"))
    permutation = *given;
  else
    for (int64_t d = rank; d-- > 0;)
      permutation.push_back(d);
  MLIRContext *context = lowering.builder.getContext();
  if (int64_t(permutation.size()) != rank || !isPermutation(permutation))
    return lowering.reject("perm is no permutation of the input's dimensions");
  // result dimension i is input dimension permutation[i]
  SmallVector<AffineExpr> place(rank);
  for (auto [i, d] : llvm::enumerate(permutation))
    place[d] = getAffineDimExpr(i, context);
  Sizes sizes = lowering.resultSizes();
  RankedTensorType type = lowering.resultType();
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  lowering.results[0] =
      lowering.reduce(input, AffineMap::get(rank, 0, place, context),
                      lowering.empty(sizes, type.getElementType()),
                      AffineMap::getMultiDimIdentityMap(rank, context),
                      iterators, [](ArrayRef<Value> x) { return x[0]; });
  return success();
}

LogicalResult lowerExpand(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(1)) || failed(lowering.checkElements(0, "")))
    return failure();
  lowering.results[0] = lowering.map(lowering.input(0), lowering.resultSizes(),
                                     lowering.resultType().getElementType(),
                                     [](ArrayRef<Value> x) { return x[0]; });
  return success();
}

LogicalResult lowerConcat(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(1)))
    return failure();
  int64_t rank = lowering.resultSizes().size();
  auto axis = lowering.axis(lowering.node.intAttribute("axis", 0), rank);
  if (!axis)
    return lowering.reject("the axis is outside the rank");
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < lowering.numInputs(); ++i) {
    if (!lowering.input(i))
      return lowering.reject("input " + Twine(i) + " is absent");
    if (failed(lowering.checkElements(i, "")))
      return failure();
    Sizes sizes = lowering.sizesOf(lowering.input(i));
    if (int64_t(sizes.size()) != rank)
      return lowering.reject("inputs have different ranks");
    inputs.push_back(lowering.input(i));
  }
  lowering.results[0] = concat(lowering, inputs, *axis);
  return success();
}

LogicalResult lowerConstantOfShape(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(1)))
    return failure();
  Type type = lowering.resultType().getElementType();
  TypedAttr number = lowering.builder.getZeroAttr(signless(type));
  if (auto value =
          lowering.node.getParameters().getAs<DenseElementsAttr>("value")) {
    if (value.getNumElements() != 1)
      return lowering.reject("the value has more than one element");
    if (isa<FloatType>(value.getElementType()))
      number = *value.value_begin<FloatAttr>();
    else
      number = lowering.builder.getIntegerAttr(signless(type),
                                               *value.value_begin<APInt>());
  }
  if (!number || number.getType() != signless(type))
    return lowering.reject("the value is not a number of the result's type");
  lowering.results[0] = lowering.filled(
      lowering.resultSizes(), type, lowering.make<arith::ConstantOp>(number));
  return success();
}

LogicalResult lowerConstant(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(0)))
    return failure();
  RankedTensorType type = lowering.resultType();
  onnx::NodeOp node = lowering.node;
  Type element = type.getElementType();
  DenseElementsAttr value =
      node.getParameters().getAs<DenseElementsAttr>("value");
  if (auto number = node.getParameters().getAs<TypedAttr>("value_int"))
    value = DenseElementsAttr::get(type, number);
  if (auto number = node.getParameters().getAs<TypedAttr>("value_float"))
    value = DenseElementsAttr::get(type, number);
  for (StringRef name : {"value_ints", "value_floats"})
    if (auto numbers = node.getParameters().getAs<ArrayAttr>(name))
      value = DenseElementsAttr::get(type, numbers.getValue());
  if (!value || value.getType() != type || !element.isIntOrFloat())
    return lowering.reject("the constant is no dense tensor of numbers");
  lowering.results[0] = lowering.make<arith::ConstantOp>(value);
  return success();
}

LogicalResult lowerShape(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(1)))
    return failure();
  Sizes sizes = lowering.sizesOf(lowering.input(0));
  int64_t rank = sizes.size();
  auto clamp = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  int64_t begin = clamp(lowering.node.intAttribute("start", 0));
  int64_t end = clamp(lowering.node.intAttribute("end", rank));
  SmallVector<Value> elements;
  for (int64_t d = begin; d < end; ++d)
    elements.push_back(lowering.fromIndex(lowering.index(sizes[d]),
                                          lowering.builder.getI64Type()));
  auto type = RankedTensorType::get(std::max<int64_t>(0, end - begin),
                                    lowering.builder.getI64Type());
  if (lowering.resultType() != type)
    return lowering.reject("the result is not a list of sizes");
  lowering.results[0] = lowering.make<tensor::FromElementsOp>(type, elements);
  return success();
}

/// start + i * delta
LogicalResult lowerRange(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(3)) ||
      failed(lowering.checkElements(0, "fi")))
    return failure();
  Type type = lowering.elementType(lowering.input(0));
  auto scalar = [&](unsigned i) -> Value {
    if (!isFloat(type))
      if (auto known = lowering.elements(lowering.input(i));
          known && known->size() == 1)
        return lowering.fromIndex(lowering.index(known->front()), type);
    SmallVector<Value> zeros(lowering.sizesOf(lowering.input(i)).size(),
                             lowering.index(0));
    return lowering.read(lowering.input(i), zeros);
  };
  if (lowering.resultSizes().size() != 1)
    return lowering.reject("the result is not a list");
  Value start = scalar(0), delta = scalar(2);
  lowering.results[0] =
      lowering.fill(lowering.resultSizes(), type, [&](ArrayRef<Value>) {
        Value i = lowering.fromIndex(lowering.position(0), type);
        if (!isFloat(type))
          return lowering.multiplyAdd(i, delta, start);
        Value step = lowering.make<arith::MulFOp>(i, delta);
        return lowering.make<arith::AddFOp>(start, step);
      });
  return success();
}

/// Reads tensor number `first` or a later one at `at`, whose place on the axis
/// is `offset` + a step.
Value readOneOf(NodeLowering &lowering, ArrayRef<Value> tensors,
                ArrayRef<Value> ends, ArrayRef<Value> at, Value offset,
                int64_t axis) {
  auto readHere = [&](Value begin) {
    SmallVector<Value> here(at);
    if (begin)
      here[axis] = lowering.make<arith::SubIOp>(here[axis], begin);
    return lowering.read(tensors.front(), here);
  };
  if (tensors.size() == 1)
    return readHere(offset);
  Value isHere =
      lowering.compare(arith::CmpIPredicate::slt, at[axis], ends.front());
  Type type = signless(lowering.elementType(tensors.front()));
  auto choice = scf::IfOp::create(lowering.builder, lowering.loc, type, isHere,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(lowering.builder);
  lowering.builder.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(lowering.builder, lowering.loc, readHere(offset));
  lowering.builder.setInsertionPointToStart(choice.elseBlock());
  Value other = readOneOf(lowering, tensors.drop_front(), ends.drop_front(), at,
                          ends.front(), axis);
  scf::YieldOp::create(lowering.builder, lowering.loc, other);
  return choice.getResult(0);
}

} // namespace

Value concat(NodeLowering &lowering, ValueRange tensors, int64_t axis) {
  Sizes sizes = lowering.sizesOf(tensors[0]);
  SmallVector<Value> ends, parts;
  DimExpr end;
  for (Value tensor : tensors) {
    DimExpr size = lowering.sizesOf(tensor)[axis];
    if (size == DimExpr(0))
      continue;
    end = end + size;
    parts.push_back(tensor);
    ends.push_back(lowering.index(end));
  }
  sizes[axis] = end;
  Type type = lowering.elementType(tensors[0]);
  if (parts.empty())
    return lowering.empty(sizes, type);
  return lowering.fill(sizes, type, [&](ArrayRef<Value>) {
    SmallVector<Value> at;
    for (size_t d = 0; d < sizes.size(); ++d)
      at.push_back(lowering.position(d));
    return readOneOf(lowering, parts, ends, at, nullptr, axis);
  });
}

void addMovement(LoweringTable &table) {
  for (StringRef view :
       {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"})
    table[view] = lowerView;
  table["Transpose"] = lowerTranspose;
  table["Expand"] = lowerExpand;
  table["Concat"] = lowerConcat;
  table["ConstantOfShape"] = lowerConstantOfShape;
  table["Constant"] = lowerConstant;
  table["Shape"] = lowerShape;
  table["Range"] = lowerRange;
}

} // namespace qopt::generic

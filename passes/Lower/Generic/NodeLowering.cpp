//===- NodeLowering.cpp - One ONNX node on its way to linalg --------------===//

#include "passes/Lower/Generic/NodeLowering.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "passes/Lower/Generic/Support.h"

using namespace mlir;

namespace qopt::generic {

bool isUnsigned(Type type) {
  return type.isUnsignedInteger() || type.isInteger(1);
}

Type signless(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return IntegerType::get(type.getContext(), integer.getWidth());
  return type;
}

//===-- Scalars -----------------------------------------------------------===//

Value NodeLowering::index(int64_t value) {
  return make<arith::ConstantIndexOp>(value);
}

Value NodeLowering::number(Type type, double value) {
  if (auto floatType = dyn_cast<FloatType>(type)) {
    APFloat number(value);
    bool losesInfo;
    number.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    return make<arith::ConstantOp>(FloatAttr::get(type, number));
  }
  return integer(type, int64_t(value));
}

Value NodeLowering::integer(Type type, int64_t value) {
  type = signless(type);
  if (type.isIndex())
    return index(value);
  APInt bits(64, uint64_t(value));
  return make<arith::ConstantOp>(
      IntegerAttr::get(type, bits.trunc(type.getIntOrFloatBitWidth())));
}

Value NodeLowering::toIndex(Value value, bool isUnsigned) {
  if (value.getType().isIndex())
    return value;
  if (isUnsigned)
    return make<arith::IndexCastUIOp>(builder.getIndexType(), value);
  return make<arith::IndexCastOp>(builder.getIndexType(), value);
}

Value NodeLowering::fromIndex(Value value, Type type) {
  if (!isFloat(type))
    return make<arith::IndexCastOp>(signless(type), value);
  Value wide = make<arith::IndexCastOp>(builder.getI64Type(), value);
  return make<arith::SIToFPOp>(type, wide);
}

Value NodeLowering::compare(arith::CmpIPredicate predicate, Value a, Value b) {
  return make<arith::CmpIOp>(predicate, a, b);
}

Value NodeLowering::compare(arith::CmpFPredicate predicate, Value a, Value b) {
  return make<arith::CmpFOp>(predicate, a, b);
}

Value NodeLowering::select(Value condition, Value a, Value b) {
  return make<arith::SelectOp>(condition, a, b);
}

Value NodeLowering::multiplyAdd(Value a, Value b, Value c) {
  if (!isFloat(a.getType()))
    return make<arith::AddIOp>(make<arith::MulIOp>(a, b), c);
  auto contract = arith::FastMathFlags::contract;
  Value product = make<arith::MulFOp>(a, b, contract);
  return make<arith::AddFOp>(product, c, contract);
}

void NodeLowering::failIf(Value condition, StringRef message) {
  std::string name = nodeName(loc);
  FailIfOp::create(
      builder, loc, condition,
      ((name.empty() ? node.getOpType().str() : name) + ": " + message).str());
}

Value NodeLowering::checkedPosition(Value value, Value size) {
  Value zero = index(0);
  Value isNegative = compare(arith::CmpIPredicate::slt, value, zero);
  Value fromEnd = make<arith::AddIOp>(value, size);
  Value position = select(isNegative, fromEnd, value);
  failIf(compare(arith::CmpIPredicate::uge, position, size),
         "index out of range");
  Value last = make<arith::SubIOp>(size, index(1));
  position = make<arith::MinSIOp>(position, last);
  return make<arith::MaxSIOp>(position, zero);
}

//===-- Tensors -----------------------------------------------------------===//

Type NodeLowering::elementType(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

Sizes NodeLowering::sizesOf(Value tensor) {
  return *getSizes(cast<RankedTensorType>(tensor.getType()));
}

Value NodeLowering::empty(ArrayRef<DimExpr> sizes, Type type) {
  SmallVector<Value> dynamic;
  for (const DimExpr &size : sizes)
    if (!size.isConstant())
      dynamic.push_back(index(size));
  return make<tensor::EmptyOp>(getTensorType(sizes, type), dynamic);
}

Value NodeLowering::filled(ArrayRef<DimExpr> sizes, Type type, Value number) {
  return fill(sizes, type, [&](ArrayRef<Value>) { return number; });
}

Value NodeLowering::reshape(Value tensor, ArrayRef<DimExpr> sizes) {
  RankedTensorType type = getTensorType(sizes, elementType(tensor));
  if (type == tensor.getType())
    return tensor;
  return make<ReshapeOp>(type, tensor);
}

Value NodeLowering::position(int64_t d) { return make<linalg::IndexOp>(d); }

/// Between an unsigned type, which tensors have, and the signless one that ops
/// compute with.
static Value changeSign(NodeLowering &lowering, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return UnrealizedConversionCastOp::create(lowering.builder, lowering.loc,
                                            type, value)
      .getResult(0);
}

Value NodeLowering::read(Value tensor, ValueRange indices) {
  Value element = make<tensor::ExtractOp>(tensor, indices);
  return changeSign(*this, element, signless(element.getType()));
}

Value NodeLowering::readChecked(Value tensor, ValueRange indices,
                                ArrayRef<DimExpr> lengths) {
  Value hasElements;
  for (const DimExpr &length : lengths) {
    if ((length - DimExpr(1)).isKnownNonNegative())
      continue;
    Value isPositive =
        compare(arith::CmpIPredicate::sgt, index(length), index(0));
    hasElements =
        hasElements ? make<arith::AndIOp>(hasElements, isPositive) : isPositive;
  }
  if (!hasElements)
    return read(tensor, indices);
  Type type = signless(elementType(tensor));
  auto choice = scf::IfOp::create(builder, loc, type, hasElements,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(builder, loc, read(tensor, indices));
  builder.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(builder, loc, number(type, 0));
  return choice.getResult(0);
}

Value NodeLowering::build(ValueRange inputs, ArrayRef<AffineMap> maps,
                          Value init, ArrayRef<utils::IteratorType> iterators,
                          bool withAccumulator, Body body) {
  auto op = linalg::GenericOp::create(builder, loc, init.getType(), inputs,
                                      init, maps, iterators);
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&op.getRegion());
  SmallVector<Value> scalars;
  for (Value operand : op->getOperands())
    block->addArgument(elementType(operand), loc);
  for (BlockArgument argument : block->getArguments())
    if (withAccumulator || argument.getArgNumber() < inputs.size())
      scalars.push_back(
          changeSign(*this, argument, signless(argument.getType())));
  Value result = changeSign(*this, body(scalars), elementType(init));
  linalg::YieldOp::create(builder, loc, result);
  // Sizes are read once, not for every element.
  for (auto size : llvm::make_early_inc_range(block->getOps<DimOp>()))
    size->moveBefore(op);
  return op.getResult(0);
}

Value NodeLowering::reduce(ValueRange inputs, ArrayRef<AffineMap> maps,
                           Value init, AffineMap initMap,
                           ArrayRef<utils::IteratorType> iterators, Body body) {
  SmallVector<AffineMap> all(maps);
  all.push_back(initMap);
  return build(inputs, all, init, iterators, /*withAccumulator=*/true, body);
}

Value NodeLowering::map(ValueRange inputs, ArrayRef<DimExpr> sizes, Type type,
                        Body body) {
  MLIRContext *context = builder.getContext();
  int64_t rank = sizes.size();
  SmallVector<Value> operands; // with a map
  SmallVector<AffineMap> maps;
  // An input with a size that is 1 or the result's only when the model runs is
  // read by position.
  SmallVector<bool> isOperand;
  SmallVector<SmallVector<Value>> lastPositions(inputs.size());
  for (auto [i, input] : llvm::enumerate(inputs)) {
    Sizes own = sizesOf(input);
    int64_t skip = rank - int64_t(own.size());
    SmallVector<AffineExpr> results;
    bool known = true;
    for (auto [d, size] : llvm::enumerate(own)) {
      const DimExpr &wanted = sizes[skip + d];
      bool isOne = size == DimExpr(1) && wanted != DimExpr(1);
      known &= isOne || size == wanted;
      results.push_back(isOne ? getAffineConstantExpr(0, context)
                              : getAffineDimExpr(skip + d, context));
    }
    isOperand.push_back(known);
    if (known) {
      operands.push_back(input);
      maps.push_back(AffineMap::get(rank, 0, results, context));
      continue;
    }
    for (auto [d, size] : llvm::enumerate(own)) {
      Value actual = index(size);
      Value isOne = compare(arith::CmpIPredicate::eq, actual, index(1));
      Value fits =
          compare(arith::CmpIPredicate::eq, actual, index(sizes[skip + d]));
      Value isWrong = make<arith::XOrIOp>(make<arith::OrIOp>(isOne, fits),
                                          integer(builder.getI1Type(), 1));
      if (size != DimExpr(1) && size != sizes[skip + d])
        failIf(isWrong, "sizes do not broadcast");
      lastPositions[i].push_back(make<arith::SubIOp>(actual, index(1)));
    }
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  return build(
      operands, maps, empty(sizes, type), iterators,
      /*withAccumulator=*/false, [&](ArrayRef<Value> given) {
        SmallVector<Value> scalars;
        for (auto [i, input] : llvm::enumerate(inputs)) {
          if (isOperand[i]) {
            scalars.push_back(given.front());
            given = given.drop_front();
            continue;
          }
          SmallVector<Value> at;
          int64_t skip = rank - int64_t(lastPositions[i].size());
          for (auto [d, last] : llvm::enumerate(lastPositions[i]))
            at.push_back(make<arith::MaxSIOp>(
                make<arith::MinSIOp>(position(skip + d), last), index(0)));
          scalars.push_back(readChecked(input, at, sizesOf(input)));
        }
        return body(scalars);
      });
}

} // namespace qopt::generic

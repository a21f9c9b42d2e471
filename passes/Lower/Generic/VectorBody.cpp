//===- VectorBody.cpp - A loop body computed on several elements ----------===//

#include "passes/Lower/Generic/VectorBody.h"

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace qopt::generic {

static bool isVectorElement(Type type) {
  return type.isIntOrIndexOrFloat() && type.isSignlessIntOrIndexOrFloat();
}

/// Marks what varies in a block and says whether it can be vectorized.
static bool analyze(Block &block, int64_t vectorLoop, DenseSet<Value> &varies) {
  for (Operation &op : block) {
    bool operandVaries = llvm::any_of(
        op.getOperands(), [&](Value value) { return varies.contains(value); });
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      if (int64_t(index.getDim()) == vectorLoop)
        varies.insert(index.getResult());
      continue;
    }
    if (auto branch = dyn_cast<scf::IfOp>(op)) {
      if (operandVaries || branch.getElseRegion().empty() ||
          !llvm::all_of(branch.getResultTypes(), isVectorElement))
        return false;
      for (Region *region : branch.getRegions())
        if (!analyze(region->front(), vectorLoop, varies))
          return false;
      for (Value result : branch.getResults())
        varies.insert(result);
      continue;
    }
    if (isa<linalg::YieldOp, scf::YieldOp, FailIfOp>(op))
      continue;
    if (!operandVaries)
      continue;
    for (Value result : op.getResults())
      varies.insert(result);
    if (isa<memref::LoadOp, UnrealizedConversionCastOp>(op))
      continue;
    if (!OpTrait::hasElementwiseMappableTraits(&op) ||
        !llvm::all_of(op.getResultTypes(), isVectorElement))
      return false;
  }
  return true;
}

bool canVectorizeBody(linalg::GenericOp op, int64_t vectorLoop,
                      ArrayRef<bool> variesArgument) {
  DenseSet<Value> varies;
  for (auto [argument, doesVary] :
       llvm::zip(op.getBody()->getArguments(), variesArgument))
    if (doesVary)
      varies.insert(argument);
  return analyze(*op.getBody(), vectorLoop, varies);
}

Lanes VectorBody::lookup(Value value, Values &values) {
  auto found = values.find(value);
  return found == values.end() ? Lanes::same(value) : found->second;
}

Value VectorBody::asVector(Lanes value) {
  if (value.vector)
    return value.vector;
  Location loc = op.getLoc();
  auto type = VectorType::get(lanes, value.scalar.getType());
  Value vector = vector::BroadcastOp::create(*builder, loc, type, value.scalar);
  if (!value.isLinear)
    return vector;
  Type element = value.scalar.getType();
  SmallVector<Attribute> steps;
  for (unsigned i = 0; i < lanes; ++i)
    steps.push_back(builder->getIntegerAttr(element, i));
  Value step = arith::ConstantOp::create(*builder, loc,
                                         DenseElementsAttr::get(type, steps));
  return arith::AddIOp::create(*builder, loc, vector, step);
}

Lanes VectorBody::emitLoad(Operation *load, Values &values) {
  auto loadOp = cast<memref::LoadOp>(load);
  const FlatBuffer &buffer = loaded.find(loadOp.getMemRef())->second;
  IndexMath math{*builder, op.getLoc()};
  // The place of lane i is `offset` + i * `laneStride` + `more`[i].
  Value offset = math.constant(0), laneStride, more;
  bool isConsecutive = true;
  for (auto [d, index] : llvm::enumerate(loadOp.getIndices())) {
    Lanes place = lookup(index, values);
    Value stride = buffer.strides[d];
    bool isLast = d + 1 == buffer.strides.size() && buffer.isContiguous;
    if (place.scalar)
      offset = math.add(offset, math.mul(place.scalar, stride));
    if (place.isLinear) {
      isConsecutive &= isLast && !laneStride;
      laneStride = laneStride ? math.add(laneStride, stride) : stride;
    }
    if (place.vector) {
      Value scaled = arith::MulIOp::create(*builder, op.getLoc(), place.vector,
                                           asVector(Lanes::same(stride)));
      more = more ? arith::AddIOp::create(*builder, op.getLoc(), more, scaled)
                        .getResult()
                  : scaled;
    }
  }
  if (!laneStride && !more)
    return Lanes::same(buffer.load(math, offset, 0));
  if (!more && isConsecutive)
    return Lanes::each(buffer.load(math, offset, lanes));
  SmallVector<Value> elements;
  for (unsigned i = 0; i < lanes; ++i) {
    Value place = offset;
    if (laneStride)
      place = math.add(place, math.mul(math.constant(i), laneStride));
    if (more)
      place = math.add(
          place, vector::ExtractOp::create(*builder, op.getLoc(), more, i));
    elements.push_back(buffer.load(math, place, 0));
  }
  auto type = VectorType::get(lanes, elements.front().getType());
  return Lanes::each(
      vector::FromElementsOp::create(*builder, op.getLoc(), type, elements));
}

void VectorBody::emitIf(Operation *branch, Values &values) {
  auto old = cast<scf::IfOp>(branch);
  SmallVector<Type> types;
  for (Type type : old.getResultTypes())
    types.push_back(lanes ? VectorType::get(lanes, type) : type);
  auto created = scf::IfOp::create(
      *builder, op.getLoc(), types, lookup(old.getCondition(), values).scalar,
      /*withElseRegion=*/!old.getElseRegion().empty());
  for (auto [from, to] : llvm::zip(old.getRegions(), created.getRegions())) {
    if (from->empty())
      continue;
    OpBuilder::InsertionGuard guard(*builder);
    Block &block = to->front();
    if (types.empty())
      block.getTerminator()->erase();
    builder->setInsertionPointToEnd(&block);
    emitBlock(from->front(), values);
    SmallVector<Value> results;
    for (Value value : from->front().getTerminator()->getOperands())
      results.push_back(leaving(lookup(value, values)));
    scf::YieldOp::create(*builder, op.getLoc(), results);
  }
  for (auto [from, to] : llvm::zip(old.getResults(), created.getResults()))
    values[from] = lanes ? Lanes::each(to) : Lanes::same(to);
}

void VectorBody::emitFailure(Operation *failure, Values &values) {
  auto failIf = cast<FailIfOp>(failure);
  Lanes condition = lookup(failIf.getCondition(), values);
  Value any = condition.isSame()
                  ? condition.scalar
                  : vector::ReductionOp::create(*builder, op.getLoc(),
                                                vector::CombiningKind::OR,
                                                condition.vector)
                        .getResult();
  FailIfOp::create(*builder, failIf.getLoc(), any, failIf.getMessage());
}

void VectorBody::emitElementwise(Operation *scalarOp, Values &values) {
  SmallVector<Lanes> operands;
  for (Value operand : scalarOp->getOperands())
    operands.push_back(lookup(operand, values));
  auto isSame = [](const Lanes &value) { return value.isSame(); };
  auto create = [&](ArrayRef<Value> inputs, bool isVector) {
    OperationState state(op.getLoc(), scalarOp->getName());
    state.addOperands(inputs);
    state.addAttributes(scalarOp->getAttrs());
    for (Type type : scalarOp->getResultTypes())
      state.addTypes(isVector ? VectorType::get(lanes, type) : type);
    return builder->create(state);
  };
  SmallVector<Value> inputs;
  // The first lane of a line tells the others when a line comes out.
  bool isSum = isa<arith::AddIOp>(scalarOp) &&
               (operands[0].isSame() || operands[1].isSame());
  bool isDifference = isa<arith::SubIOp>(scalarOp) && operands[1].isSame();
  bool keepsLine = isSum || isDifference || isa<arith::IndexCastOp>(scalarOp);
  bool hasVector = llvm::any_of(
      operands, [](const Lanes &value) { return bool(value.vector); });
  if (llvm::all_of(operands, isSame) || (keepsLine && !hasVector)) {
    for (const Lanes &value : operands)
      inputs.push_back(value.scalar);
    bool isLinear = !llvm::all_of(operands, isSame);
    Operation *created = create(inputs, /*isVector=*/false);
    for (auto [from, to] :
         llvm::zip(scalarOp->getResults(), created->getResults()))
      values[from] = isLinear ? Lanes::linear(to) : Lanes::same(to);
    return;
  }
  for (const Lanes &value : operands)
    inputs.push_back(asVector(value));
  Operation *created = create(inputs, /*isVector=*/true);
  for (auto [from, to] :
       llvm::zip(scalarOp->getResults(), created->getResults()))
    values[from] = Lanes::each(to);
}

void VectorBody::emitBlock(Block &block, Values &values) {
  for (Operation &inner : block) {
    if (inner.hasTrait<OpTrait::IsTerminator>())
      return;
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      Value position = positions[index.getDim()];
      bool isLinear = lanes && int64_t(index.getDim()) == vectorLoop;
      values[index.getResult()] =
          isLinear ? Lanes::linear(position) : Lanes::same(position);
    } else if (isa<memref::LoadOp>(inner)) {
      values[inner.getResult(0)] = emitLoad(&inner, values);
    } else if (isa<scf::IfOp>(inner)) {
      emitIf(&inner, values);
    } else if (isa<FailIfOp>(inner)) {
      emitFailure(&inner, values);
    } else if (isa<UnrealizedConversionCastOp>(inner)) {
      values[inner.getResult(0)] = lookup(inner.getOperand(0), values);
    } else {
      emitElementwise(&inner, values);
    }
  }
}

SmallVector<Value> VectorBody::emit(OpBuilder &insertion,
                                    ArrayRef<Value> loopPositions,
                                    ArrayRef<Lanes> arguments) {
  builder = &insertion;
  positions = loopPositions;
  Values values;
  for (auto [argument, given] :
       llvm::zip(op.getBody()->getArguments(), arguments))
    values[argument] = given;
  emitBlock(*op.getBody(), values);
  SmallVector<Value> results;
  for (Value value : op.getBody()->getTerminator()->getOperands())
    results.push_back(leaving(lookup(value, values)));
  return results;
}

} // namespace qopt::generic

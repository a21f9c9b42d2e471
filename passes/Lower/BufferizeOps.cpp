//===- BufferizeOps.cpp - Ops on tensors become ops on buffers ------------===//

#include "passes/Lower/FunctionBufferizer.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace qopt {

bool touchesTensors(Operation *op) {
  return llvm::any_of(op->getOperandTypes(), isTensor) ||
         llvm::any_of(op->getResultTypes(), isTensor);
}

FailureOr<Value> FunctionBufferizer::read(Value operand, Operation *op) {
  if (!isTensor(operand.getType()))
    return operand;
  if (Value buffer = buffers.lookup(operand))
    return buffer;
  Operation *source = operand.getDefiningOp();
  return op->emitOpError("cannot be lowered to buffers: an operand is made by ")
         << (source ? source->getName().getStringRef() : "nothing");
}

FailureOr<SmallVector<Value>> FunctionBufferizer::readAll(Operation *op) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    auto value = read(operand, op);
    if (failed(value))
      return failure();
    operands.push_back(*value);
  }
  return operands;
}

FailureOr<Value> FunctionBufferizer::destination(OpOperand &init) {
  Operation *user = init.getOwner();
  if (auto empty = init.get().getDefiningOp<tensor::EmptyOp>())
    return memref::AllocOp::create(builder, user->getLoc(),
                                   bufferType(empty.getType()),
                                   empty.getDynamicSizes())
        .getResult();
  auto source = read(init.get(), user);
  if (failed(source) || buffers.mayOverwrite(init))
    return source;
  auto copy = buffers.allocate(init.get(), user);
  if (succeeded(copy))
    memref::CopyOp::create(builder, user->getLoc(), *source, *copy);
  return copy;
}

LogicalResult
FunctionBufferizer::convertDestinationStyle(DestinationStyleOpInterface op) {
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    bool isInit = op.isDpsInit(&operand) &&
                  isa<RankedTensorType>(operand.get().getType());
    auto value = isInit ? destination(operand) : read(operand.get(), op);
    if (failed(value))
      return failure();
    operands.push_back(*value);
  }
  for (auto [i, result] : llvm::enumerate(op->getResults()))
    buffers.set(result, operands[op.getDpsInitOperand(i)->getOperandNumber()]);
  return convertBody(mlir::clone(builder, op, TypeRange(), operands));
}

/// Bodies may read tensors by position, nothing else.
LogicalResult FunctionBufferizer::convertBody(Operation *op) {
  SmallVector<Operation *> nested;
  op->walk([&](Operation *inner) {
    if (inner != op && touchesTensors(inner))
      nested.push_back(inner);
  });
  OpBuilder::InsertionGuard guard(builder);
  for (Operation *inner : nested) {
    auto extract = dyn_cast<tensor::ExtractOp>(inner);
    if (!extract)
      return inner->emitOpError("cannot be lowered to buffers");
    builder.setInsertionPoint(extract);
    if (failed(convertExtract(extract)))
      return failure();
    extract.erase();
  }
  return success();
}

LogicalResult FunctionBufferizer::convertReshape(ReshapeOp op) {
  if (failed(read(op.getInput(), op)))
    return failure();
  auto view = buffers.view(op);
  if (failed(view))
    return failure();
  buffers.set(op.getResult(), *view);
  return success();
}

/// A constant tensor is a global that the code carries.
LogicalResult FunctionBufferizer::convertConstant(arith::ConstantOp op) {
  auto value = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!value)
    return op.emitOpError("cannot be lowered to buffers");
  MemRefType type = bufferType(op.getType());
  auto module = function->getParentOfType<ModuleOp>();
  OpBuilder top(module.getBodyRegion());
  auto plain = value.reshape(
      RankedTensorType::get(type.getShape(), type.getElementType()));
  auto global = memref::GlobalOp::create(
      top, op.getLoc(), "constant", top.getStringAttr("private"), type, plain,
      /*constant=*/true, /*alignment=*/nullptr);
  symbols.insert(global);
  buffers.set(op.getResult(),
              memref::GetGlobalOp::create(builder, op.getLoc(), type,
                                          global.getSymName()));
  return success();
}

LogicalResult FunctionBufferizer::convertElements(tensor::FromElementsOp op) {
  MemRefType type = bufferType(op.getType());
  Value buffer = memref::AllocOp::create(builder, op.getLoc(), type);
  SmallVector<int64_t> position(type.getRank(), 0);
  for (Value element : op.getElements()) {
    SmallVector<Value> indices;
    for (int64_t i : position)
      indices.push_back(
          arith::ConstantIndexOp::create(builder, op.getLoc(), i));
    memref::StoreOp::create(builder, op.getLoc(), element, buffer, indices);
    for (int64_t i = type.getRank() - 1; i >= 0; --i) {
      if (++position[i] < type.getDimSize(i))
        break;
      position[i] = 0;
    }
  }
  buffers.set(op.getResult(), buffer);
  return success();
}

LogicalResult FunctionBufferizer::convertExtract(tensor::ExtractOp op) {
  auto buffer = read(op.getTensor(), op);
  if (failed(buffer))
    return failure();
  op.getResult().replaceAllUsesWith(
      memref::LoadOp::create(builder, op.getLoc(), *buffer, op.getIndices()));
  return success();
}

/// Bytes of codes do not say what they are.
template <typename OpType> static void setWeightType(OpType op, Value weight) {
  if (auto type = dyn_cast<QTensorType>(weight.getType()))
    op.setWeightType(type);
}

FailureOr<SmallVector<Value>>
FunctionBufferizer::allocateResults(Operation *op) {
  SmallVector<Value> outs;
  for (Value result : op->getResults()) {
    auto out = buffers.allocate(result, op);
    if (failed(out))
      return failure();
    outs.push_back(*out);
    buffers.set(result, *out);
  }
  return outs;
}

LogicalResult FunctionBufferizer::convertQuantize(QuantizeOp op) {
  auto operands = readAll(op);
  if (failed(operands))
    return failure();
  if (!op.getCodes()) // it has buffers already
    return convertBody(mlir::clone(builder, op, TypeRange(), *operands));
  auto outs = allocateResults(op);
  if (failed(outs))
    return failure();
  QuantizeOp::create(builder, op.getLoc(), Type(), Type(), Type(),
                     (*operands)[0], (*outs)[0], (*outs)[1], (*outs)[2],
                     op.getBlock(), op.getPerToken(), op.getUnsignedMany());
  return success();
}

LogicalResult FunctionBufferizer::convertCandidates(CandidatesOp op) {
  auto operands = readAll(op);
  if (failed(operands))
    return failure();
  if (op.getBest().empty()) // it has buffers already
    return convertBody(mlir::clone(builder, op, TypeRange(), *operands));
  auto outs = allocateResults(op);
  if (failed(outs))
    return failure();
  auto values = cast<RankedTensorType>(op.getBest()[0].getType());
  SmallVector<int64_t> shape(values.getShape());
  auto sizes = *getSizes(values); // it was allocated
  shape.back() = CandidatesOp::lockSize;
  SmallVector<Value> dynamic;
  for (auto [size, expression] : llvm::zip(shape, sizes))
    if (ShapedType::isDynamic(size))
      dynamic.push_back(materialize(builder, op.getLoc(), expression));
  outs->push_back(memref::AllocOp::create(
      builder, op.getLoc(), MemRefType::get(shape, builder.getI32Type()),
      dynamic));
  CandidatesOp::create(builder, op.getLoc(), TypeRange(), operands->front(),
                       *outs);
  return success();
}

void FunctionBufferizer::allocateParts(AttentionOp op,
                                       RankedTensorType result) {
  MemRefType type = op.getPartsType();
  if (!type)
    return;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(materialize(builder, op.getLoc(), (*getSizes(result))[0]));
  op.getPartsMutable().assign(
      memref::AllocOp::create(builder, op.getLoc(), type, sizes));
}

template <typename OpType>
LogicalResult FunctionBufferizer::convertCompute(OpType op) {
  auto operands = readAll(op);
  if (failed(operands))
    return failure();
  if (!op.getResult()) // it has a buffer already
    return convertBody(mlir::clone(builder, op, TypeRange(), *operands));
  auto out = buffers.allocate(op.getResult(), op);
  if (failed(out))
    return failure();
  auto converted =
      cast<OpType>(mlir::clone(builder, op, TypeRange(), *operands));
  converted.getOutMutable().assign(*out);
  if constexpr (std::is_same_v<OpType, MatmulOp>)
    setWeightType(converted, op.getWeight());
  if constexpr (std::is_same_v<OpType, EmbeddingOp>)
    setWeightType(converted, op.getTable());
  if constexpr (std::is_same_v<OpType, AttentionOp>)
    allocateParts(converted, cast<RankedTensorType>(op.getResult().getType()));
  buffers.set(op.getResult(), *out);
  return convertBody(converted);
}

/// Somebody reads the tensor, whatever is in it: nothing, when it is empty.
static bool isRead(tensor::EmptyOp empty) {
  return llvm::any_of(empty->getUses(), [](OpOperand &use) {
    auto op = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
    return !op || !op.isDpsInit(&use);
  });
}

LogicalResult FunctionBufferizer::convertTensors(Operation *op) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](tensor::EmptyOp empty) {
        if (isRead(empty))
          buffers.set(empty.getResult(),
                      memref::AllocOp::create(builder, op->getLoc(),
                                              bufferType(empty.getType()),
                                              empty.getDynamicSizes()));
        return success();
      })
      .Case([&](ReshapeOp reshape) { return convertReshape(reshape); })
      .Case(
          [&](arith::ConstantOp constant) { return convertConstant(constant); })
      .Case([&](tensor::FromElementsOp elements) {
        return convertElements(elements);
      })
      .Case([&](GetWeightOp weight) {
        buffers.set(
            weight.getResult(),
            GetWeightOp::create(builder, op->getLoc(),
                                bufferType(weight.getResult().getType()),
                                weight.getWeight()));
        return success();
      })
      .Case([&](tensor::ExtractOp extract) { return convertExtract(extract); })
      .Case<EmbeddingOp, MatmulOp, RMSNormOp, LayerNormOp, RotaryTableOp,
            RotaryOp, AttentionOp, SiluOp, GeluOp, RoundOp>(
          [&](auto compute) { return convertCompute(compute); })
      .Case([&](QuantizeOp quantize) { return convertQuantize(quantize); })
      .Case([&](CandidatesOp op) { return convertCandidates(op); })
      .Case([&](DestinationStyleOpInterface destinationStyle) {
        return convertDestinationStyle(destinationStyle);
      })
      .Default([](Operation *op) {
        return op->emitOpError("cannot be lowered to buffers");
      });
}

} // namespace qopt

//===- Bufferize.cpp - Tensors become buffers -----------------------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "passes/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_BUFFERIZE
#include "passes/Passes.h.inc"

namespace {

MemRefType bufferType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

/// Bufferizes one function. Its body is one block of ops that either have
/// destinations, are views, or make a value; so every tensor is one buffer and
/// no analysis of conflicts is needed: a destination with another reader is
/// copied.
class FunctionBufferizer {
public:
  FunctionBufferizer(func::FuncOp function, SymbolTable &symbols)
      : function(function), symbols(symbols), builder(function.getContext()) {}

  LogicalResult run();

private:
  LogicalResult convert(Operation *op);
  LogicalResult convertCall(func::CallOp call);
  LogicalResult convertReturn(func::ReturnOp op);
  void convertSignature();
  void convertReshape(ReshapeOp op);
  void convertConstant(arith::ConstantOp op);
  void convertElements(tensor::FromElementsOp op);
  LogicalResult convertDestinationStyle(DestinationStyleOpInterface op);
  Value destination(Value init, Operation *user);
  FailureOr<SmallVector<Value>> dynamicSizes(RankedTensorType type,
                                             Operation *op);
  FailureOr<Value> allocate(Value tensor, Operation *op);
  Value lookup(Value tensor) { return buffers.lookup(tensor); }

  func::FuncOp function;
  SymbolTable &symbols;
  OpBuilder builder;
  DenseMap<Value, Value> buffers;
  SmallVector<Operation *> dead;
  SmallVector<Value> outs; ///< arguments that take the results
};

void FunctionBufferizer::convertSignature() {
  Block &entry = function.front();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  for (BlockArgument argument : entry.getArguments())
    if (isa<RankedTensorType>(argument.getType())) {
      Type tensor = argument.getType();
      argument.setType(bufferType(tensor));
      // Every use is converted below, so the cast never stays.
      buffers[argument] = argument;
    }
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    types.push_back(entry.getArgument(i).getType());
    attributes.push_back(function.getArgAttrDict(i));
  }
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    outs.push_back(entry.addArgument(bufferType(type), function.getLoc()));
    types.push_back(outs.back().getType());
    NamedAttrList list(function.getResultAttrDict(i));
    list.set("qopt.output", builder.getUnitAttr());
    attributes.push_back(list.getDictionary(function.getContext()));
  }
  function.setType(FunctionType::get(function.getContext(), types, {}));
  function.setAllArgAttrs(attributes);
}

FailureOr<SmallVector<Value>>
FunctionBufferizer::dynamicSizes(RankedTensorType type, Operation *op) {
  auto sizes = getSizes(type);
  if (!sizes)
    return op->emitOpError("cannot be lowered to buffers: the sizes of ")
           << type << " are not known expressions";
  SmallVector<Value> values;
  for (auto [i, size] : llvm::enumerate(*sizes))
    if (type.isDynamicDim(i))
      values.push_back(materialize(builder, op->getLoc(), size));
  return values;
}

FailureOr<Value> FunctionBufferizer::allocate(Value tensor, Operation *op) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto sizes = dynamicSizes(type, op);
  if (failed(sizes))
    return failure();
  return memref::AllocOp::create(builder, op->getLoc(), bufferType(type),
                                 *sizes)
      .getResult();
}

Value FunctionBufferizer::destination(Value init, Operation *user) {
  auto empty = init.getDefiningOp<tensor::EmptyOp>();
  if (!empty && init.hasOneUse() && lookup(init))
    return lookup(init);
  Value buffer;
  if (empty) {
    buffer = memref::AllocOp::create(builder, user->getLoc(),
                                     bufferType(init.getType()),
                                     empty.getDynamicSizes());
  } else {
    auto allocated = allocate(init, user);
    if (failed(allocated))
      return nullptr;
    buffer = *allocated;
    memref::CopyOp::create(builder, user->getLoc(), lookup(init), buffer);
  }
  return buffer;
}

LogicalResult
FunctionBufferizer::convertDestinationStyle(DestinationStyleOpInterface op) {
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    if (!isa<RankedTensorType>(value.getType()))
      operands.push_back(value);
    else if (op.isDpsInit(&operand))
      operands.push_back(destination(value, op));
    else
      operands.push_back(lookup(value));
    if (!operands.back())
      return op->emitOpError(
                 "cannot be lowered to buffers: an operand is made by ")
             << (value.getDefiningOp()
                     ? value.getDefiningOp()->getName().getStringRef()
                     : "nothing");
  }
  for (auto [i, result] : llvm::enumerate(op->getResults()))
    buffers[result] = operands[op.getDpsInitOperand(i)->getOperandNumber()];
  // Bodies may read tensors by position.
  OpBuilder::InsertionGuard guard(builder);
  mlir::clone(builder, op, TypeRange(), operands)
      ->walk([&](tensor::ExtractOp extract) {
        builder.setInsertionPoint(extract);
        Value loaded = memref::LoadOp::create(builder, extract.getLoc(),
                                              lookup(extract.getTensor()),
                                              extract.getIndices());
        extract.getResult().replaceAllUsesWith(loaded);
        extract.erase();
      });
  return success();
}

void FunctionBufferizer::convertReshape(ReshapeOp op) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  SmallVector<OpFoldResult> sizes, strides(type.getRank());
  auto expressions = *getSizes(type);
  for (const DimExpr &size : expressions)
    sizes.push_back(
        size.isConstant()
            ? OpFoldResult(builder.getIndexAttr(*size.constant()))
            : OpFoldResult(materialize(builder, op.getLoc(), size)));
  DimExpr stride(1);
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    strides[i] = stride.isConstant()
                     ? OpFoldResult(builder.getIndexAttr(*stride.constant()))
                     : OpFoldResult(materialize(builder, op.getLoc(), stride));
    stride = stride * expressions[i];
  }
  buffers[op.getResult()] = memref::ReinterpretCastOp::create(
      builder, op.getLoc(), bufferType(type), lookup(op.getInput()),
      builder.getIndexAttr(0), sizes, strides);
}

/// A constant tensor is a global that the code carries.
void FunctionBufferizer::convertConstant(arith::ConstantOp op) {
  auto value = cast<ElementsAttr>(op.getValue());
  MemRefType type = bufferType(op.getType());
  auto module = function->getParentOfType<ModuleOp>();
  OpBuilder top(module.getBodyRegion());
  auto plain = cast<DenseElementsAttr>(value).reshape(
      RankedTensorType::get(type.getShape(), type.getElementType()));
  auto global = memref::GlobalOp::create(
      top, op.getLoc(), "constant", top.getStringAttr("private"), type, plain,
      /*constant=*/true, /*alignment=*/nullptr);
  symbols.insert(global);
  buffers[op.getResult()] = memref::GetGlobalOp::create(
      builder, op.getLoc(), type, global.getSymName());
}

void FunctionBufferizer::convertElements(tensor::FromElementsOp op) {
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
  buffers[op.getResult()] = buffer;
}

LogicalResult FunctionBufferizer::convertCall(func::CallOp call) {
  SmallVector<Value> operands;
  for (Value operand : call.getOperands())
    operands.push_back(
        isa<RankedTensorType>(operand.getType()) ? lookup(operand) : operand);
  for (Value result : call.getResults()) {
    auto buffer = allocate(result, call);
    if (failed(buffer))
      return failure();
    buffers[result] = *buffer;
    operands.push_back(*buffer);
  }
  func::CallOp::create(builder, call.getLoc(), call.getCallee(), TypeRange(),
                       operands);
  return success();
}

/// The buffer of a result is the caller's, where it is an allocation of its
/// own.
LogicalResult FunctionBufferizer::convertReturn(func::ReturnOp op) {
  for (auto [value, out] : llvm::zip(op.getOperands(), outs)) {
    Value buffer = lookup(value), root = buffer;
    if (!buffer)
      return op.emitOpError(
          "cannot be lowered to buffers: no buffer for a result");
    if (auto view = root.getDefiningOp<memref::ReinterpretCastOp>())
      root = view.getSource();
    auto alloc = root.getDefiningOp<memref::AllocOp>();
    if (!alloc) {
      memref::CopyOp::create(builder, op.getLoc(), buffer, out);
      continue;
    }
    Value replacement = out;
    if (root != buffer) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(alloc);
      auto type = alloc.getType();
      SmallVector<OpFoldResult> sizes, strides(type.getRank());
      unsigned dynamic = 0;
      for (int64_t size : type.getShape())
        sizes.push_back(ShapedType::isDynamic(size)
                            ? OpFoldResult(alloc.getDynamicSizes()[dynamic++])
                            : OpFoldResult(builder.getIndexAttr(size)));
      Value stride = arith::ConstantIndexOp::create(builder, op.getLoc(), 1);
      bool isStatic = true;
      int64_t staticStride = 1;
      for (int64_t i = type.getRank() - 1; i >= 0; --i) {
        strides[i] = isStatic ? OpFoldResult(builder.getIndexAttr(staticStride))
                              : OpFoldResult(stride);
        isStatic &= !type.isDynamicDim(i);
        staticStride *= isStatic ? type.getDimSize(i) : 1;
        Value size =
            getValueOrCreateConstantIndexOp(builder, op.getLoc(), sizes[i]);
        stride = arith::MulIOp::create(builder, op.getLoc(), stride, size);
      }
      replacement = memref::ReinterpretCastOp::create(
          builder, op.getLoc(), type, out, builder.getIndexAttr(0), sizes,
          strides);
    }
    alloc.getResult().replaceAllUsesWith(replacement);
    for (auto &entry : buffers)
      if (entry.second == alloc.getResult())
        entry.second = replacement;
    alloc.erase();
  }
  func::ReturnOp::create(builder, op.getLoc());
  return success();
}

/// Somebody reads the tensor, whatever is in it: nothing, when it is empty.
static bool isRead(tensor::EmptyOp empty) {
  return llvm::any_of(empty->getUses(), [](OpOperand &use) {
    auto op = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
    return !op || !op.isDpsInit(&use);
  });
}

LogicalResult FunctionBufferizer::convert(Operation *op) {
  builder.setInsertionPoint(op);
  if (auto call = dyn_cast<func::CallOp>(op)) {
    dead.push_back(op);
    return convertCall(call);
  }
  if (auto terminator = dyn_cast<func::ReturnOp>(op)) {
    dead.push_back(op);
    return convertReturn(terminator);
  }
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  // A loop without operands may still read tensors by position.
  if (!llvm::any_of(op->getOperandTypes(), isTensor) &&
      !llvm::any_of(op->getResultTypes(), isTensor) &&
      !isa<linalg::LinalgOp>(op))
    return success();
  dead.push_back(op);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](tensor::EmptyOp empty) {
        if (isRead(empty))
          buffers[empty.getResult()] = memref::AllocOp::create(
              builder, op->getLoc(), bufferType(empty.getType()),
              empty.getDynamicSizes());
        return success();
      })
      .Case(
          [&](ReshapeOp reshape) { return convertReshape(reshape), success(); })
      .Case([&](arith::ConstantOp constant) {
        return convertConstant(constant), success();
      })
      .Case([&](tensor::FromElementsOp elements) {
        return convertElements(elements), success();
      })
      .Case([&](GetWeightOp weight) {
        buffers[weight.getResult()] = GetWeightOp::create(
            builder, op->getLoc(), bufferType(weight.getResult().getType()),
            weight.getWeight());
        return success();
      })
      .Case([&](tensor::ExtractOp extract) {
        Value loaded = memref::LoadOp::create(builder, op->getLoc(),
                                              lookup(extract.getTensor()),
                                              extract.getIndices());
        extract.getResult().replaceAllUsesWith(loaded);
        return success();
      })
      .Case<EmbeddingOp, MatmulOp, RMSNormOp, LayerNormOp, RotaryTableOp,
            RotaryOp, AttentionOp, SiluOp, GeluOp>([&](auto compute) {
        SmallVector<Value> operands;
        for (Value operand : op->getOperands())
          operands.push_back(isa<RankedTensorType>(operand.getType())
                                 ? lookup(operand)
                                 : operand);
        auto out = allocate(compute.getResult(), op);
        if (failed(out))
          return LogicalResult(failure());
        auto converted = cast<decltype(compute)>(
            mlir::clone(builder, op, TypeRange(), operands));
        converted.getOutMutable().assign(*out);
        buffers[compute.getResult()] = *out;
        return LogicalResult(success());
      })
      .Case([&](DestinationStyleOpInterface destinationStyle) {
        return convertDestinationStyle(destinationStyle);
      })
      .Default([](Operation *op) {
        return op->emitOpError("cannot be lowered to buffers");
      });
}

LogicalResult FunctionBufferizer::run() {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitOpError("expects one block");
  convertSignature();
  for (Operation &op :
       llvm::make_early_inc_range(function.front().getOperations()))
    if (failed(convert(&op)))
      return failure();
  for (Operation *op : llvm::reverse(dead)) {
    op->dropAllUses();
    op->erase();
  }
  return success();
}

struct Bufferize final : impl::BufferizeBase<Bufferize> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (failed(FunctionBufferizer(function, symbols).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace qopt

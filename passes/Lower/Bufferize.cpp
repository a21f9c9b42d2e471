//===- Bufferize.cpp - Tensors become buffers -----------------------------===//

#include "passes/Lower/FunctionBufferizer.h"
#include "passes/Passes.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_BUFFERIZE
#include "passes/Passes.h.inc"

/// Tensors are read from buffers at their place, results that are tensors are
/// arguments at the end.
LogicalResult FunctionBufferizer::convertSignature() {
  for (Type type : llvm::concat<const Type>(function.getArgumentTypes(),
                                            function.getResultTypes()))
    if (isa<TensorType>(type) && !isa<RankedTensorType>(type))
      return function.emitOpError("expects ranked tensors, but got ") << type;
  Block &entry = function.front();
  SmallVector<Type> types, scalars;
  SmallVector<DictionaryAttr> attributes, attributesOfScalars;
  for (auto [i, argument] :
       llvm::enumerate(llvm::to_vector(entry.getArguments()))) {
    attributes.push_back(function.getArgAttrDict(i));
    types.push_back(argument.getType());
    if (!isTensor(argument.getType()))
      continue;
    types.back() = bufferType(argument.getType());
    buffers.set(argument,
                entry.insertArgument(argument.getArgNumber(), types.back(),
                                     argument.getLoc()));
    deadArguments.push_back(argument);
  }
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    if (!isa<RankedTensorType>(type)) {
      outs.push_back(nullptr);
      scalars.push_back(type);
      attributesOfScalars.push_back(function.getResultAttrDict(i));
      continue;
    }
    outs.push_back(entry.addArgument(bufferType(type), function.getLoc()));
    types.push_back(outs.back().getType());
    NamedAttrList list(function.getResultAttrDict(i));
    list.set("qopt.output", builder.getUnitAttr());
    attributes.push_back(list.getDictionary(function.getContext()));
  }
  function.setType(FunctionType::get(function.getContext(), types, scalars));
  function.setAllArgAttrs(attributes);
  function.setAllResultAttrs(attributesOfScalars);
  return success();
}

LogicalResult FunctionBufferizer::convertCall(func::CallOp call) {
  auto operands = readAll(call);
  if (failed(operands))
    return failure();
  SmallVector<Value> scalars;
  for (Value result : call.getResults()) {
    if (!isa<TensorType>(result.getType())) {
      scalars.push_back(result);
      continue;
    }
    auto buffer = buffers.allocate(result, call);
    if (failed(buffer))
      return failure();
    buffers.set(result, *buffer);
    operands->push_back(*buffer);
  }
  auto converted =
      func::CallOp::create(builder, call.getLoc(), call.getCallee(),
                           ValueRange(scalars).getTypes(), *operands);
  for (auto [old, result] : llvm::zip(scalars, converted.getResults()))
    old.replaceAllUsesWith(result);
  return success();
}

/// The buffer of a result is the caller's, where it is an allocation of its
/// own.
LogicalResult FunctionBufferizer::convertReturn(func::ReturnOp op) {
  SmallVector<Value> scalars;
  for (auto [value, out] : llvm::zip(op.getOperands(), outs)) {
    auto buffer = read(value, op);
    if (failed(buffer))
      return failure();
    if (!out)
      scalars.push_back(*buffer);
    else if (!buffers.moveTo(value, out))
      memref::CopyOp::create(builder, op.getLoc(), *buffer, out);
  }
  func::ReturnOp::create(builder, op.getLoc(), scalars);
  return success();
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
  if (!touchesTensors(op))
    return convertBody(op);
  dead.push_back(op);
  return convertTensors(op);
}

LogicalResult FunctionBufferizer::run() {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitOpError("expects one block");
  if (failed(convertSignature()))
    return failure();
  for (Operation &op :
       llvm::make_early_inc_range(function.front().getOperations()))
    if (failed(convert(&op)))
      return failure();
  for (Operation *op : llvm::reverse(dead)) {
    op->dropAllUses();
    op->erase();
  }
  for (BlockArgument argument : deadArguments)
    function.front().eraseArgument(argument.getArgNumber());
  return success();
}

namespace {

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

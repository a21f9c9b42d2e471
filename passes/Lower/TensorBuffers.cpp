//===- TensorBuffers.cpp - The buffers that tensors lie in ----------------===//

#include "passes/Lower/TensorBuffers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;

namespace qopt {

MemRefType bufferType(Type type) {
  if (auto codes = dyn_cast<QTensorType>(type))
    return codes.getBufferType();
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

/// What the buffer is a view of.
static Value rootOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<memref::ReinterpretCastOp>())
    buffer = view.getSource();
  return buffer;
}

static FailureOr<SmallVector<DimExpr>> sizesOf(Type type, Operation *op) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  auto sizes = ranked ? getSizes(ranked) : std::nullopt;
  if (!sizes)
    return op->emitOpError("cannot be lowered to buffers: the sizes of ")
           << type << " are not known expressions";
  return *sizes;
}

void TensorBuffers::set(Value tensor, Value buffer) {
  buffers[tensor] = buffer;
  tensorsIn[rootOf(buffer)].push_back(tensor);
}

FailureOr<Value> TensorBuffers::allocate(Value tensor, Operation *op) {
  auto sizes = sizesOf(tensor.getType(), op);
  if (failed(sizes))
    return failure();
  SmallVector<Value> dynamic;
  for (auto [i, size] : llvm::enumerate(*sizes))
    if (cast<RankedTensorType>(tensor.getType()).isDynamicDim(i))
      dynamic.push_back(materialize(builder, op->getLoc(), size));
  return memref::AllocOp::create(builder, op->getLoc(),
                                 bufferType(tensor.getType()), dynamic)
      .getResult();
}

FailureOr<Value> TensorBuffers::view(ReshapeOp op) {
  Type type = op.getResult().getType();
  auto expressions = sizesOf(type, op);
  if (failed(expressions))
    return failure();
  auto value = [&](const DimExpr &size) {
    return size.isConstant()
               ? OpFoldResult(builder.getIndexAttr(*size.constant()))
               : OpFoldResult(materialize(builder, op.getLoc(), size));
  };
  SmallVector<OpFoldResult> sizes, strides(expressions->size());
  for (const DimExpr &size : *expressions)
    sizes.push_back(value(size));
  DimExpr stride(1);
  for (size_t i = expressions->size(); i-- > 0;) {
    strides[i] = value(stride);
    stride = stride * (*expressions)[i];
  }
  return memref::ReinterpretCastOp::create(
             builder, op.getLoc(), bufferType(type), lookup(op.getInput()),
             builder.getIndexAttr(0), sizes, strides)
      .getResult();
}

bool TensorBuffers::mayOverwrite(OpOperand &init) const {
  Operation *op = init.getOwner();
  Value root = rootOf(lookup(init.get()));
  if (!root.getDefiningOp<memref::AllocOp>())
    return false;
  for (Value tensor : tensorsIn.lookup(root))
    for (OpOperand &use : tensor.getUses()) {
      Operation *user = op->getBlock()->findAncestorOpInBlock(*use.getOwner());
      if (&use != &init && (user == op || op->isBeforeInBlock(user)))
        return false;
    }
  return true;
}

/// `out` with the sizes of the allocation, at its place.
Value TensorBuffers::castBack(memref::AllocOp alloc, Value out) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(alloc);
  Location loc = alloc.getLoc();
  MemRefType type = alloc.getType();
  SmallVector<OpFoldResult> sizes = alloc.getMixedSizes(),
                            strides(type.getRank());
  Value stride = arith::ConstantIndexOp::create(builder, loc, 1);
  bool isStatic = true;
  int64_t staticStride = 1;
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    strides[i] = isStatic ? OpFoldResult(builder.getIndexAttr(staticStride))
                          : OpFoldResult(stride);
    isStatic &= !type.isDynamicDim(i);
    staticStride *= isStatic ? type.getDimSize(i) : 1;
    stride = arith::MulIOp::create(
        builder, loc, stride,
        getValueOrCreateConstantIndexOp(builder, loc, sizes[i]));
  }
  return memref::ReinterpretCastOp::create(
      builder, loc, type, out, builder.getIndexAttr(0), sizes, strides);
}

bool TensorBuffers::moveTo(Value tensor, Value out) {
  Value buffer = lookup(tensor), root = rootOf(buffer);
  auto alloc = root.getDefiningOp<memref::AllocOp>();
  if (!alloc)
    return false;
  Value replacement = root == buffer ? out : castBack(alloc, out);
  root.replaceAllUsesWith(replacement);
  for (Value moved : tensorsIn.lookup(root))
    if (buffers[moved] == root)
      buffers[moved] = replacement;
  tensorsIn.erase(root);
  alloc.erase();
  return true;
}

} // namespace qopt

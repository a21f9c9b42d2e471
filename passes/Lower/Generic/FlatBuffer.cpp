//===- FlatBuffer.cpp - A buffer seen as one line of elements -------------===//

#include "passes/Lower/Generic/FlatBuffer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace qopt::generic {

Value IndexMath::constant(int64_t value) const {
  return arith::ConstantIndexOp::create(builder, loc, value);
}
Value IndexMath::add(Value a, Value b) const {
  return builder.createOrFold<arith::AddIOp>(loc, a, b);
}
Value IndexMath::sub(Value a, Value b) const {
  return builder.createOrFold<arith::SubIOp>(loc, a, b);
}
Value IndexMath::mul(Value a, Value b) const {
  return builder.createOrFold<arith::MulIOp>(loc, a, b);
}
Value IndexMath::div(Value a, Value b) const {
  return builder.createOrFold<arith::DivUIOp>(loc, a, b);
}
Value IndexMath::rem(Value a, Value b) const {
  return builder.createOrFold<arith::RemUIOp>(loc, a, b);
}
Value IndexMath::ceilDiv(Value a, Value b) const {
  return div(add(a, sub(b, constant(1))), b);
}
Value IndexMath::min(Value a, Value b) const {
  return builder.createOrFold<arith::MinSIOp>(loc, a, b);
}
Value IndexMath::max(Value a, Value b) const {
  return builder.createOrFold<arith::MaxSIOp>(loc, a, b);
}
Value IndexMath::product(ValueRange values) const {
  Value result = constant(1);
  for (Value value : values)
    result = mul(result, value);
  return result;
}

Value sizeOf(const IndexMath &math, Value memref, int64_t d) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(d))
    return math.constant(type.getDimSize(d));
  return math.builder.createOrFold<memref::DimOp>(math.loc, memref, d);
}

Type FlatBuffer::storageType() const {
  return cast<MemRefType>(line.getType()).getElementType();
}

FlatBuffer FlatBuffer::get(const IndexMath &math, Value memref) {
  OpBuilder &builder = math.builder;
  auto type = cast<MemRefType>(memref.getType());
  FlatBuffer flat;
  flat.elementType = type.getElementType();
  flat.isContiguous = type.getLayout().isIdentity();
  Value source = memref, size;
  if (flat.isContiguous) {
    flat.strides.resize(type.getRank());
    size = math.constant(1);
    for (int64_t d = type.getRank() - 1; d >= 0; --d) {
      flat.strides[d] = size;
      size = math.mul(size, sizeOf(math, memref, d));
    }
  } else {
    auto metadata =
        memref::ExtractStridedMetadataOp::create(builder, math.loc, memref);
    source = metadata.getBaseBuffer();
    flat.begin = metadata.getOffset();
    flat.strides.assign(metadata.getStrides().begin(),
                        metadata.getStrides().end());
    auto [strides, offset] = type.getStridesAndOffset();
    for (auto [d, stride] : llvm::enumerate(strides))
      if (!ShapedType::isDynamic(stride))
        flat.strides[d] = math.constant(stride);
    size = math.constant(int64_t(1) << 48); // never read
  }
  auto lineType =
      MemRefType::get({ShapedType::kDynamic}, type.getElementType());
  flat.line = memref::ReinterpretCastOp::create(
      builder, math.loc, lineType, source, builder.getIndexAttr(0),
      ArrayRef<OpFoldResult>{size},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
  // Types that loads, vectors and arithmetic do not know; same bytes.
  Type storage = type.getElementType();
  if (auto integer = dyn_cast<IntegerType>(storage))
    storage = builder.getIntegerType(std::max(8u, integer.getWidth()));
  if (storage != type.getElementType())
    flat.line = UnrealizedConversionCastOp::create(
                    builder, math.loc,
                    MemRefType::get({ShapedType::kDynamic}, storage), flat.line)
                    .getResult(0);
  return flat;
}

Value FlatBuffer::load(const IndexMath &math, Value offset,
                       unsigned lanes) const {
  OpBuilder &builder = math.builder;
  if (begin)
    offset = math.add(offset, begin);
  Type type = storageType();
  Value value;
  if (lanes) {
    type = VectorType::get(lanes, type);
    value = vector::LoadOp::create(builder, math.loc, cast<VectorType>(type),
                                   line, offset);
  } else {
    value = memref::LoadOp::create(builder, math.loc, line, offset);
  }
  if (!isBoolean())
    return value;
  Value zero =
      arith::ConstantOp::create(builder, math.loc, builder.getZeroAttr(type));
  return arith::CmpIOp::create(builder, math.loc, arith::CmpIPredicate::ne,
                               value, zero);
}

void FlatBuffer::store(const IndexMath &math, Value value, Value offset) const {
  OpBuilder &builder = math.builder;
  if (begin)
    offset = math.add(offset, begin);
  auto vectorType = dyn_cast<VectorType>(value.getType());
  if (isBoolean()) {
    Type type = storageType();
    if (vectorType)
      type = vectorType.clone(type);
    value = arith::ExtUIOp::create(builder, math.loc, type, value);
  }
  if (vectorType)
    vector::StoreOp::create(builder, math.loc, value, line, offset);
  else
    memref::StoreOp::create(builder, math.loc, value, line, offset);
}

} // namespace qopt::generic

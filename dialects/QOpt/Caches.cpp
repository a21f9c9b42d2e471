//===- Caches.cpp - Types of key/value caches -----------------------------===//

#include "dialects/QOpt/QOpt.h"

using namespace mlir;
using namespace qopt;

Type CacheOp::getElementType() {
  return getStorage().value_or(Float32Type::get(getContext()));
}

/// Bytes of a key or value of `size` elements; behind codes is their scale.
static int64_t vectorBytes(Type element, int64_t size) {
  int64_t bytes = size * element.getIntOrFloatBitWidth() / 8;
  return element.isInteger() ? bytes + int64_t(sizeof(float)) : bytes;
}

static MemRefType bufferType(CacheOp cache, int64_t rows, int64_t columns,
                             int64_t size) {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  Type element = cache.getElementType();
  SmallVector<int64_t> shape = {dynamic, int64_t(cache.getHeads()), dynamic,
                                rows, columns};
  if (element.isInteger()) {
    shape.pop_back();
    shape.back() = panelColumns * vectorBytes(element, size);
  }
  return MemRefType::get(shape, element);
}

MemRefType CacheOp::getKeyType() {
  return bufferType(*this, getKeyDim(), panelColumns, getKeyDim());
}

MemRefType CacheOp::getValueType() {
  return bufferType(*this, panelColumns, getValueDim(), getValueDim());
}

int64_t CacheOp::getStepBytes() {
  return int64_t(getHeads()) * (vectorBytes(getElementType(), getKeyDim()) +
                                vectorBytes(getElementType(), getValueDim()));
}

LogicalResult GetCacheOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto cache = symbols.lookupNearestSymbolFrom<CacheOp>(*this, getCacheAttr());
  if (!cache)
    return emitOpError("expects a qopt.cache, but got ") << getCacheAttr();
  if (getKey().getType() != cache.getKeyType() ||
      getValue().getType() != cache.getValueType())
    return emitOpError("expects buffers of types ")
           << cache.getKeyType() << " and " << cache.getValueType();
  return success();
}

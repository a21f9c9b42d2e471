//===- Caches.cpp - Memory that attention reads and writes ----------------===//

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

/// Some tens of items, for as many threads, where there are few heads.
int64_t AttentionOp::getMaxParts() {
  return std::clamp<int64_t>(64 / int64_t(getNumKvHeads()), 2, 16);
}

/// In elements of f32: a line of the CPU's cache.
static constexpr int64_t line = 16;

int64_t AttentionOp::getPartSize() {
  int64_t keyHeads = getNumKvHeads();
  int64_t size =
      cast<ShapedType>(getValue().getType()).getShape()[2] / keyHeads;
  return llvm::alignTo(int64_t(getNumHeads()) / keyHeads * (size + 2), line);
}

MemRefType AttentionOp::getPartsType() {
  ArrayRef<int64_t> query = cast<ShapedType>(getQuery().getType()).getShape();
  if (!getKeyCache() || query[1] != 1)
    return nullptr;
  int64_t bytes =
      (line + getMaxParts() * getPartSize()) * int64_t(sizeof(float));
  return MemRefType::get({query[0], int64_t(getNumKvHeads()), bytes},
                         IntegerType::get(getContext(), 8));
}

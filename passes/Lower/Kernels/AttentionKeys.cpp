//===- AttentionKeys.cpp - Keys in panels, and the caches -----------------===//

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Lower/Kernels/Attention.h"
#include "passes/Lower/Kernels/Int8.h"

using namespace mlir;

namespace qopt {

CacheBuffer::CacheBuffer(KernelBuilder &b, Value buffer, int64_t size)
    : memory(b.flatten(buffer)), panels(b.dim(buffer, 2)), size(size),
      element(cast<MemRefType>(buffer.getType()).getElementType()) {}

Value CacheBuffer::headStart(KernelBuilder &b, Value head) const {
  int64_t stepSize = isCoded() ? size + int64_t(sizeof(float)) : size;
  return b.mul(b.mul(head, panels), panelColumns * stepSize);
}

Value CacheBuffer::scales(KernelBuilder &b, Value head) const {
  if (!isCoded())
    return nullptr;
  Value steps = b.mul(panels, panelColumns);
  Value start = b.add(headStart(b, head), b.mul(steps, size));
  auto type = MemRefType::get({ShapedType::kDynamic}, b.getF32Type());
  return memref::ViewOp::create(b, type, memory, start, ValueRange{steps});
}

namespace {
/// Writes keys or values to a cache, rounded to its elements.
class CacheWriter {
public:
  CacheWriter(KernelBuilder &b, const CacheBuffer &cache, Value head)
      : b(b), cache(cache), start(cache.headStart(b, head)),
        scales(cache.scales(b, head)) {}

  /// The key at `from` becomes that of step `time`.
  void writeKey(Value keys, Value from, Value time) {
    chooseScale(keys, from, time);
    auto [panel, column] = b.split(time, b.index(panelColumns));
    Value to =
        b.add(b.add(start, b.mul(panel, cache.size * panelColumns)), column);
    b.loop(b.index(0), b.index(cache.size), 1, [&](Value d) {
      b.storeScalar(stored(b.loadScalar(keys, b.add(from, d))), cache.memory,
                    b.add(to, b.mul(d, panelColumns)));
    });
  }

  /// The value at `from` becomes that of step `time`.
  void writeValue(Value values, Value from, Value time) {
    chooseScale(values, from, time);
    Value to = b.add(start, b.mul(time, cache.size));
    b.eachVector(cache.size, [&](Value e, int64_t count) {
      b.store(stored(b.load(values, b.add(from, e), count)), cache.memory,
              b.add(to, e), count);
    });
  }

private:
  void chooseScale(Value flat, Value from, Value time) {
    if (!scales)
      return;
    Int8Scale chosen = emitInt8Scale(b, emitLargest(b, flat, from, cache.size));
    b.storeScalar(chosen.scale, scales, time);
    inverse = chosen.inverse;
  }

  /// A scalar or a vector as the cache holds it.
  Value stored(Value x) {
    if (!scales)
      return b.narrow(x, cache.element);
    bool isVector = isa<VectorType>(x.getType());
    return emitBytes(
        b, emitInt8Codes(b, x, isVector ? b.splat(inverse) : inverse));
  }

  KernelBuilder &b;
  const CacheBuffer &cache;
  Value start, scales, inverse;
};
} // namespace

void emitCacheWrite(KernelBuilder &b, const AttentionBuffers &buffers,
                    Value batchRow, Value keyHead, Value begin, Value end) {
  Value head = buffers.headOf(b, batchRow, keyHead);
  CacheWriter keys(b, buffers.keyCache, head);
  CacheWriter values(b, buffers.valueCache, head);
  b.loop(begin, end, 1, [&](Value step) {
    Value from = b.add(
        b.mul(b.add(b.mul(batchRow, buffers.sequence), step), buffers.keyHeads),
        keyHead);
    Value time = b.add(buffers.past, step);
    keys.writeKey(buffers.key, b.mul(from, buffers.D), time);
    values.writeValue(buffers.value, b.mul(from, buffers.E), time);
  });
}

void emitKeyPacking(KernelBuilder &b, const AttentionBuffers &buffers,
                    Value batchRow, Value keyHead, Value first, Value panels,
                    Value out) {
  int64_t D = buffers.D, stride = buffers.keyHeads * D;
  Value last = b.sub(buffers.steps, b.index(1));
  Value base =
      b.add(b.mul(b.mul(batchRow, buffers.steps), stride), b.mul(keyHead, D));
  b.loop(b.index(0), b.mul(panels, panelColumns), b.lanes, [&](Value i) {
    SmallVector<Value> steps =
        rowStarts(b, b.add(first, i), b.lanes, b.index(stride), base, last);
    auto [panel, column] = b.split(i, b.index(panelColumns));
    Value to = b.add(b.mul(panel, D * panelColumns), column);
    b.eachVector(D, [&](Value d, int64_t count) {
      SmallVector<Value> tile;
      for (Value step : steps)
        tile.push_back(b.load(buffers.key, b.add(step, d), count));
      b.transpose(tile);
      for (int64_t j = 0; j < count; ++j)
        b.store(tile[j], out, b.add(to, b.mul(b.add(d, j), panelColumns)));
    });
  });
}

} // namespace qopt

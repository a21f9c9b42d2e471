//===- AttentionKeys.cpp - Keys in panels ---------------------------------===//

#include "passes/Lower/Kernels/Attention.h"

using namespace mlir;

namespace qopt {

void emitCacheWrite(KernelBuilder &b, const AttentionBuffers &buffers,
                    Value batchRow, Value keyHead, Value begin, Value end) {
  int64_t D = buffers.D, E = buffers.E, heads = buffers.keyHeads;
  Value keys = buffers.cachedKeyStart(b, batchRow, keyHead);
  Value values = buffers.valueStart(b, batchRow, keyHead);
  b.loop(begin, end, 1, [&](Value step) {
    Value from = b.add(
        b.mul(b.add(b.mul(batchRow, buffers.sequence), step), heads), keyHead);
    Value time = b.add(buffers.past, step);
    auto [panel, column] = b.split(time, b.index(panelColumns));
    Value to = b.add(b.add(keys, b.mul(panel, D * panelColumns)), column);
    b.loop(b.index(0), b.index(D), 1, [&](Value d) {
      b.storeScalar(b.loadScalar(buffers.key, b.add(b.mul(from, D), d)),
                    buffers.keyCache, b.add(to, b.mul(d, panelColumns)));
    });
    b.eachVector(E, [&](Value e, int64_t count) {
      b.store(b.load(buffers.value, b.add(b.mul(from, E), e), count),
              buffers.valueCache, b.add(b.add(values, b.mul(time, E)), e),
              count);
    });
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

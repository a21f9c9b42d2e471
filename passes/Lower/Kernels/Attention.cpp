//===- Attention.cpp - Scaled dot product attention -----------------------===//

#include "passes/Lower/Kernels/Attention.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Lower/Kernels/Kernels.h"

using namespace mlir;

namespace qopt {

AttentionBuffers::AttentionBuffers(KernelBuilder &b, AttentionOp op)
    : op(op), heads(op.getNumHeads()), keyHeads(op.getNumKvHeads()),
      headsPerKey(heads / keyHeads),
      D(cast<MemRefType>(op.getQuery().getType()).getDimSize(2) / heads),
      E(cast<MemRefType>(op.getValue().getType()).getDimSize(2) / keyHeads),
      batch(b.dim(op.getQuery(), 0)), sequence(b.dim(op.getQuery(), 1)),
      query(b.flatten(op.getQuery())), key(b.flatten(op.getKey())),
      value(b.flatten(op.getValue())), out(b.flatten(op.getOut())) {
  if (op.getKeyCache()) {
    past = op.getPast();
    steps = b.add(past, sequence);
    keyCache = CacheBuffer(b, op.getKeyCache(), D);
    valueCache = CacheBuffer(b, op.getValueCache(), E);
  } else {
    past = b.index(0);
    steps = b.dim(op.getKey(), 1);
  }
  if (op.getPadding())
    padding = b.flatten(op.getPadding());
  if (op.getMask())
    mask = b.flatten(op.getMask());
  if (op.getParts())
    parts = b.flatten(op.getParts());
  prefetchDistance = PrefetchDistanceOp::create(b, b.getIndexType());
}

Value AttentionBuffers::valueStart(KernelBuilder &b, Value batchRow,
                                   Value keyHead) const {
  if (keyCache)
    return valueCache.headStart(b, headOf(b, batchRow, keyHead));
  return b.add(b.mul(b.mul(batchRow, steps), keyHeads * E), b.mul(keyHead, E));
}

static void emitCacheWrites(KernelBuilder &b, const AttentionBuffers &buffers) {
  constexpr int64_t perItem = 128;
  Value chunks = b.ceilDiv(buffers.sequence, b.index(perItem));
  Value heads = b.mul(buffers.batch, buffers.keyHeads);
  b.forall(b.mul(heads, chunks), [&](Value item) {
    auto [head, chunk] = b.split(item, chunks);
    auto [batchRow, keyHead] = b.split(head, b.index(buffers.keyHeads));
    Value begin = b.mul(chunk, perItem);
    emitCacheWrite(b, buffers, batchRow, keyHead, begin,
                   b.min(b.add(begin, perItem), buffers.sequence));
  });
}

/// Many steps: an item is a block of the queries of a head. Later blocks come
/// first: they see more keys when attention is causal.
static void emitPrefill(KernelBuilder &b, const AttentionBuffers &buffers) {
  int64_t height = tileHeights(b.isa).front(), most = 6 * height;
  while (most < 72)
    most += height;
  Value blocks = b.max(b.ceilDiv(buffers.sequence, b.index(most)), b.index(1));
  Value perBlock = b.mul(
      b.ceilDiv(b.ceilDiv(buffers.sequence, blocks), b.index(height)), height);
  Value heads = b.mul(buffers.batch, buffers.heads);
  Value items = b.choose(b.equal(buffers.sequence, b.index(0)), b.index(0),
                         b.mul(blocks, heads));
  b.forall(items, [&](Value item) {
    auto [reversed, headOfBatch] = b.split(item, heads);
    auto [batchRow, head] = b.split(headOfBatch, b.index(buffers.heads));
    QueryRows rows;
    rows.firstStep =
        b.mul(b.sub(b.sub(blocks, b.index(1)), reversed), perBlock);
    Value left = b.sub(buffers.sequence, rows.firstStep);
    rows.batchRow = batchRow;
    rows.keyHead = b.div(head, b.index(buffers.headsPerKey));
    rows.count = b.min(perBlock, left);
    rows.most = most;
    rows.firstHead = head;
    Value step = b.add(b.mul(batchRow, buffers.sequence), rows.firstStep);
    rows.queryStride = buffers.heads * buffers.D;
    rows.outStride = buffers.heads * buffers.E;
    rows.queryStart =
        b.add(b.mul(step, rows.queryStride), b.mul(head, buffers.D));
    rows.outStart = b.add(b.mul(step, rows.outStride), b.mul(head, buffers.E));
    rows.rowsAreHeads = false;
    // Blocks are whole tiles, so the last may begin beyond the end.
    b.when(b.less(b.index(0), left),
           [&] { QueryBlock(b, buffers, rows).emit(); });
  });
}

static LogicalResult expectCaches(AttentionOp op) {
  for (Value cache : {op.getKeyCache(), op.getValueCache()}) {
    if (!cache)
      continue;
    auto type = cast<MemRefType>(cache.getType());
    Type element = type.getElementType();
    bool isCoded = element.isInteger(8);
    if (!type.getLayout().isIdentity() ||
        !(element.isF32() || element.isF16() || isCoded) ||
        type.getRank() != (isCoded ? 4 : 5))
      return op.emitOpError("cannot be lowered to a kernel: expects dense "
                            "caches of f32, f16 or i8, but got ")
             << type;
  }
  return success();
}

LogicalResult lowerAttention(AttentionOp op, const X86Isa &isa) {
  SmallVector<Value> floats = {op.getQuery(), op.getKey(), op.getValue(),
                               op.getOut()};
  if (op.getMask())
    floats.push_back(op.getMask());
  if (failed(expectFloats(op, floats)) || failed(expectCaches(op)))
    return failure();
  if (op.getMask() && cast<MemRefType>(op.getMask().getType()).getRank() != 4)
    return op.emitOpError(
               "cannot be lowered to a kernel: expects a mask of rank "
               "4, but got ")
           << op.getMask().getType();
  KernelBuilder b(op, isa);
  AttentionBuffers buffers(b, op);
  if (buffers.parts) {
    emitDecode(b, buffers);
    return success();
  }
  if (buffers.keyCache)
    emitCacheWrites(b, buffers);
  emitPrefill(b, buffers);
  return success();
}

} // namespace qopt

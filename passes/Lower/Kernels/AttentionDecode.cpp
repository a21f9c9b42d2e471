//===- AttentionDecode.cpp - Attention of one time step -------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Lower/Kernels/Attention.h"

#include <limits>

using namespace mlir;

namespace qopt {

HeadParts::HeadParts(KernelBuilder &b, const AttentionBuffers &buffers,
                     Value head)
    : partSize(AttentionOp(buffers.op).getPartSize()), rowSize(buffers.E + 2) {
  AttentionOp op = buffers.op;
  MemRefType type = op.getPartsType();
  int64_t bytes = type.getDimSize(2);
  int64_t size = op.getMaxParts() * partSize;
  Value start = b.mul(head, bytes);
  auto view = [&](int64_t offset, int64_t elements, Type element) {
    return memref::ViewOp::create(b, MemRefType::get({elements}, element),
                                  buffers.parts, b.add(start, offset),
                                  ValueRange());
  };
  done = view(0, 1, b.getI32Type());
  sums = view(bytes - size * int64_t(sizeof(float)), size, b.getF32Type());
}

/// The query heads that read a key/value head.
static QueryRows headRows(KernelBuilder &b, const AttentionBuffers &buffers,
                          Value headOfBatch) {
  auto [batchRow, keyHead] = b.split(headOfBatch, b.index(buffers.keyHeads));
  int64_t count = buffers.headsPerKey;
  QueryRows rows;
  rows.batchRow = batchRow;
  rows.keyHead = keyHead;
  rows.count = b.index(count);
  rows.most = count;
  rows.firstHead = b.mul(keyHead, count);
  Value head = b.mul(headOfBatch, count);
  rows.queryStart = b.mul(head, buffers.D);
  rows.outStart = b.mul(head, buffers.E);
  rows.queryStride = buffers.D;
  rows.outStride = buffers.E;
  rows.firstStep = b.index(0);
  rows.rowsAreHeads = true;
  return rows;
}

/// An item is a part of the time steps of a head, the last of which writes the
/// new step. Whoever is done last merges all parts of the head, in their order.
void emitDecode(KernelBuilder &b, const AttentionBuffers &buffers) {
  constexpr int64_t leastSteps = 256;
  AttentionOp op = buffers.op;
  Value wanted =
      b.max(b.index(1), b.min(b.div(buffers.steps, b.index(leastSteps)),
                              b.index(op.getMaxParts())));
  Value partSteps =
      b.mul(b.ceilDiv(b.ceilDiv(buffers.steps, wanted), b.index(panelColumns)),
            panelColumns);
  Value count = b.ceilDiv(buffers.steps, partSteps);
  Value isSplit = b.less(b.index(1), count);
  Value heads = b.mul(buffers.batch, buffers.keyHeads);
  Value zero = arith::ConstantIntOp::create(b, 0, 32);
  Value one = arith::ConstantIntOp::create(b, 1, 32);
  b.loop(b.index(0), heads, 1, [&](Value head) {
    b.storeScalar(zero, HeadParts(b, buffers, head).done, b.index(0));
  });
  b.forall(b.mul(heads, count), [&](Value item) {
    Value head = b.div(item, count), part = b.rem(item, count);
    QueryRows rows = headRows(b, buffers, head);
    HeadParts parts(b, buffers, head);
    Value begin = b.mul(part, partSteps);
    Value end = b.min(b.add(begin, partSteps), buffers.steps);
    b.when(b.equal(end, buffers.steps), [&] {
      emitCacheWrite(b, buffers, rows.batchRow, rows.keyHead, b.index(0),
                     b.index(1));
    });
    QueryBlock block(b, buffers, rows);
    block.emitSums(begin, end);
    Value isLast = b.when(
        isSplit, {b.getI1Type()},
        [&]() -> SmallVector<Value> {
          block.storeSums(parts, part);
          Value before =
              memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi, one,
                                          parts.done, ValueRange{b.index(0)});
          return {b.equal(before, b.toI32(b.sub(count, b.index(1))))};
        },
        [&]() -> SmallVector<Value> {
          return {arith::ConstantIntOp::create(b, 1, 1)};
        })[0];
    b.when(isLast, [&] {
      b.when(isSplit, [&] { block.mergeSums(parts, count); });
      block.emitResults();
    });
  });
}

void QueryBlock::storeSums(const HeadParts &parts, Value part) {
  b.loop(b.index(0), rows.count, 1, [&](Value row) {
    Value to = parts.row(b, part, row), from = b.mul(row, resultWidth);
    b.eachVector(buffers.E, [&](Value e, int64_t count) {
      b.store(b.load(results, b.add(from, e)), parts.sums, b.add(to, e), count);
    });
    b.storeScalar(b.loadScalar(maxima, row), parts.sums, b.add(to, buffers.E));
    b.storeScalar(b.loadScalar(sums, row), parts.sums,
                  b.add(to, buffers.E + 1));
  });
}

/// A part counts exp(its largest score - that of all) times.
void QueryBlock::mergeSums(const HeadParts &parts, Value count) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value weights = scores; // of parts: the scores have served
  b.loop(b.index(0), rows.count, 1, [&](Value row) {
    auto eachPart = [&](Value init, auto next) -> Value {
      return b.loop(b.index(0), count, 1, {init},
                    [&](Value part, ValueRange carried) -> SmallVector<Value> {
                      return {next(part, parts.row(b, part, row), carried[0])};
                    })[0];
    };
    auto largest = [&](Value place) {
      return b.loadScalar(parts.sums, b.add(place, buffers.E));
    };
    Value maximum =
        eachPart(b.constant(-infinity), [&](Value, Value place, Value carried) {
          return b.maxf(largest(place), carried);
        });
    Value sum =
        eachPart(b.constant(0.0), [&](Value part, Value place, Value carried) {
          Value weight = b.firstLane(
              emitExp(b, b.splat(largest(place)), b.splat(maximum)));
          b.storeScalar(weight, weights, part);
          Value ofPart = b.loadScalar(parts.sums, b.add(place, buffers.E + 1));
          return b.multiplyAdd(weight, ofPart, carried);
        });
    b.storeScalar(sum, sums, row);
    b.eachVector(buffers.E, [&](Value e, int64_t elements) {
      Value all =
          eachPart(b.splat(0.0), [&](Value part, Value place, Value carried) {
            Value values = b.load(parts.sums, b.add(place, e), elements);
            return b.multiplyAdd(b.loadSplat(weights, part), values, carried);
          });
      b.store(all, results, b.add(b.mul(row, resultWidth), e));
    });
  });
}

} // namespace qopt

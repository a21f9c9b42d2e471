//===- Embedding.cpp - Rows of a table ------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Lower/Kernels/KernelBuilder.h"
#include "passes/Lower/Kernels/Kernels.h"

using namespace mlir;

namespace qopt {

/// The row that an id means; of one that means none the first, and an error.
static Value rowOf(KernelBuilder &b, Value id, Value rows) {
  Value number = arith::IndexCastOp::create(b, b.getIndexType(), id);
  Value row = b.choose(b.less(number, b.index(0)), b.add(number, rows), number);
  // Below 0 is far beyond the end for an unsigned comparison.
  Value bad = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, row, rows);
  FailIfOp::create(b, bad, "an id is outside of the embedding table");
  return b.choose(bad, b.index(0), row);
}

LogicalResult lowerEmbedding(EmbeddingOp op, const X86Isa &isa) {
  if (failed(expectFloats(op, op.getOut())) ||
      failed(expectStored(op, op.getTable())))
    return failure();
  auto type = cast<MemRefType>(op.getTable().getType());
  bool packed = type.getRank() == 3;
  int64_t size = type.getDimSize(1);
  if (!type.hasStaticShape())
    return op.emitOpError("cannot be lowered to a kernel: expects a constant "
                          "table, but got ")
           << type;
  KernelBuilder b(op, isa);
  Value table = b.flatten(op.getTable()), ids = b.flatten(op.getIds());
  Value out = b.flatten(op.getOut());
  Value rows = b.index(type.getDimSize(0) * (packed ? panelColumns : 1));
  b.forallRows(b.rows(op.getIds(), 0), size, [&](Value i) {
    Value row = rowOf(b, b.loadScalar(ids, i), rows), to = b.mul(i, size);
    if (!packed) {
      Value from = b.mul(row, size);
      return b.eachVector(size, [&](Value d, int64_t count) {
        b.store(b.load(table, b.add(from, d), count), out, b.add(to, d), count);
      });
    }
    auto [panel, column] = b.split(row, b.index(panelColumns));
    Value from = b.add(b.mul(panel, size * panelColumns), column);
    b.loop(b.index(0), b.index(size), 1, [&](Value d) {
      b.storeScalar(b.loadScalar(table, b.add(from, b.mul(d, panelColumns))),
                    out, b.add(to, d));
    });
  });
  return success();
}

} // namespace qopt

//===- Embedding.cpp - Rows of a table ------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Lower/Kernels/Codes.h"
#include "passes/Lower/Kernels/Kernels.h"

using namespace mlir;

namespace qopt {

/// The row that an id means; of one that means none the first, and an error.
static Value rowOf(KernelBuilder &b, EmbeddingOp op, Value id, Value rows) {
  Value number = arith::IndexCastOp::create(b, b.getIndexType(), id);
  Value row = b.choose(b.less(number, b.index(0)), b.add(number, rows), number);
  // Below 0 is far beyond the end for an unsigned comparison.
  Value bad = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, row, rows);
  std::string message = "an id is outside of the embedding table";
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    message = "node '" + name.getName().str() + "': " + message;
  FailIfOp::create(b, bad, message);
  return b.choose(bad, b.index(0), row);
}

/// Writes a row of codes' values: a column of a panel.
static void emitCodedRow(Codes &codes, Value row, Value out, Value to) {
  KernelBuilder &b = codes.b;
  auto [panel, column] = b.split(row, b.index(panelColumns));
  codes.eachElement(panel, column, [&](Value k, Value value) {
    b.storeScalar(value, out, b.add(to, k));
  });
}

static LogicalResult lowerCodedEmbedding(EmbeddingOp op, QTensorType type,
                                         const X86Isa &isa) {
  KernelBuilder b(op, isa);
  Codes codes(b, type.getPanels(), b.flatten(op.getTable()));
  Value ids = b.flatten(op.getIds()), out = b.flatten(op.getOut());
  b.forallRows(b.rows(op.getIds(), 0), 4 * type.getK(), [&](Value i) {
    Value row = rowOf(b, op, b.loadScalar(ids, i), b.index(type.getN()));
    emitCodedRow(codes, row, out, b.mul(i, type.getK()));
  });
  return success();
}

LogicalResult lowerEmbedding(EmbeddingOp op, const X86Isa &isa) {
  if (failed(expectFloats(op, op.getOut())))
    return failure();
  if (op.getWeightType())
    return lowerCodedEmbedding(op, cast<QTensorType>(*op.getWeightType()), isa);
  if (failed(expectStored(op, op.getTable())))
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
  Value rows = b.index(packed ? int64_t(*op.getRows()) : type.getDimSize(0));
  b.forallRows(b.rows(op.getIds(), 0), size, [&](Value i) {
    Value row = rowOf(b, op, b.loadScalar(ids, i), rows), to = b.mul(i, size);
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

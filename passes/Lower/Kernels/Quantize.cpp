//===- Quantize.cpp - int8 codes of activations ---------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/CodedItems.h"
#include "passes/Lower/Kernels/CodedRows.h"
#include "passes/Lower/Kernels/Int8.h"
#include "passes/Lower/Kernels/Kernels.h"

using namespace mlir;

namespace qopt {
namespace {

/// Quantizes rows; lib/Formats/Activations.h says how.
class RowQuantizer {
public:
  RowQuantizer(KernelBuilder &b, QuantizeOp op)
      : b(b), K(cast<MemRefType>(op.getInput().getType()).getShape().back()),
        block(std::min<int64_t>(op.getBlock(), K)),
        groups(llvm::divideCeil(K, block)), perToken(op.getPerToken()),
        input(b.flatten(op.getInput())), codes(b.flatten(op.getOutCodes())),
        scales(b.flatten(op.getOutScales())), sums(b.flatten(op.getOutSums())),
        places(b, K, groups, b.rows(op.getInput()), op.getUnsignedMany()),
        offset(places.offset()) {}

  int64_t rowSize() const { return K; }
  /// What follows is of an item's part.
  void setPart(const CodedItems::Part &its) { part = its; }

  void emit(Value row) {
    emitGroups(row, b.index(0), b.index(groups), b.index(paddedCodes(K)));
  }

  /// Groups of columns [begin, end), multiples of the block.
  void emitColumns(Value row, Value begin, Value end) {
    Value ends = b.ceilDiv(b.min(end, b.index(K)), b.index(block));
    emitGroups(row, b.div(begin, b.index(block)), ends, end);
  }

private:
  /// What is stored for a code, or for codes.
  Value toBytes(Value words) {
    if (offset)
      words = arith::AddIOp::create(
          b, words,
          isa<VectorType>(words.getType()) ? b.splat(offset) : offset);
    return emitBytes(b, words);
  }

  /// Groups [begin, end), and zeros behind the row when they end it.
  void emitGroups(Value row, Value begin, Value end, Value endColumn) {
    Value factor;
    if (perToken)
      factor = scaleOf(row, b.index(0), K, row);
    auto group = [&](Value g, int64_t size) {
      Value first = b.mul(g, block), place = places.factor(row, g);
      Value inverse = perToken ? factor : scaleOf(row, first, size, place);
      emitGroup(row, first, size, inverse, place);
    };
    int64_t whole = K / block;
    b.loop(begin, b.min(end, b.index(whole)), 1,
           [&](Value g) { group(g, block); });
    if (paddedCodes(K) == K && K % block == 0)
      return;
    b.when(b.less(b.index(K - 1), endColumn), [&] {
      if (K % block)
        group(b.index(whole), K % block);
      Value zero = toBytes(b.toI32(b.index(0)));
      Value behind = places.code(row, b.index(K));
      b.loop(b.index(0), b.index(paddedCodes(K) - K), 1,
             [&](Value i) { b.storeScalar(zero, codes, b.add(behind, i)); });
    });
  }

  Value inputPlace(Value row, Value column) {
    return CodedItems::place(b, part, input, row, column, K);
  }

  /// Stores the scale of `size` elements from `begin` on; returns its inverse.
  Value scaleOf(Value row, Value begin, int64_t size, Value place) {
    Value from = inputPlace(row, begin);
    Int8Scale chosen = emitInt8Scale(b, emitLargest(b, input, from, size));
    b.storeScalar(chosen.scale, scales, place);
    return chosen.inverse;
  }

  void emitGroup(Value row, Value begin, int64_t size, Value inverse,
                 Value place) {
    Value from = inputPlace(row, begin);
    auto words = VectorType::get({b.lanes}, b.getI32Type());
    Value factor = b.splat(inverse);
    auto quantize = [&](Value i, int64_t count) -> Value {
      Value word =
          emitInt8Codes(b, b.load(input, b.add(from, i), count), factor);
      b.store(toBytes(word), codes, places.code(row, b.add(begin, i)), count);
      return word;
    };
    int64_t whole = size / b.lanes * b.lanes;
    SmallVector<Value> sum = {
        arith::ConstantOp::create(b, b.getZeroAttr(words))};
    sum = b.loop(b.index(0), b.index(whole), b.lanes, sum,
                 [&](Value i, ValueRange carried) {
                   return SmallVector<Value>{arith::AddIOp::create(
                       b, carried[0], quantize(i, b.lanes))};
                 });
    if (size > whole)
      sum[0] = arith::AddIOp::create(b, sum[0],
                                     quantize(b.index(whole), size - whole));
    Value total =
        vector::ReductionOp::create(b, vector::CombiningKind::ADD, sum[0]);
    memref::StoreOp::create(b, total, sums, place);
  }

  KernelBuilder &b;
  const int64_t K, block, groups;
  const bool perToken;
  Value input, codes, scales, sums;
  CodedRows places;
  Value offset; ///< of stored codes; null: none
  std::optional<CodedItems::Part> part;
};

} // namespace

LogicalResult lowerRound(RoundOp op, const X86Isa &isa) {
  if (failed(expectFloats(op, op.getInput())))
    return failure();
  auto type = cast<MemRefType>(op.getOut().getType());
  if (!type.getElementType().isBF16())
    return op.emitOpError("cannot be lowered to a kernel: expects bf16, but "
                          "got ")
           << type;
  KernelBuilder b(op, isa);
  Value input = b.flatten(op.getInput()), out = b.flatten(op.getOut());
  int64_t K = type.getShape().back();
  if (ShapedType::isDynamic(K))
    return op.emitOpError("cannot be lowered to a kernel: expects rows of a "
                          "constant size, but got ")
           << type;
  b.forallRows(b.rows(op.getInput()), K, [&](Value row) {
    Value from = b.mul(row, K);
    b.eachVector(K, [&](Value i, int64_t count) {
      Value at = b.add(from, i);
      b.store(b.narrow(b.load(input, at, count), b.getBF16Type()), out, at,
              count);
    });
  });
  return success();
}

/// The product in the same loop whose result it quantizes, or null.
static MatmulOp getMaker(QuantizeOp op) {
  if (auto fused = dyn_cast<FusedOp>(op->getParentOp()))
    for (auto product : fused.getOps<MatmulOp>())
      if (product.getOut() == op.getInput())
        return product;
  return nullptr;
}

/// Blocks of the columns that an item of the product has just made.
static void quantizeParts(KernelBuilder &b, RowQuantizer &quantizer,
                          MatmulOp product) {
  CodedItems items(b, product);
  auto emit = [&](const CodedItems::Part &part) {
    quantizer.setPart(part);
    Value begin = b.mul(part.beginPanel, panelColumns);
    Value end = b.mul(part.endPanel, panelColumns);
    b.loop(part.firstRow, b.add(part.firstRow, part.rows), 1,
           [&](Value row) { quantizer.emitColumns(row, begin, end); });
  };
  items.forall(
      items.manyCount(), [&](Value item) { emit(items.few(item)); },
      [&](Value item) { emit(items.many(item)); });
}

LogicalResult lowerQuantize(QuantizeOp op, const X86Isa &isa) {
  if (failed(expectFloats(op, op.getInput())))
    return failure();
  KernelBuilder b(op, isa);
  RowQuantizer quantizer(b, op);
  if (MatmulOp product = getMaker(op))
    quantizeParts(b, quantizer, product);
  else
    b.forallRows(b.rows(op.getInput()), quantizer.rowSize(),
                 [&](Value row) { quantizer.emit(row); });
  return success();
}

} // namespace qopt

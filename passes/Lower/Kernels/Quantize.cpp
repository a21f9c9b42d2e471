//===- Quantize.cpp - int8 codes of activations ---------------------------===//

#include "lib/Formats/Activations.h"
#include "lib/Formats/Rounding.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/CodedItems.h"
#include "passes/Lower/Kernels/Kernels.h"

using namespace mlir;

namespace qopt {
namespace {

/// Quantizes rows; lib/Formats/Activations.h says how.
class RowQuantizer {
public:
  RowQuantizer(KernelBuilder &b, QuantizeOp op)
      : b(b), K(cast<MemRefType>(op.getInput().getType()).getShape().back()),
        paddedK(llvm::alignTo(K, PanelLayout::stepSize)),
        block(std::min<int64_t>(op.getBlock(), K)),
        groups(llvm::divideCeil(K, block)), perToken(op.getPerToken()),
        input(b.flatten(op.getInput())), codes(b.flatten(op.getOutCodes())),
        scales(b.flatten(op.getOutScales())), sums(b.flatten(op.getOutSums())) {
  }

  int64_t rowSize() const { return K; }

  void emit(Value row) {
    emitGroups(row, b.index(0), b.index(groups), b.index(paddedK));
  }

  /// Groups of columns [begin, end), multiples of the block.
  void emitColumns(Value row, Value begin, Value end) {
    Value ends = b.ceilDiv(b.min(end, b.index(K)), b.index(block));
    emitGroups(row, b.div(begin, b.index(block)), ends, end);
  }

private:
  /// Groups [begin, end), and zeros behind the row when they end it.
  void emitGroups(Value row, Value begin, Value end, Value endColumn) {
    Value factor;
    if (perToken)
      factor = scaleOf(row, b.index(0), K, row);
    auto group = [&](Value g, int64_t size) {
      Value first = b.mul(g, block), place = b.add(b.mul(row, groups), g);
      Value inverse = perToken ? factor : scaleOf(row, first, size, place);
      emitGroup(row, first, size, inverse, place);
    };
    int64_t whole = K / block;
    b.loop(begin, b.min(end, b.index(whole)), 1,
           [&](Value g) { group(g, block); });
    if (paddedK == K && K % block == 0)
      return;
    b.when(b.less(b.index(K - 1), endColumn), [&] {
      if (K % block)
        group(b.index(whole), K % block);
      Value zero =
          arith::ConstantOp::create(b, b.getIntegerAttr(b.getI8Type(), 0));
      for (int64_t k = K; k < paddedK; ++k)
        b.storeScalar(zero, codes, b.add(b.mul(row, paddedK), k));
    });
  }

  /// Stores the scale of `size` elements from `begin` on; returns its inverse.
  Value scaleOf(Value row, Value begin, int64_t size, Value place) {
    Value from = b.add(b.mul(row, K), begin);
    auto larger = [&](Value most, Value i, int64_t count) -> Value {
      Value x = b.load(input, b.add(from, i), count);
      return b.maxf(math::AbsFOp::create(b, x), most);
    };
    int64_t whole = size / b.lanes * b.lanes;
    Value most =
        b.loop(b.index(0), b.index(whole), b.lanes, {b.splat(0.0)},
               [&](Value i, ValueRange carried) {
                 return SmallVector<Value>{larger(carried[0], i, b.lanes)};
               })[0];
    if (size > whole)
      most = larger(most, b.index(whole), size - whole);
    Value largest = b.maxLanes(most);
    Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, largest,
                                         b.constant(smallestActivation));
    Value zero = b.constant(0), limit = b.constant(127);
    b.storeScalar(b.choose(isZero, zero, b.divf(largest, limit)), scales,
                  place);
    return b.choose(isZero, zero, b.divf(limit, largest));
  }

  void emitGroup(Value row, Value begin, int64_t size, Value inverse,
                 Value place) {
    Value from = b.add(b.mul(row, K), begin);
    Value to = b.add(b.mul(row, paddedK), begin);
    auto words = VectorType::get({b.lanes}, b.getI32Type());
    auto bytes = VectorType::get({b.lanes}, b.getI8Type());
    Value factor = b.splat(inverse);
    // Ties to even, as roundToEven does it.
    const Value magic = b.splat(double(roundingMagic));
    auto quantize = [&](Value i, int64_t count) -> Value {
      Value x = b.load(input, b.add(from, i), count);
      // No multiply-add here: the product is rounded first.
      Value scaled = arith::MulFOp::create(b, x, factor);
      Value shifted = arith::AddFOp::create(b, scaled, magic);
      Value rounded = arith::SubFOp::create(b, shifted, magic);
      Value word = arith::FPToSIOp::create(b, words, rounded);
      Value narrow = arith::TruncIOp::create(b, bytes, word);
      b.store(narrow, codes, b.add(to, i), count);
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
  const int64_t K, paddedK, block, groups;
  const bool perToken;
  Value input, codes, scales, sums;
};

} // namespace

/// f32 bits to bf16 bits as f32ToBf16 does it: 0x7fff, and one if the last bit
/// stays odd, are added before the lower half is dropped.
static Value roundToBF16(KernelBuilder &b, Value x) {
  auto words = VectorType::get({b.lanes}, b.getI32Type());
  auto all = [&](uint32_t value) -> Value {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(words, APInt(32, value)));
  };
  Value bits = arith::BitcastOp::create(b, words, x);
  Value half = arith::ShRUIOp::create(b, bits, all(16));
  Value odd = arith::AndIOp::create(b, half, all(1));
  Value sum = arith::AddIOp::create(
      b, arith::AddIOp::create(b, bits, all(0x7fff)), odd);
  Value nearest = arith::ShRUIOp::create(b, sum, all(16));
  Value nan = arith::OrIOp::create(b, half, all(0x40));
  Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
  Value result = arith::SelectOp::create(b, isNaN, nan, nearest);
  Value narrow = arith::TruncIOp::create(
      b, VectorType::get({b.lanes}, b.getI16Type()), result);
  return arith::BitcastOp::create(
      b, VectorType::get({b.lanes}, b.getBF16Type()), narrow);
}

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
      b.store(roundToBF16(b, b.load(input, at, count)), out, at, count);
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

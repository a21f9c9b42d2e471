//===- EmitLoopNest.cpp - Items of a linalg op ----------------------------===//

#include "passes/Lower/Generic/BlockEmitter.h"

using namespace mlir;

namespace qopt::generic {
namespace {

/// Elements that an item computes or reads: some tens of microseconds.
constexpr int64_t itemWork = 16384;
/// Columns are split between items into multiples of this.
constexpr int64_t columnUnit = 64;

/// Cuts the results of a nest into items, and an item into blocks.
class NestEmitter {
public:
  NestEmitter(const LoopNest &nest, const IndexMath &math, const X86Isa &isa)
      : nest(nest), builder(math.builder),
        loc(math.loc), math{math.builder, math.loc},
        lanes(nest.isVectorizable ? isa.lanes() : 0), block(nest, math, lanes) {
    if (nest.reductions.empty())
      return;
    // Accumulators stay in registers.
    tileRows = nest.tile ? 4 : 1;
    columnVectors = isa.vectorRegisters / (tileRows == 1 ? 4 : 8);
  }

  void emit();

private:
  void emitItem(Value item);
  void emitRow();
  void emitColumns(ArrayRef<Value> tilePositions);

  const LoopNest &nest;
  OpBuilder &builder;
  Location loc;
  IndexMath math;
  unsigned lanes;
  BlockEmitter block;
  unsigned tileRows = 1, columnVectors = 1;
  /// How the work is cut: computed once, from sizes.
  Value rowsPerItem, rowCount, rowBlocks, tilePerItem, tileBlocks,
      columnsPerItem, columnBlocks;
  /// The part of the item that is being computed.
  Value tileBegin, tileEnd, columnsBegin, columnsEnd;
};

void NestEmitter::emitColumns(ArrayRef<Value> tilePositions) {
  if (!nest.columns)
    return block.emitBlock(tilePositions, nullptr, 1, 0);
  Value from = columnsBegin, to = columnsEnd;
  int64_t fixed = nest.columns->staticSize;
  bool isFixed = !ShapedType::isDynamic(fixed);
  auto whole = [&](int64_t step) { // from + the part of the length in steps
    Value steps = math.mul(math.div(math.sub(to, from), math.constant(step)),
                           math.constant(step));
    return math.add(from, steps);
  };
  SmallVector<unsigned> widths;
  if (lanes && columnVectors > 1)
    widths.push_back(columnVectors);
  if (lanes)
    widths.push_back(1);
  for (unsigned vectors : widths) {
    int64_t step = int64_t(lanes) * vectors;
    if (isFixed && fixed < step)
      continue;
    Value end = whole(step);
    block.loop(from, end, step, [&](Value column) {
      block.emitBlock(tilePositions, column, vectors, lanes);
    });
    from = end;
    // Items begin at multiples of columnUnit: nothing is left in any of them.
    if (isFixed && fixed % step == 0 && columnUnit % step == 0)
      return;
  }
  block.loop(from, to, 1, [&](Value column) {
    block.emitBlock(tilePositions, column, 1, 0);
  });
}

void NestEmitter::emitRow() {
  if (nest.vectorIsReduction)
    return block.emitVectorReduction();
  if (!nest.tile)
    return emitColumns(Value());
  Value whole =
      math.mul(math.div(math.sub(tileEnd, tileBegin), math.constant(tileRows)),
               math.constant(tileRows));
  Value middle = math.add(tileBegin, whole);
  block.loop(tileBegin, middle, tileRows, [&](Value first) {
    SmallVector<Value> tilePositions;
    for (unsigned i = 0; i < tileRows; ++i)
      tilePositions.push_back(math.add(first, math.constant(i)));
    emitColumns(tilePositions);
  });
  block.loop(middle, tileEnd, 1, [&](Value row) { emitColumns(row); });
}

void NestEmitter::emitItem(Value item) {
  auto part = [&](Value number, Value perItem, Value all, Value &begin,
                  Value &end) {
    begin = math.mul(number, perItem);
    end = math.min(math.add(begin, perItem), all);
  };
  Value number = item;
  if (nest.columns) {
    part(math.rem(number, columnBlocks), columnsPerItem, nest.columns->size,
         columnsBegin, columnsEnd);
    number = math.div(number, columnBlocks);
  }
  if (nest.tile) {
    part(math.rem(number, tileBlocks), tilePerItem, nest.tile->size, tileBegin,
         tileEnd);
    number = math.div(number, tileBlocks);
  }
  if (nest.rows.empty())
    return emitRow();
  Value begin, end;
  part(number, rowsPerItem, rowCount, begin, end);
  block.loop(begin, end, 1, [&](Value row) {
    for (size_t i = nest.rows.size(); i-- > 0;) {
      block.setPosition(nest.rows[i],
                        i == 0 ? row : math.rem(row, nest.rows[i].size));
      if (i != 0)
        row = math.div(row, nest.rows[i].size);
    }
    emitRow();
  });
}

void NestEmitter::emit() {
  Value one = math.constant(1), work = one, items = one;
  for (const LoopGroup &group : nest.reductions)
    work = math.mul(work, group.size);
  work = math.max(work, one);
  if (nest.columns) {
    // Enough columns for an item, in whole units.
    Value units = math.ceilDiv(math.ceilDiv(math.constant(2 * itemWork), work),
                               math.constant(columnUnit));
    columnsPerItem = math.mul(units, math.constant(columnUnit));
    columnBlocks = math.ceilDiv(nest.columns->size, columnsPerItem);
    items = math.mul(items, columnBlocks);
    work = math.mul(
        work, math.max(math.min(nest.columns->size, columnsPerItem), one));
  }
  if (nest.tile) {
    Value units = math.max(math.div(math.constant(itemWork),
                                    math.mul(work, math.constant(tileRows))),
                           one);
    tilePerItem = math.mul(units, math.constant(tileRows));
    tileBlocks = math.ceilDiv(nest.tile->size, tilePerItem);
    items = math.mul(items, tileBlocks);
    work =
        math.mul(work, math.max(math.min(nest.tile->size, tilePerItem), one));
  }
  rowCount = one;
  for (const LoopGroup &group : nest.rows)
    rowCount = math.mul(rowCount, group.size);
  rowsPerItem = math.max(math.div(math.constant(itemWork), work), one);
  rowBlocks = math.ceilDiv(rowCount, rowsPerItem);
  items = math.mul(items, rowBlocks);

  OpBuilder::InsertionGuard guard(builder);
  if (nest.op.getNumLoops() == 0) { // a scalar
    emitItem(math.constant(0));
    return;
  }
  auto forall = scf::ForallOp::create(
      builder, loc, ArrayRef<OpFoldResult>{getAsOpFoldResult(items)},
      ValueRange(), std::nullopt);
  builder.setInsertionPointToStart(forall.getBody());
  emitItem(forall.getInductionVar(0));
}

} // namespace

void emitLoopNest(const LoopNest &nest, const IndexMath &math,
                  const X86Isa &isa) {
  NestEmitter(nest, math, isa).emit();
}

} // namespace qopt::generic

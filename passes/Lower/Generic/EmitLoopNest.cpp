//===- EmitLoopNest.cpp - Vector code of a linalg op ----------------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Generic/LoopNest.h"

using namespace mlir;

namespace qopt::generic {
namespace {

/// Elements that an item computes or reads: some tens of microseconds.
constexpr int64_t itemWork = 16384;
/// Columns are split between items into multiples of this.
constexpr int64_t columnUnit = 64;

/// The positions of the groups' loops while code is made.
using Positions = llvm::DenseMap<const LoopGroup *, Value>;
using Inner = llvm::function_ref<SmallVector<Value>(ArrayRef<Value>)>;

class NestEmitter {
public:
  NestEmitter(const LoopNest &nest, const IndexMath &math, const X86Isa &isa)
      : nest(nest), builder(math.builder),
        loc(math.loc), math{math.builder, math.loc},
        lanes(nest.isVectorizable ? isa.lanes() : 0) {
    if (nest.reductions.empty())
      return;
    // Accumulators stay in registers.
    tileRows = nest.tile ? 4 : 1;
    columnVectors = isa.vectorRegisters / (tileRows == 1 ? 4 : 8);
    reductionVectors = 4;
  }

  void emit();

private:
  void emitItem(Value item);
  void emitRow();
  void emitColumns(ArrayRef<Value> tilePositions);
  void emitBlock(ArrayRef<Value> tilePositions, Value column, unsigned vectors,
                 unsigned lanes);
  void emitVectorReduction();
  Value join(Value a, Value b, Operation *combiner);
  Value combineLanes(Value vector, Operation *combiner);

  scf::ForOp beginLoop(Value from, Value to, int64_t step,
                       ValueRange carried = {});
  void loop(Value from, Value to, int64_t step,
            llvm::function_ref<void(Value)> body);
  SmallVector<Value> reductionLoops(ArrayRef<LoopGroup> groups,
                                    SmallVector<Value> carried, Inner inner);
  SmallVector<Value> bodyAt(unsigned lanes, ArrayRef<Value> accumulators);
  Lanes load(unsigned operand, unsigned lanes);
  Value offset(unsigned operand);
  bool isLine(unsigned operand) const;
  void setPosition(const LoopGroup &group, Value position) {
    positions[&group] = position;
  }

  const LoopNest &nest;
  OpBuilder &builder;
  Location loc;
  IndexMath math;
  unsigned lanes;
  unsigned tileRows = 1, columnVectors = 1, reductionVectors = 1;
  Positions positions;
  /// How the work is cut: computed once, from sizes.
  Value rowsPerItem, rowCount, rowBlocks, tilePerItem, tileBlocks,
      columnsPerItem, columnBlocks;
  /// The part of the item that is being computed.
  Value tileBegin, tileEnd, columnsBegin, columnsEnd;
};

/// The operand's elements for neighbouring positions of the vectors' loop are
/// neighbours.
bool NestEmitter::isLine(unsigned operand) const {
  const LoopGroup &vectors = *nest.vectorGroup();
  if (!vectors.isUsed[operand] || !nest.operands[operand].isContiguous)
    return false;
  auto results = nest.op.getIndexingMapsArray()[operand].getResults();
  auto last = dyn_cast<AffineDimExpr>(results.back());
  return last && int64_t(last.getPosition()) == vectors.loops.back();
}

Value NestEmitter::offset(unsigned operand) {
  Value sum = math.constant(0);
  auto add = [&](const LoopGroup &group) {
    auto found = positions.find(&group);
    if (found != positions.end() && group.isUsed[operand])
      sum = math.add(sum, math.mul(found->second, group.strides[operand]));
  };
  for (const LoopGroup &group : nest.rows)
    add(group);
  if (nest.tile)
    add(*nest.tile);
  if (nest.columns)
    add(*nest.columns);
  for (const LoopGroup &group : nest.reductions)
    add(group);
  return sum;
}

Lanes NestEmitter::load(unsigned operand, unsigned lanes) {
  const FlatBuffer &buffer = nest.operands[operand];
  Value first = offset(operand);
  if (!lanes || !nest.vectorGroup()->isUsed[operand])
    return Lanes::same(buffer.load(math, first, 0));
  if (isLine(operand))
    return Lanes::each(buffer.load(math, first, lanes));
  SmallVector<Value> elements;
  Value stride = nest.vectorGroup()->strides[operand];
  for (unsigned i = 0; i < lanes; ++i)
    elements.push_back(buffer.load(
        math, math.add(first, math.mul(math.constant(i), stride)), 0));
  auto type = VectorType::get(lanes, elements.front().getType());
  return Lanes::each(
      vector::FromElementsOp::create(builder, loc, type, elements));
}

/// The body at the current positions. Accumulators replace the outputs' values.
SmallVector<Value> NestEmitter::bodyAt(unsigned lanes,
                                       ArrayRef<Value> accumulators) {
  SmallVector<Value> loops(nest.op.getNumLoops());
  for (auto [group, position] : positions)
    loops[group->loops.back()] = position;
  SmallVector<Lanes> arguments;
  Block *body = nest.op.getBody();
  for (unsigned i = 0; i < nest.operands.size(); ++i) {
    bool isOutput = i >= nest.numInputs();
    if (isOutput && !accumulators.empty())
      arguments.push_back(
          lanes ? Lanes::each(accumulators[i - nest.numInputs()])
                : Lanes::same(accumulators[i - nest.numInputs()]));
    else if (body->getArgument(i).use_empty())
      arguments.push_back(Lanes());
    else
      arguments.push_back(load(i, lanes));
  }
  int64_t vectorLoop =
      nest.vectorGroup() ? nest.vectorGroup()->loops.back() : -1;
  VectorBody emitter(nest.op, nest.loaded, vectorLoop, lanes);
  return emitter.emit(builder, loops, arguments);
}

scf::ForOp NestEmitter::beginLoop(Value from, Value to, int64_t step,
                                  ValueRange carried) {
  auto loop =
      scf::ForOp::create(builder, loc, from, to, math.constant(step), carried);
  builder.setInsertionPointToStart(loop.getBody());
  return loop;
}

void NestEmitter::loop(Value from, Value to, int64_t step,
                       llvm::function_ref<void(Value)> body) {
  OpBuilder::InsertionGuard guard(builder);
  scf::ForOp created = beginLoop(from, to, step);
  body(created.getInductionVar());
}

SmallVector<Value> NestEmitter::reductionLoops(ArrayRef<LoopGroup> groups,
                                               SmallVector<Value> carried,
                                               Inner inner) {
  if (groups.empty())
    return inner(carried);
  OpBuilder::InsertionGuard guard(builder);
  scf::ForOp created =
      beginLoop(math.constant(0), groups.front().size, 1, carried);
  setPosition(groups.front(), created.getInductionVar());
  SmallVector<Value> next =
      reductionLoops(groups.drop_front(),
                     SmallVector<Value>(created.getRegionIterArgs()), inner);
  scf::YieldOp::create(builder, loc, next);
  positions.erase(&groups.front());
  return SmallVector<Value>(created.getResults());
}

/// A block of results: one row for each tile position (or the one row there
/// is), `vectors` vectors of columns from `column` on; lanes 0: one column.
void NestEmitter::emitBlock(ArrayRef<Value> tilePositions, Value column,
                            unsigned vectors, unsigned lanes) {
  auto forEach = [&](llvm::function_ref<void()> body) {
    for (Value row : tilePositions) {
      if (nest.tile)
        setPosition(*nest.tile, row);
      for (unsigned i = 0; i < vectors; ++i) {
        if (nest.columns)
          setPosition(*nest.columns,
                      math.add(column, math.constant(i * int64_t(lanes))));
        body();
      }
    }
  };
  unsigned outputs = nest.numOutputs();
  SmallVector<Value> results;
  if (nest.reductions.empty()) {
    forEach([&] { llvm::append_range(results, bodyAt(lanes, {})); });
  } else {
    SmallVector<Value> initial;
    forEach([&] {
      for (unsigned o = 0; o < outputs; ++o) {
        Lanes value = load(nest.numInputs() + o, lanes);
        initial.push_back(value.vector ? value.vector : value.scalar);
      }
    });
    results = reductionLoops(
        nest.reductions, initial, [&](ArrayRef<Value> accumulators) {
          SmallVector<Value> next;
          forEach([&] {
            llvm::append_range(
                next, bodyAt(lanes, accumulators.slice(next.size(), outputs)));
          });
          return next;
        });
  }
  unsigned next = 0;
  forEach([&] {
    for (unsigned o = 0; o < outputs; ++o) {
      unsigned operand = nest.numInputs() + o;
      nest.operands[operand].store(math, results[next++], offset(operand));
    }
  });
}

void NestEmitter::emitColumns(ArrayRef<Value> tilePositions) {
  if (!nest.columns)
    return emitBlock(tilePositions, nullptr, 1, 0);
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
    loop(from, end, step, [&](Value column) {
      emitBlock(tilePositions, column, vectors, lanes);
    });
    from = end;
    // Items begin at multiples of columnUnit: nothing is left in any of them.
    if (isFixed && fixed % step == 0 && columnUnit % step == 0)
      return;
  }
  loop(from, to, 1,
       [&](Value column) { emitBlock(tilePositions, column, 1, 0); });
}

Value NestEmitter::join(Value a, Value b, Operation *combiner) {
  OperationState state(loc, combiner->getName());
  state.addOperands({a, b});
  state.addAttributes(combiner->getAttrs());
  state.addTypes(a.getType());
  return builder.create(state)->getResult(0);
}

/// The lanes of a vector joined two and two.
Value NestEmitter::combineLanes(Value vector, Operation *combiner) {
  auto type = cast<VectorType>(vector.getType());
  int64_t count = type.getNumElements();
  while (count > 1) {
    count /= 2;
    Value low = vector::ExtractStridedSliceOp::create(builder, loc, vector, {0},
                                                      {count}, {1});
    Value high = vector::ExtractStridedSliceOp::create(builder, loc, vector,
                                                       {count}, {count}, {1});
    vector = join(low, high, combiner);
  }
  return vector::ExtractOp::create(builder, loc, vector, 0);
}

/// One result: the last reduction on vectors, each with its own part of the
/// elements, joined at the end; then the elements that are left.
void NestEmitter::emitVectorReduction() {
  Operation *combiner = matchCombiner(nest.op);
  const LoopGroup &last = nest.reductions.back();
  unsigned output = nest.numInputs();
  SmallVector<Value> results = reductionLoops(
      ArrayRef(nest.reductions).drop_back(), {load(output, 0).scalar},
      [&](ArrayRef<Value> carried) -> SmallVector<Value> {
        Value total = carried[0], from = math.constant(0);
        unsigned vectors = reductionVectors;
        int64_t step = int64_t(lanes) * vectors;
        if (lanes) {
          auto type = VectorType::get(lanes, total.getType());
          Value neutral = arith::ConstantOp::create(
              builder, loc,
              DenseElementsAttr::get(
                  type, Attribute(*arith::getNeutralElement(combiner))));
          SmallVector<Value> parts(vectors, neutral);
          for (unsigned used : {vectors, 1u}) {
            step = int64_t(lanes) * used;
            Value end = math.mul(math.div(last.size, math.constant(step)),
                                 math.constant(step));
            OpBuilder::InsertionGuard guard(builder);
            auto created =
                beginLoop(from, end, step, ArrayRef(parts).take_front(used));
            SmallVector<Value> next;
            for (unsigned i = 0; i < used; ++i) {
              setPosition(last, math.add(created.getInductionVar(),
                                         math.constant(i * int64_t(lanes))));
              llvm::append_range(next,
                                 bodyAt(lanes, {created.getRegionIterArg(i)}));
            }
            scf::YieldOp::create(builder, loc, next);
            for (unsigned i = 0; i < used; ++i)
              parts[i] = created.getResult(i);
            from = end;
          }
          for (unsigned half = vectors / 2; half; half /= 2)
            for (unsigned i = 0; i < half; ++i)
              parts[i] = join(parts[i], parts[i + half], combiner);
          total = join(total, combineLanes(parts[0], combiner), combiner);
        }
        OpBuilder::InsertionGuard guard(builder);
        auto rest = beginLoop(from, last.size, 1, total);
        setPosition(last, rest.getInductionVar());
        scf::YieldOp::create(builder, loc,
                             bodyAt(0, {rest.getRegionIterArg(0)}));
        positions.erase(&last);
        return {rest.getResult(0)};
      });
  nest.operands[output].store(math, results[0], offset(output));
}

void NestEmitter::emitRow() {
  if (nest.vectorIsReduction)
    return emitVectorReduction();
  if (!nest.tile)
    return emitColumns(Value());
  Value whole =
      math.mul(math.div(math.sub(tileEnd, tileBegin), math.constant(tileRows)),
               math.constant(tileRows));
  Value middle = math.add(tileBegin, whole);
  loop(tileBegin, middle, tileRows, [&](Value first) {
    SmallVector<Value> tilePositions;
    for (unsigned i = 0; i < tileRows; ++i)
      tilePositions.push_back(math.add(first, math.constant(i)));
    emitColumns(tilePositions);
  });
  loop(middle, tileEnd, 1, [&](Value row) { emitColumns(row); });
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
  loop(begin, end, 1, [&](Value row) {
    for (size_t i = nest.rows.size(); i-- > 0;) {
      setPosition(nest.rows[i],
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

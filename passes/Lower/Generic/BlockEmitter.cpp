//===- BlockEmitter.cpp - Vector code of a block of results ---------------===//

#include "passes/Lower/Generic/BlockEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace qopt::generic {

/// Vectors of a reduction that are summed side by side.
static constexpr unsigned reductionVectors = 4;

/// The operand's elements for neighbouring positions of the vectors' loop are
/// neighbours.
bool BlockEmitter::isLine(unsigned operand) const {
  const LoopGroup &vectors = *nest.vectorGroup();
  if (!vectors.isUsed[operand] || !nest.operands[operand].isContiguous)
    return false;
  auto results = nest.op.getIndexingMapsArray()[operand].getResults();
  auto last = dyn_cast<AffineDimExpr>(results.back());
  return last && int64_t(last.getPosition()) == vectors.loops.back();
}

Value BlockEmitter::offset(unsigned operand) {
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

Lanes BlockEmitter::load(unsigned operand, unsigned lanes) {
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
SmallVector<Value> BlockEmitter::bodyAt(unsigned lanes,
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

scf::ForOp BlockEmitter::beginLoop(Value from, Value to, int64_t step,
                                   ValueRange carried) {
  auto loop =
      scf::ForOp::create(builder, loc, from, to, math.constant(step), carried);
  builder.setInsertionPointToStart(loop.getBody());
  return loop;
}

void BlockEmitter::loop(Value from, Value to, int64_t step,
                        llvm::function_ref<void(Value)> body) {
  OpBuilder::InsertionGuard guard(builder);
  scf::ForOp created = beginLoop(from, to, step);
  body(created.getInductionVar());
}

SmallVector<Value> BlockEmitter::reductionLoops(ArrayRef<LoopGroup> groups,
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

void BlockEmitter::emitBlock(ArrayRef<Value> tilePositions, Value column,
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

Value BlockEmitter::join(Value a, Value b, Operation *combiner) {
  OperationState state(loc, combiner->getName());
  state.addOperands({a, b});
  state.addAttributes(combiner->getAttrs());
  state.addTypes(a.getType());
  return builder.create(state)->getResult(0);
}

/// The lanes of a vector joined two and two.
Value BlockEmitter::combineLanes(Value vector, Operation *combiner) {
  auto type = cast<VectorType>(vector.getType());
  int64_t count = type.getNumElements();
  while (count > 1) {
    count /= 2;
    auto half = [&](int64_t first) {
      return vector::ShuffleOp::create(
          builder, loc, vector, vector,
          llvm::to_vector(llvm::seq(first, first + count)));
    };
    vector = join(half(0), half(count), combiner);
  }
  return vector::ExtractOp::create(builder, loc, vector, 0);
}

void BlockEmitter::emitVectorReduction() {
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

} // namespace qopt::generic

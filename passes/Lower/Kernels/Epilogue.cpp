//===- Epilogue.cpp - What follows a product, on vectors ------------------===//

#include "passes/Lower/Kernels/Epilogue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace qopt {

Epilogue::Epilogue(KernelBuilder &b, MatmulOp op)
    : b(b), op(op),
      N(cast<MemRefType>(op.getOut().getType()).getShape().back()),
      out(b.flatten(op.getOut())) {
  for (Value extra : op.getExtras())
    extras.push_back(
        {b.flatten(extra),
         cast<MemRefType>(extra.getType()).getRank() == 1 &&
             cast<MemRefType>(op.getOut().getType()).getRank() > 1});
  if (!op.getCandidates().empty())
    candidates.emplace(b, op.getCandidates());
}

void Epilogue::begin() {
  if (candidates)
    candidates->clear();
}

Value Epilogue::place(Value flat, Value row, Value column) {
  return CodedItems::place(b, part, flat, row, column, N);
}

Value Epilogue::apply(Value accumulator, ArrayRef<Value> extras) {
  Type element = cast<MemRefType>(op.getOut().getType()).getElementType();
  if (op.getEpilogue().empty())
    return b.narrow(accumulator, element);
  Block &body = op.getEpilogue().front();
  IRMapping vectors;
  vectors.map(body.getArgument(0), accumulator);
  for (auto [argument, extra] :
       llvm::zip_equal(body.getArguments().drop_front(), extras))
    vectors.map(argument, extra);
  auto asVector = [&](Value value) {
    if (!vectors.contains(value))
      vectors.map(value, b.splat(value)); // defined outside of the region
    return vectors.lookup(value);
  };
  for (Operation &scalar : body.without_terminator()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(scalar)) {
      auto type = VectorType::get({b.lanes}, constant.getType());
      vectors.map(constant.getResult(),
                  arith::ConstantOp::create(
                      b, SplatElementsAttr::get(type, constant.getValue())));
      continue;
    }
    for (Value operand : scalar.getOperands())
      asVector(operand);
    for (Value result : b.clone(scalar, vectors)->getResults())
      result.setType(VectorType::get({b.lanes}, result.getType()));
  }
  return b.narrow(asVector(cast<YieldOp>(body.getTerminator()).getValue()),
                  element);
}

void Epilogue::prefetch(ArrayRef<Value> rows, Value column, int64_t columns) {
  for (const Extra &extra : extras) {
    if (extra.perColumn || isLocal(extra.flat))
      continue;
    int64_t line =
        64 * 8 /
        cast<MemRefType>(extra.flat.getType()).getElementTypeBitWidth();
    for (Value row : rows)
      for (int64_t i = 0; i < columns; i += line)
        b.prefetch(extra.flat, b.add(place(extra.flat, row, column), i));
  }
}

void Epilogue::emit(ArrayRef<Value> rows, Value column, int64_t columns,
                    ArrayRef<Value> accumulators) {
  int64_t vectors = accumulators.size() / rows.size();
  auto count = [&](int64_t v) {
    return std::clamp<int64_t>(columns - v * b.lanes, 0, b.lanes);
  };
  auto load = [&](Value flat, Value start, int64_t v) {
    return count(v) == 0 ? Value()
                         : b.load(flat, b.add(start, v * b.lanes), count(v));
  };
  SmallVector<SmallVector<Value>> loaded(accumulators.size());
  SmallVector<Value> results;
  for (const Extra &extra : extras) {
    SmallVector<Value> ofColumns;
    for (int64_t v = 0; v < vectors && extra.perColumn; ++v)
      ofColumns.push_back(load(extra.flat, column, v));
    for (auto [r, row] : llvm::enumerate(rows))
      for (int64_t v = 0; v < vectors; ++v)
        loaded[r * vectors + v].push_back(
            extra.perColumn
                ? ofColumns[v]
                : load(extra.flat, place(extra.flat, row, column), v));
  }
  for (auto [r, row] : llvm::enumerate(rows))
    for (int64_t v = 0; v < vectors; ++v) {
      int64_t i = r * vectors + v;
      int64_t there = count(v);
      results.push_back(there ? apply(accumulators[i], loaded[i])
                              : accumulators[i]);
      if (there && !candidates)
        b.store(results[i], out, b.add(place(out, row, column), v * b.lanes),
                there);
    }
  if (!candidates)
    return;
  b.when(
      candidates->areWanted(),
      [&] {
        SmallVector<Value> floats;
        for (Value result : results)
          floats.push_back(b.widen(result));
        candidates->offer(rows, column, columns, floats);
      },
      [&] {
        for (auto [r, row] : llvm::enumerate(rows))
          for (int64_t v = 0; v < vectors; ++v)
            if (int64_t there = count(v))
              b.store(results[r * vectors + v], out,
                      b.add(place(out, row, column), v * b.lanes), there);
      });
}

} // namespace qopt

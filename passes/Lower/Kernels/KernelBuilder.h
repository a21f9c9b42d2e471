//===- KernelBuilder.h - Emits vector code on flat buffers ------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_KERNELBUILDER_H
#define QOPT_PASSES_LOWER_KERNELS_KERNELBUILDER_H

#include "lib/Target/X86.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace qopt {

/// The type with this element type and the same shape, if any.
mlir::Type withElement(mlir::Type type, mlir::Type element);

/// Makes the ops of a kernel: numbers of type index, vectors of f32 as wide as
/// the registers of the ISA version, and buffers seen as one row of elements.
class KernelBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  template <typename T> using Body = llvm::function_ref<T>;

  /// Emits before the op.
  KernelBuilder(mlir::Operation *op, const X86Isa &isa);

  const X86Isa &isa;
  const int64_t lanes;
  const mlir::VectorType vectorType;

  //===-- Index values ----------------------------------------------------===//

  Value index(int64_t value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return add(a, index(b)); }
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b) { return mul(a, index(b)); }
  /// Of numbers that are not negative.
  Value div(Value a, Value b);
  Value rem(Value a, Value b);
  Value ceilDiv(Value a, Value b);
  Value min(Value a, Value b);
  Value max(Value a, Value b);
  Value less(Value a, Value b); ///< signed; i1
  Value equal(Value a, Value b);
  Value choose(Value condition, Value a, Value b);
  Value toI32(Value index);
  /// Row and column of item `i` of a grid of rows of `columns`.
  std::pair<Value, Value> split(Value i, Value columns);

  //===-- Control ---------------------------------------------------------===//

  /// A parallel loop of `items` iterations. What follows is emitted behind it.
  void forall(Value items, Body<void(Value item)> body);
  /// A parallel loop over rows of `elements` elements, several to an item.
  void forallRows(Value rows, int64_t elements, Body<void(Value row)> body);
  void loop(Value begin, Value end, int64_t step, Body<void(Value i)> body);
  /// A loop that carries values.
  llvm::SmallVector<Value>
  loop(Value begin, Value end, int64_t step, llvm::ArrayRef<Value> init,
       Body<llvm::SmallVector<Value>(Value i, mlir::ValueRange carried)> body);
  void when(Value condition, Body<void()> then,
            Body<void()> otherwise = nullptr);
  llvm::SmallVector<Value> when(Value condition, mlir::TypeRange types,
                                Body<llvm::SmallVector<Value>()> then,
                                Body<llvm::SmallVector<Value>()> otherwise);

  //===-- Buffers ---------------------------------------------------------===//

  /// Size of a dimension.
  Value dim(Value buffer, int64_t dimension);
  /// Product of all sizes but the last `without`.
  Value rows(Value buffer, int64_t without = 1);
  /// The buffer, dense and row-major, as one row.
  Value flatten(Value buffer);
  /// `elements` values of f32 in memory of the calling thread.
  Value scratch(int64_t elements);

  /// One element, floats widened to f32.
  Value loadScalar(Value flat, Value offset);
  void storeScalar(Value value, Value flat, Value offset);

  /// `count <= lanes` elements widened to f32; 0 in the lanes beyond.
  Value load(Value flat, Value offset, int64_t count);
  Value load(Value flat, Value offset) { return load(flat, offset, lanes); }
  /// As many elements as are there: `count` may be 0, or more than lanes.
  Value loadFirst(Value flat, Value offset, Value count);
  void store(Value vector, Value flat, Value offset, int64_t count);
  void store(Value vector, Value flat, Value offset) {
    store(vector, flat, offset, lanes);
  }
  /// Fetches an element's line, to be read, into the second-level cache.
  void prefetch(Value flat, Value offset);
  /// An f32 element in all lanes.
  Value loadSplat(Value flat, Value offset) {
    return splat(loadScalar(flat, offset));
  }

  /// A scalar or vector of f32, f16, bf16 or i8 as f32. Conversions of floats
  /// become what the ISA version has in qopt-expand-math.
  Value widen(Value stored);
  /// A scalar or vector of f32 as f32, f16 or bf16, to nearest even.
  Value narrow(Value value, mlir::Type element);

  /// Calls `body(i, count)` for the vectors of `size` elements: count is lanes,
  /// but for what is left at the end.
  void eachVector(int64_t size, Body<void(Value i, int64_t count)> body);
  /// The same for a size known when running; the last elements come one by one
  /// when there are no masks, as `body(i, 1)`.
  void eachVector(Value size, Body<void(Value i, int64_t count)> body);

  //===-- Vectors of f32 --------------------------------------------------===//

  Value constant(double value); ///< f32
  Value splat(Value scalar);
  Value splat(double value);
  Value addf(Value a, Value b);
  Value subf(Value a, Value b);
  Value mulf(Value a, Value b);
  Value divf(Value a, Value b);
  /// a * b + c, in one instruction where there is one.
  Value multiplyAdd(Value a, Value b, Value c);
  /// The larger; c where one is no number: a > b ? a : b.
  Value maxf(Value a, Value b);
  Value shuffle(Value a, Value b, llvm::ArrayRef<int64_t> lanesOfBoth);
  Value firstLane(Value vector);
  /// Sum or largest of all lanes, by halves.
  Value sumLanes(Value vector);
  Value maxLanes(Value vector);
  /// The first `count` lanes, 0 in the others.
  Value keepFirst(Value vector, int64_t count);
  /// i1 of so many lanes, set in the first `count`.
  Value mask(int64_t count, int64_t size);
  /// The same of a vector; `count` may be less than 0, or more than lanes.
  Value mask(Value count);
  /// Rows become columns; as many vectors as lanes.
  void transpose(llvm::MutableArrayRef<Value> rows);

private:
  Value reduceLanes(Value vector, Body<Value(Value, Value)> combine);
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_KERNELBUILDER_H

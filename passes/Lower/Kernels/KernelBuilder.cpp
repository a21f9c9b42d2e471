//===- KernelBuilder.cpp - Emits vector code on flat buffers --------------===//

#include "passes/Lower/Kernels/KernelBuilder.h"

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace qopt {

KernelBuilder::KernelBuilder(Operation *op, const X86Isa &isa)
    : ImplicitLocOpBuilder(op->getLoc(), op), isa(isa), lanes(isa.lanes()),
      vectorType(
          VectorType::get({isa.lanes()}, Float32Type::get(op->getContext()))) {}

//===-- Index values ------------------------------------------------------===//

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}
Value KernelBuilder::add(Value a, Value b) {
  return createOrFold<arith::AddIOp>(a, b);
}
Value KernelBuilder::sub(Value a, Value b) {
  return createOrFold<arith::SubIOp>(a, b);
}
Value KernelBuilder::mul(Value a, Value b) {
  return createOrFold<arith::MulIOp>(a, b);
}
Value KernelBuilder::div(Value a, Value b) {
  return createOrFold<arith::DivUIOp>(a, b);
}
Value KernelBuilder::rem(Value a, Value b) {
  return createOrFold<arith::RemUIOp>(a, b);
}
Value KernelBuilder::ceilDiv(Value a, Value b) {
  return div(add(a, sub(b, index(1))), b);
}
Value KernelBuilder::min(Value a, Value b) {
  return createOrFold<arith::MinSIOp>(a, b);
}
Value KernelBuilder::max(Value a, Value b) {
  return createOrFold<arith::MaxSIOp>(a, b);
}
Value KernelBuilder::less(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, a, b);
}
Value KernelBuilder::equal(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, a, b);
}
Value KernelBuilder::choose(Value condition, Value a, Value b) {
  return createOrFold<arith::SelectOp>(condition, a, b);
}
Value KernelBuilder::toI32(Value index) {
  return createOrFold<arith::IndexCastOp>(getI32Type(), index);
}

std::pair<Value, Value> KernelBuilder::split(Value i, Value columns) {
  return {div(i, columns), rem(i, columns)};
}

//===-- Control -----------------------------------------------------------===//

void KernelBuilder::forall(Value items, Body<void(Value)> body) {
  auto op = scf::ForallOp::create(*this, ArrayRef<OpFoldResult>{items},
                                  ValueRange(), std::nullopt);
  InsertionGuard guard(*this);
  setInsertionPointToStart(op.getBody());
  body(op.getInductionVar(0));
}

void KernelBuilder::forallRows(Value rows, int64_t elements,
                               Body<void(Value)> body) {
  int64_t perItem =
      std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(1, elements));
  forall(ceilDiv(rows, index(perItem)), [&](Value item) {
    Value begin = mul(item, perItem);
    loop(begin, min(add(begin, perItem), rows), 1, body);
  });
}

void KernelBuilder::loop(Value begin, Value end, int64_t step,
                         Body<void(Value)> body) {
  loop(begin, end, step, {}, [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

SmallVector<Value>
KernelBuilder::loop(Value begin, Value end, int64_t step, ArrayRef<Value> init,
                    Body<SmallVector<Value>(Value, ValueRange)> body) {
  auto op = scf::ForOp::create(*this, begin, end, index(step), init);
  InsertionGuard guard(*this);
  setInsertionPointToStart(op.getBody());
  SmallVector<Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
  if (!init.empty())
    scf::YieldOp::create(*this, next);
  return llvm::to_vector(ValueRange(op.getResults()));
}

void KernelBuilder::when(Value condition, Body<void()> then,
                         Body<void()> otherwise) {
  auto op = scf::IfOp::create(*this, condition, bool(otherwise));
  InsertionGuard guard(*this);
  setInsertionPointToStart(op.thenBlock());
  then();
  if (otherwise) {
    setInsertionPointToStart(op.elseBlock());
    otherwise();
  }
}

SmallVector<Value> KernelBuilder::when(Value condition, TypeRange types,
                                       Body<SmallVector<Value>()> then,
                                       Body<SmallVector<Value>()> otherwise) {
  auto op = scf::IfOp::create(*this, types, condition, /*withElse=*/true);
  InsertionGuard guard(*this);
  setInsertionPointToStart(op.thenBlock());
  scf::YieldOp::create(*this, then());
  setInsertionPointToStart(op.elseBlock());
  scf::YieldOp::create(*this, otherwise());
  return llvm::to_vector(ValueRange(op.getResults()));
}

//===-- Buffers -----------------------------------------------------------===//

Value KernelBuilder::dim(Value buffer, int64_t dimension) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(dimension))
    return index(type.getDimSize(dimension));
  if (auto view = buffer.getDefiningOp<memref::ReinterpretCastOp>())
    return getValueOrCreateConstantIndexOp(*this, getLoc(),
                                           view.getMixedSizes()[dimension]);
  return memref::DimOp::create(*this, buffer, dimension);
}

Value KernelBuilder::rows(Value buffer, int64_t without) {
  Value product = index(1);
  int64_t rank = cast<MemRefType>(buffer.getType()).getRank();
  for (int64_t i = 0; i < rank - without; ++i)
    product = mul(product, dim(buffer, i));
  return product;
}

Value KernelBuilder::flatten(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  OpFoldResult size = getAsOpFoldResult(rows(buffer, 0));
  auto flat = MemRefType::get({ShapedType::kDynamic}, type.getElementType());
  if (auto constant = getConstantIntValue(size))
    flat = MemRefType::get({*constant}, type.getElementType());
  return memref::ReinterpretCastOp::create(
      *this, flat, buffer, OpFoldResult(getIndexAttr(0)),
      ArrayRef<OpFoldResult>{size}, ArrayRef<OpFoldResult>{getIndexAttr(1)});
}

Value KernelBuilder::scratch(int64_t elements) {
  auto bytes = MemRefType::get({elements * 4}, getI8Type());
  return memref::ViewOp::create(
      *this, MemRefType::get({elements}, getF32Type()),
      ScratchOp::create(*this, bytes), index(0), ValueRange());
}

Type withElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return VectorType::get(vector.getShape(), element);
  return element;
}

void KernelBuilder::prefetch(Value flat, Value offset) {
  memref::PrefetchOp::create(*this, flat, ValueRange{offset}, /*isWrite=*/false,
                             /*localityHint=*/2, /*isDataCache=*/true);
}

Value KernelBuilder::widen(Value stored) {
  Type type = stored.getType(), f32 = withElement(type, getF32Type());
  if (type == f32)
    return stored;
  if (getElementTypeOrSelf(type).isInteger())
    return arith::SIToFPOp::create(*this, f32, stored);
  return arith::ExtFOp::create(*this, f32, stored);
}

Value KernelBuilder::narrow(Value value, Type element) {
  Type type = withElement(value.getType(), element);
  return type == value.getType()
             ? value
             : arith::TruncFOp::create(*this, type, value).getResult();
}

Value KernelBuilder::loadScalar(Value flat, Value offset) {
  Value stored = memref::LoadOp::create(*this, flat, offset);
  return llvm::isa<FloatType>(stored.getType()) ? widen(stored) : stored;
}

void KernelBuilder::storeScalar(Value value, Value flat, Value offset) {
  memref::StoreOp::create(*this, value, flat, offset);
}

Value KernelBuilder::mask(int64_t count, int64_t size) {
  SmallVector<bool> bits(size, false);
  std::fill_n(bits.begin(), count, true);
  return arith::ConstantOp::create(
      *this, DenseElementsAttr::get(VectorType::get({size}, getI1Type()),
                                    ArrayRef<bool>(bits)));
}

Value KernelBuilder::mask(Value count) {
  auto numbers = llvm::to_vector(llvm::seq<int32_t>(0, int32_t(lanes)));
  Value lane = arith::ConstantOp::create(*this, getI32VectorAttr(numbers));
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::slt, lane,
                               splat(toI32(count)));
}

Value KernelBuilder::load(Value flat, Value offset, int64_t count) {
  Type element = cast<MemRefType>(flat.getType()).getElementType();
  auto type = VectorType::get({lanes}, element);
  if (count == lanes)
    return widen(vector::LoadOp::create(*this, type, flat, offset));
  Value zero = arith::ConstantOp::create(*this, getZeroAttr(type));
  return widen(vector::MaskedLoadOp::create(*this, type, flat, offset,
                                            mask(count, lanes), zero));
}

Value KernelBuilder::loadFirst(Value flat, Value offset, Value count) {
  Type element = cast<MemRefType>(flat.getType()).getElementType();
  auto type = VectorType::get({lanes}, element);
  Value zero = arith::ConstantOp::create(*this, getZeroAttr(type));
  return widen(vector::MaskedLoadOp::create(*this, type, flat, offset,
                                            mask(count), zero));
}

void KernelBuilder::store(Value vector, Value flat, Value offset,
                          int64_t count) {
  if (count == lanes)
    vector::StoreOp::create(*this, vector, flat, offset);
  else
    vector::MaskedStoreOp::create(*this, flat, offset, mask(count, lanes),
                                  vector);
}

void KernelBuilder::eachVector(int64_t size, Body<void(Value, int64_t)> body) {
  int64_t whole = size / lanes * lanes;
  if (whole > 0)
    loop(index(0), index(whole), lanes, [&](Value i) { body(i, lanes); });
  if (size > whole)
    body(index(whole), size - whole);
}

void KernelBuilder::eachVector(Value size, Body<void(Value, int64_t)> body) {
  if (auto constant = getConstantIntValue(size))
    return eachVector(*constant, body);
  Value whole = mul(div(size, index(lanes)), lanes);
  loop(index(0), whole, lanes, [&](Value i) { body(i, lanes); });
  loop(whole, size, 1, [&](Value i) { body(i, 1); });
}

//===-- Vectors of f32 ----------------------------------------------------===//

Value KernelBuilder::constant(double value) {
  return arith::ConstantOp::create(*this, getF32FloatAttr(float(value)));
}
Value KernelBuilder::splat(Value scalar) {
  return vector::BroadcastOp::create(
      *this, VectorType::get({lanes}, scalar.getType()), scalar);
}
Value KernelBuilder::splat(double value) {
  return arith::ConstantOp::create(
      *this, DenseElementsAttr::get(vectorType, float(value)));
}

static constexpr auto contract = arith::FastMathFlags::contract;

Value KernelBuilder::addf(Value a, Value b) {
  return arith::AddFOp::create(*this, a, b, contract);
}
Value KernelBuilder::subf(Value a, Value b) {
  return arith::SubFOp::create(*this, a, b, contract);
}
Value KernelBuilder::mulf(Value a, Value b) {
  return arith::MulFOp::create(*this, a, b, contract);
}
Value KernelBuilder::divf(Value a, Value b) {
  return arith::DivFOp::create(*this, a, b);
}
Value KernelBuilder::multiplyAdd(Value a, Value b, Value c) {
  return addf(mulf(a, b), c);
}
Value KernelBuilder::maxf(Value a, Value b) {
  return choose(arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, a, b),
                a, b);
}
Value KernelBuilder::shuffle(Value a, Value b, ArrayRef<int64_t> lanesOfBoth) {
  return vector::ShuffleOp::create(*this, a, b, lanesOfBoth);
}

Value KernelBuilder::firstLane(Value vector) {
  return vector::ExtractOp::create(*this, vector, 0);
}

Value KernelBuilder::reduceLanes(Value vector,
                                 Body<Value(Value, Value)> combine) {
  for (int64_t half = lanes / 2; half > 0; half /= 2) {
    SmallVector<int64_t> other;
    for (int64_t i = 0; i < lanes; ++i)
      other.push_back(i ^ half);
    vector = combine(vector, shuffle(vector, vector, other));
  }
  return firstLane(vector);
}

Value KernelBuilder::sumLanes(Value vector) {
  return reduceLanes(vector, [&](Value a, Value b) { return addf(a, b); });
}
Value KernelBuilder::maxLanes(Value vector) {
  return reduceLanes(vector, [&](Value a, Value b) { return maxf(a, b); });
}

Value KernelBuilder::keepFirst(Value vector, int64_t count) {
  SmallVector<int64_t> kept;
  for (int64_t i = 0; i < lanes; ++i)
    kept.push_back(i < count ? i : lanes + i);
  return count == lanes ? vector : shuffle(vector, splat(0.0), kept);
}

void KernelBuilder::transpose(MutableArrayRef<Value> rows) {
  for (int64_t half = 1; half < lanes; half *= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < lanes; ++i) {
      low.push_back(i & half ? lanes + i - half : i);
      high.push_back(i & half ? lanes + i : i + half);
    }
    for (int64_t row = 0; row < lanes; ++row) {
      if (row & half)
        continue;
      Value a = rows[row], b = rows[row + half];
      rows[row] = shuffle(a, b, low);
      rows[row + half] = shuffle(a, b, high);
    }
  }
}

} // namespace qopt

//===- Candidates.cpp - Lists of the largest elements of rows -------------===//

#include "passes/Lower/Kernels/Candidates.h"

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/Dots.h"
#include "passes/Lower/Kernels/Kernels.h"

#include <limits>

using namespace mlir;

namespace qopt {

CandidateLists::CandidateLists(KernelBuilder &b, ValueRange outs)
    : b(b), values(b.flatten(outs[0])), tokens(b.flatten(outs[1])),
      locks(b.flatten(outs[2])), rows(b.rows(outs[0])),
      size(b.dim(outs[0], cast<MemRefType>(outs[0].getType()).getRank() - 1)) {}

Value CandidateLists::areWanted() { return b.less(b.index(0), size); }

void CandidateLists::clear() {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value least = b.constant(-infinity);
  Value none = arith::ConstantIntOp::create(b, -1, 64);
  Value open = arith::ConstantIntOp::create(b, 0, 32);
  b.loop(b.index(0), b.mul(rows, size), 1, [&](Value i) {
    b.storeScalar(least, values, i);
    b.storeScalar(none, tokens, i);
  });
  b.loop(b.index(0), rows, 1, [&](Value row) {
    b.storeScalar(open, locks, b.mul(row, CandidatesOp::lockSize));
  });
}

//===-- Locks -------------------------------------------------------------===//

/// Others change it at the same time. A list's last element only grows: one
/// that is out of date lets through what the list does not take.
Value CandidateLists::leastOf(Value row) {
  Value last = b.sub(b.mul(b.add(row, 1), size), b.index(1));
  return LLVM::LoadOp::create(
      b, b.getF32Type(), valueAt(last), /*alignment=*/4, /*isVolatile=*/false,
      /*isNonTemporal=*/false, /*isInvariant=*/false,
      /*isInvariantGroup=*/false, LLVM::AtomicOrdering::monotonic);
}

void CandidateLists::storeValue(Value value, Value place) {
  LLVM::StoreOp::create(b, value, valueAt(place), /*alignment=*/4,
                        /*isVolatile=*/false, /*isNonTemporal=*/false,
                        /*isInvariantGroup=*/false,
                        LLVM::AtomicOrdering::monotonic);
}

Value CandidateLists::valueAt(Value place) {
  Value start = memref::ExtractAlignedPointerAsIndexOp::create(b, values);
  Value address = arith::IndexCastOp::create(b, b.getI64Type(),
                                             b.add(start, b.mul(place, 4)));
  return LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext()),
                                  address);
}

void CandidateLists::lock(Value row) {
  Value taken = arith::ConstantIntOp::create(b, 1, 32);
  Value open = arith::ConstantIntOp::create(b, 0, 32);
  Value place = b.mul(row, CandidatesOp::lockSize);
  scf::WhileOp::create(
      b, TypeRange(), ValueRange(),
      [&](OpBuilder &, Location, ValueRange) {
        Value before = memref::AtomicRMWOp::create(
            b, arith::AtomicRMWKind::assign, taken, locks, ValueRange{place});
        Value isTaken =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ne, before, open);
        scf::ConditionOp::create(b, isTaken, ValueRange());
      },
      [&](OpBuilder &, Location, ValueRange) {
        callIntrinsic(b, "llvm.x86.sse2.pause", nullptr, {});
        scf::YieldOp::create(b);
      });
}

void CandidateLists::unlock(Value row) {
  Value open = arith::ConstantIntOp::create(b, 0, 32);
  memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::assign, open, locks,
                              ValueRange{b.mul(row, CandidatesOp::lockSize)});
}

//===-- Elements ----------------------------------------------------------===//

Value CandidateLists::isBefore(Value value, Value token, Value place) {
  Value other = b.loadScalar(values, place);
  Value otherToken = b.loadScalar(tokens, place);
  Value isLarger =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, value, other);
  Value isEqual =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, value, other);
  Value isLower =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, token, otherToken);
  return arith::OrIOp::create(b, isLarger,
                              arith::AndIOp::create(b, isEqual, isLower));
}

/// Into the list [first, last], whose last element goes.
void CandidateLists::insert(Value value, Value token, Value first, Value last) {
  auto search = scf::WhileOp::create(
      b, TypeRange{b.getIndexType()}, ValueRange{last},
      [&](OpBuilder &, Location, ValueRange carried) {
        Value place = carried[0];
        Value goesOn = b.when(
            b.less(first, place), {b.getI1Type()},
            [&]() -> SmallVector<Value> {
              return {isBefore(value, token, b.sub(place, b.index(1)))};
            },
            [&]() -> SmallVector<Value> {
              return {arith::ConstantIntOp::create(b, 0, 1)};
            })[0];
        scf::ConditionOp::create(b, goesOn, carried);
      },
      [&](OpBuilder &, Location, ValueRange carried) {
        Value before = b.sub(carried[0], b.index(1));
        storeValue(b.loadScalar(values, before), carried[0]);
        b.storeScalar(b.loadScalar(tokens, before), tokens, carried[0]);
        scf::YieldOp::create(b, before);
      });
  storeValue(value, search.getResult(0));
  b.storeScalar(token, tokens, search.getResult(0));
}

void CandidateLists::offerRow(Value row, Value tile, Value start, Value column,
                              int64_t columns) {
  Value first = b.mul(row, size);
  Value last = b.sub(b.add(first, size), b.index(1));
  lock(row);
  b.loop(b.index(0), b.index(columns), 1, [&](Value i) {
    Value value = b.loadScalar(tile, b.add(start, i));
    Value token =
        arith::IndexCastOp::create(b, b.getI64Type(), b.add(column, i));
    b.when(isBefore(value, token, last),
           [&] { insert(value, token, first, last); });
  });
  unlock(row);
}

void CandidateLists::offer(ArrayRef<Value> rows, Value column, int64_t columns,
                           ArrayRef<Value> vectors) {
  const int64_t perRow = vectors.size() / rows.size();
  Value reached;
  for (auto [r, row] : llvm::enumerate(rows)) {
    Value least = b.splat(leastOf(row));
    for (int64_t v = 0; v < perRow && v * b.lanes < columns; ++v) {
      Value reaches = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE,
                                            vectors[r * perRow + v], least);
      reached = reached ? arith::OrIOp::create(b, reached, reaches) : reaches;
    }
  }
  b.when(vector::ReductionOp::create(b, vector::CombiningKind::OR, reached),
         [&] {
           const int64_t width = perRow * b.lanes, height = rows.size();
           Value tile = b.scratch(height * width);
           for (auto [i, vector] : llvm::enumerate(vectors))
             b.store(vector, tile, b.index(i * b.lanes));
           if (height == 1)
             return offerRow(rows[0], tile, b.index(0), column, columns);
           Value numbers =
               ScratchOp::create(b, MemRefType::get({height}, b.getI64Type()));
           for (auto [r, row] : llvm::enumerate(rows))
             b.storeScalar(arith::IndexCastOp::create(b, b.getI64Type(), row),
                           numbers, b.index(r));
           Value none = b.index(-1);
           b.loop(b.index(0), b.index(height), 1, {none},
                  [&](Value r, ValueRange before) -> SmallVector<Value> {
                    Value row = arith::IndexCastOp::create(
                        b, b.getIndexType(), b.loadScalar(numbers, r));
                    b.when(
                        b.equal(row, before[0]), [] {},
                        [&] {
                          offerRow(row, tile, b.mul(r, width), column, columns);
                        });
                    return {row};
                  });
         });
}

//===-- The op ------------------------------------------------------------===//

LogicalResult lowerCandidates(CandidatesOp op, const X86Isa &isa) {
  if (failed(expectStored(op, op.getLogits())))
    return failure();
  KernelBuilder b(op, isa);
  const int64_t N =
      cast<MemRefType>(op.getLogits().getType()).getShape().back();
  constexpr int64_t part = 4096; // of a row, an item
  Value logits = b.flatten(op.getLogits());
  Value parts = b.index(llvm::divideCeil(N, part));
  CandidateLists lists(b, op.getOuts());
  lists.clear();
  Value items = b.mul(b.rows(op.getLogits()), parts);
  items = b.choose(lists.areWanted(), items, b.index(0));
  b.forall(items, [&](Value item) {
    Value row = b.div(item, parts), number = b.rem(item, parts);
    Value first = b.mul(row, N), begin = b.mul(number, part);
    int64_t rest = N % b.lanes;
    auto offer = [&](Value column, int64_t columns) {
      lists.offer({row}, column, columns,
                  {b.load(logits, b.add(first, column), columns)});
    };
    b.loop(begin, b.min(b.add(begin, part), b.index(N - rest)), b.lanes,
           [&](Value column) { offer(column, b.lanes); });
    if (rest)
      b.when(b.equal(number, b.sub(parts, b.index(1))),
             [&] { offer(b.index(N - rest), rest); });
  });
  return success();
}

} // namespace qopt

//===- VectorizeLinalg.cpp - linalg on buffers to vector code -------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Generic/LoopNest.h"
#include "passes/Passes.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_VECTORIZELINALG
#include "passes/Passes.h.inc"

namespace {

/// A copy of buffers as a generic op.
linalg::GenericOp asGeneric(memref::CopyOp copy, IRRewriter &rewriter) {
  auto type = cast<MemRefType>(copy.getTarget().getType());
  AffineMap map = rewriter.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  rewriter.setInsertionPoint(copy);
  auto op = linalg::GenericOp::create(
      rewriter, copy.getLoc(), copy.getSource(), copy.getTarget(), {map, map},
      iterators, [](OpBuilder &builder, Location loc, ValueRange values) {
        linalg::YieldOp::create(builder, loc, values[0]);
      });
  rewriter.eraseOp(copy);
  return op;
}

/// The op without inputs that are scalars: its body reads them from above.
linalg::GenericOp readScalarsFromAbove(linalg::GenericOp op,
                                       IRRewriter &rewriter) {
  Block *body = op.getBody();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  llvm::BitVector scalars(body->getNumArguments());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType())) {
      unsigned number = operand.getOperandNumber();
      rewriter.replaceAllUsesWith(body->getArgument(number), operand.get());
      scalars.set(number);
      continue;
    }
    maps.push_back(op.getMatchingIndexingMap(&operand));
    if (op.isDpsInput(&operand))
      inputs.push_back(operand.get());
  }
  if (scalars.none())
    return op;
  rewriter.setInsertionPoint(op);
  auto kept =
      linalg::GenericOp::create(rewriter, op.getLoc(), inputs, op.getOutputs(),
                                maps, op.getIteratorTypesArray());
  rewriter.inlineRegionBefore(op.getRegion(), kept.getRegion(),
                              kept.getRegion().end());
  kept.getBody()->eraseArguments(scalars);
  rewriter.eraseOp(op);
  return kept;
}

struct VectorizeLinalg final : impl::VectorizeLinalgBase<VectorizeLinalg> {
  using VectorizeLinalgBase::VectorizeLinalgBase;

  void runOnOperation() override {
    const X86Isa *target = findX86Isa(isa);
    if (!target) {
      getOperation().emitError("unknown ISA version: ") << isa;
      return signalPassFailure();
    }
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> found;
    getOperation().walk([&](Operation *op) {
      if (mlir::isa<linalg::LinalgOp, memref::CopyOp>(op))
        found.push_back(op);
    });
    for (Operation *op : found)
      if (failed(lower(op, rewriter, *target)))
        return signalPassFailure();
  }

  LogicalResult lower(Operation *op, IRRewriter &rewriter,
                      const X86Isa &target) {
    linalg::GenericOp generic;
    if (auto copy = dyn_cast<memref::CopyOp>(op)) {
      generic = asGeneric(copy, rewriter);
    } else if (!(generic = dyn_cast<linalg::GenericOp>(op))) {
      rewriter.setInsertionPoint(op);
      auto made =
          linalg::generalizeNamedOp(rewriter, cast<linalg::LinalgOp>(op));
      if (failed(made))
        return op->emitOpError("cannot be lowered to vectors: it has no loops");
      generic = *made;
    }
    // Without operands, it is a check: on no tensors.
    if (generic->getNumOperands() != 0 && !generic.hasPureBufferSemantics())
      return generic.emitOpError(
          "cannot be lowered to vectors: it is not on buffers");
    for (AffineMap map : generic.getIndexingMapsArray())
      for (AffineExpr result : map.getResults())
        if (!mlir::isa<AffineDimExpr, AffineConstantExpr>(result) ||
            (mlir::isa<AffineConstantExpr>(result) &&
             mlir::cast<AffineConstantExpr>(result).getValue() != 0))
          return generic.emitOpError(
              "cannot be lowered to vectors: an operand is not walked "
              "dimension by dimension");
    generic = readScalarsFromAbove(generic, rewriter);
    rewriter.setInsertionPoint(generic);
    generic::IndexMath math{rewriter, generic.getLoc()};
    generic::LoopNest nest(generic, math);
    emitLoopNest(nest, math, target);
    rewriter.eraseOp(generic);
    return success();
  }
};

} // namespace
} // namespace qopt

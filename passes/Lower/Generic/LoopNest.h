//===- LoopNest.h - The loops of a linalg op, few and long ------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_GENERIC_LOOPNEST_H
#define QOPT_PASSES_LOWER_GENERIC_LOOPNEST_H

#include "lib/Target/X86.h"
#include "passes/Lower/Generic/VectorBody.h"

namespace qopt::generic {

/// Consecutive loops of the op that every operand walks as one line.
struct LoopGroup {
  mlir::SmallVector<int64_t> loops; ///< of the op, outermost first
  mlir::Value size;
  int64_t staticSize; ///< or ShapedType::kDynamic
  mlir::SmallVector<bool>
      isUsed; ///< by operand: whether it moves with the loop
  mlir::SmallVector<mlir::Value> strides; ///< by operand; null where not used
};

/// How a generic op on buffers is computed: rows are spread over items, in a
/// row `tile` (products only) and `columns` run, inside them `reductions`. One
/// of the innermost loops is computed on vectors.
struct LoopNest {
  LoopNest(mlir::linalg::GenericOp op, const IndexMath &math);

  mutable mlir::linalg::GenericOp op; // its accessors are not const
  mlir::SmallVector<FlatBuffer> operands;
  LoadedBuffers loaded;
  mlir::SmallVector<LoopGroup> rows;
  std::optional<LoopGroup> tile, columns;
  mlir::SmallVector<LoopGroup> reductions;
  /// The last reduction, not the columns, is computed on vectors.
  bool vectorIsReduction = false;
  /// Vectors are possible at all.
  bool isVectorizable = false;

  unsigned numInputs() const { return op.getNumDpsInputs(); }
  unsigned numOutputs() const { return op.getNumDpsInits(); }
  /// The group that vectors run along, or null.
  const LoopGroup *vectorGroup() const;

private:
  mlir::SmallVector<LoopGroup> group(const IndexMath &math);
  bool isFastest(const LoopGroup &group, unsigned operand) const;
  void chooseVectorGroup(mlir::SmallVector<LoopGroup> parallel);
};

/// The op that joins a value to the accumulator, when it is one op on the two.
mlir::Operation *matchCombiner(mlir::linalg::GenericOp op);

/// Computes the op: `scf.forall` over items that depend on sizes only.
void emitLoopNest(const LoopNest &nest, const IndexMath &math,
                  const X86Isa &isa);

} // namespace qopt::generic

#endif // QOPT_PASSES_LOWER_GENERIC_LOOPNEST_H

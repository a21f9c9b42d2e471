//===- BlockEmitter.h - Vector code of a block of results -------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_GENERIC_BLOCKEMITTER_H
#define QOPT_PASSES_LOWER_GENERIC_BLOCKEMITTER_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Lower/Generic/LoopNest.h"

namespace qopt::generic {

/// Makes the code that computes results of a nest at the positions of its
/// loops: the body on vectors, inside the loops of the reductions.
class BlockEmitter {
public:
  /// `lanes` of a vector, 0 where the nest has none.
  BlockEmitter(const LoopNest &nest, const IndexMath &math, unsigned lanes)
      : nest(nest), builder(math.builder),
        loc(math.loc), math{math.builder, math.loc}, lanes(lanes) {}

  void setPosition(const LoopGroup &group, mlir::Value position) {
    positions[&group] = position;
  }
  /// A block of results: one row for each tile position (or the one row there
  /// is), `vectors` vectors of columns from `column` on; lanes 0: one column.
  void emitBlock(mlir::ArrayRef<mlir::Value> tilePositions, mlir::Value column,
                 unsigned vectors, unsigned lanes);
  /// One result: the last reduction on vectors, each with its own part of the
  /// elements, joined at the end; then the elements that are left.
  void emitVectorReduction();
  /// `body` with the position of a loop.
  void loop(mlir::Value from, mlir::Value to, int64_t step,
            llvm::function_ref<void(mlir::Value)> body);

private:
  using Inner = llvm::function_ref<mlir::SmallVector<mlir::Value>(
      mlir::ArrayRef<mlir::Value>)>;

  mlir::Value join(mlir::Value a, mlir::Value b, mlir::Operation *combiner);
  mlir::Value combineLanes(mlir::Value vector, mlir::Operation *combiner);
  mlir::scf::ForOp beginLoop(mlir::Value from, mlir::Value to, int64_t step,
                             mlir::ValueRange carried = {});
  mlir::SmallVector<mlir::Value>
  reductionLoops(mlir::ArrayRef<LoopGroup> groups,
                 mlir::SmallVector<mlir::Value> carried, Inner inner);
  mlir::SmallVector<mlir::Value>
  bodyAt(unsigned lanes, mlir::ArrayRef<mlir::Value> accumulators);
  Lanes load(unsigned operand, unsigned lanes);
  mlir::Value offset(unsigned operand);
  bool isLine(unsigned operand) const;

  const LoopNest &nest;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  IndexMath math;
  unsigned lanes;
  /// Where the loops of the groups stand.
  llvm::DenseMap<const LoopGroup *, mlir::Value> positions;
};

} // namespace qopt::generic

#endif // QOPT_PASSES_LOWER_GENERIC_BLOCKEMITTER_H

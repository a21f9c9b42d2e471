//===- VectorBody.h - A loop body computed on several elements --*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_GENERIC_VECTORBODY_H
#define QOPT_PASSES_LOWER_GENERIC_VECTORBODY_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "passes/Lower/Generic/FlatBuffer.h"
#include "llvm/ADT/DenseMap.h"

namespace qopt::generic {

/// A scalar of a loop body in all iterations that run at once.
struct Lanes {
  mlir::Value scalar;    ///< the same in all, or that of the first
  mlir::Value vector;    ///< one for each; null while `scalar` says all
  bool isLinear = false; ///< lane i has `scalar` + i

  static Lanes same(mlir::Value value) { return {value, nullptr, false}; }
  static Lanes linear(mlir::Value first) { return {first, nullptr, true}; }
  static Lanes each(mlir::Value vector) { return {nullptr, vector, false}; }
  bool isSame() const { return scalar && !isLinear; }
};

/// Buffers that bodies read with `memref.load`.
using LoadedBuffers = llvm::DenseMap<mlir::Value, FlatBuffer>;

/// Whether the body can be computed on consecutive positions of loop
/// `vectorLoop` at once: no branch depends on it, and every op exists on
/// vectors. `varies` tells for each argument of the body whether it does.
bool canVectorizeBody(mlir::linalg::GenericOp op, int64_t vectorLoop,
                      mlir::ArrayRef<bool> varies);

/// Clones the body of a generic op for one place of its loops.
class VectorBody {
public:
  /// `lanes` consecutive positions of loop `vectorLoop`; 0: one position.
  VectorBody(mlir::linalg::GenericOp op, const LoadedBuffers &loaded,
             int64_t vectorLoop, unsigned lanes)
      : op(op), loaded(loaded), vectorLoop(vectorLoop), lanes(lanes) {}

  /// The values that the body yields. `positions` has one value for each loop
  /// of the op whose `linalg.index` is used.
  mlir::SmallVector<mlir::Value> emit(mlir::OpBuilder &builder,
                                      mlir::ArrayRef<mlir::Value> positions,
                                      mlir::ArrayRef<Lanes> arguments);

private:
  using Values = llvm::DenseMap<mlir::Value, Lanes>;

  void emitBlock(mlir::Block &block, Values &values);
  Lanes emitLoad(mlir::Operation *load, Values &values);
  void emitIf(mlir::Operation *branch, Values &values);
  void emitFailure(mlir::Operation *failure, Values &values);
  void emitElementwise(mlir::Operation *scalarOp, Values &values);
  Lanes lookup(mlir::Value value, Values &values);
  mlir::Value asVector(Lanes value);
  /// What leaves a region: a scalar without lanes, else a vector.
  mlir::Value leaving(Lanes value) {
    return lanes ? asVector(value) : value.scalar;
  }

  mlir::linalg::GenericOp op;
  const LoadedBuffers &loaded;
  int64_t vectorLoop;
  unsigned lanes;
  mlir::OpBuilder *builder = nullptr;
  mlir::ArrayRef<mlir::Value> positions;
};

} // namespace qopt::generic

#endif // QOPT_PASSES_LOWER_GENERIC_VECTORBODY_H

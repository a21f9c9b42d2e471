//===- TensorBuffers.h - The buffers that tensors lie in --------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_TENSORBUFFERS_H
#define QOPT_PASSES_LOWER_TENSORBUFFERS_H

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace qopt {

/// Whether values of the type are bufferized: tensors, and weights of codes.
inline bool isTensor(mlir::Type type) {
  return llvm::isa<mlir::TensorType, QTensorType>(type);
}

/// The dense buffer of a ranked tensor type; the bytes of a weight of codes.
mlir::MemRefType bufferType(mlir::Type type);

/// The buffers that the tensors of a function's block lie in. Several tensors
/// lie in one where an op is a view or writes in place. Allocations and views
/// are made at `builder`; errors are those of `op`.
class TensorBuffers {
public:
  TensorBuffers(mlir::OpBuilder &builder) : builder(builder) {}

  void set(mlir::Value tensor, mlir::Value buffer);
  /// Null when it lies in none.
  mlir::Value lookup(mlir::Value tensor) const {
    return buffers.lookup(tensor);
  }

  /// A new buffer with the sizes of the tensor's type.
  mlir::FailureOr<mlir::Value> allocate(mlir::Value tensor,
                                        mlir::Operation *op);
  /// The buffer of the input with the sizes of the result.
  mlir::FailureOr<mlir::Value> view(ReshapeOp op);

  /// The buffer is an allocation of the function, and nothing from the op of
  /// `init` on reads a tensor that lies in it, but for `init` itself.
  bool mayOverwrite(mlir::OpOperand &init) const;
  /// Puts `out` in place of the allocation that the tensor lies in; false when
  /// it lies in none.
  bool moveTo(mlir::Value tensor, mlir::Value out);

private:
  mlir::Value castBack(mlir::memref::AllocOp alloc, mlir::Value out);

  mlir::OpBuilder &builder;
  llvm::DenseMap<mlir::Value, mlir::Value> buffers;
  /// By what the buffers are views of.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>> tensorsIn;
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_TENSORBUFFERS_H

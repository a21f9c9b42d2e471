//===- FunctionBufferizer.h - Tensors of a function become buffers -*- C++ -*-//

#ifndef QOPT_PASSES_LOWER_FUNCTIONBUFFERIZER_H
#define QOPT_PASSES_LOWER_FUNCTIONBUFFERIZER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "passes/Lower/TensorBuffers.h"

namespace qopt {

/// Whether an operand or a result of the op is a tensor.
bool touchesTensors(mlir::Operation *op);

/// Bufferizes one function. Its body is one block of ops that either have
/// destinations, are views, or make a value; so every tensor is one buffer, and
/// a destination that something else reads later is copied.
class FunctionBufferizer {
public:
  FunctionBufferizer(mlir::func::FuncOp function, mlir::SymbolTable &symbols)
      : function(function), symbols(symbols), builder(function.getContext()),
        buffers(builder) {}

  mlir::LogicalResult run();

private:
  mlir::LogicalResult convertSignature();
  mlir::LogicalResult convert(mlir::Operation *op);
  /// An op that reads or makes tensors.
  mlir::LogicalResult convertTensors(mlir::Operation *op);
  mlir::LogicalResult convertReshape(ReshapeOp op);
  mlir::LogicalResult convertConstant(mlir::arith::ConstantOp op);
  mlir::LogicalResult convertElements(mlir::tensor::FromElementsOp op);
  mlir::LogicalResult convertExtract(mlir::tensor::ExtractOp op);
  template <typename OpType> mlir::LogicalResult convertCompute(OpType op);
  /// Memory for all results of an op, which are in it from now on.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  allocateResults(mlir::Operation *op);
  mlir::LogicalResult convertQuantize(QuantizeOp op);
  mlir::LogicalResult convertCandidates(CandidatesOp op);
  /// Memory for the parts of attention, where its buffer form has any.
  void allocateParts(AttentionOp op, mlir::RankedTensorType result);
  mlir::LogicalResult
  convertDestinationStyle(mlir::DestinationStyleOpInterface op);
  mlir::LogicalResult convertCall(mlir::func::CallOp call);
  mlir::LogicalResult convertReturn(mlir::func::ReturnOp op);
  mlir::LogicalResult convertBody(mlir::Operation *op);
  mlir::FailureOr<mlir::Value> destination(mlir::OpOperand &init);
  /// The operand, or the buffer that it lies in.
  mlir::FailureOr<mlir::Value> read(mlir::Value operand, mlir::Operation *op);
  mlir::FailureOr<mlir::SmallVector<mlir::Value>> readAll(mlir::Operation *op);

  mlir::func::FuncOp function;
  mlir::SymbolTable &symbols;
  mlir::OpBuilder builder;
  TensorBuffers buffers;
  mlir::SmallVector<mlir::Operation *> dead;
  mlir::SmallVector<mlir::BlockArgument> deadArguments;
  /// The arguments that take the results; null where none does.
  mlir::SmallVector<mlir::Value> outs;
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_FUNCTIONBUFFERIZER_H

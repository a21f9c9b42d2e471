//===- Kernels.h - Lowerings of the computing ops ---------------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_KERNELS_H
#define QOPT_PASSES_LOWER_KERNELS_KERNELS_H

#include "dialects/QOpt/QOpt.h"
#include "lib/Target/X86.h"

namespace qopt {

/// Each emits, before the op, what computes it; the op stays. Fails with an
/// error of the op where there is no code for its types.
llvm::LogicalResult lowerMatmul(MatmulOp op, const X86Isa &isa);
llvm::LogicalResult lowerAttention(AttentionOp op, const X86Isa &isa);
llvm::LogicalResult lowerRMSNorm(RMSNormOp op, const X86Isa &isa);
llvm::LogicalResult lowerLayerNorm(LayerNormOp op, const X86Isa &isa);
llvm::LogicalResult lowerRotaryTable(RotaryTableOp op, const X86Isa &isa);
llvm::LogicalResult lowerRotary(RotaryOp op, const X86Isa &isa);
llvm::LogicalResult lowerEmbedding(EmbeddingOp op, const X86Isa &isa);
llvm::LogicalResult lowerRound(RoundOp op, const X86Isa &isa);
llvm::LogicalResult lowerQuantize(QuantizeOp op, const X86Isa &isa);
llvm::LogicalResult lowerCandidates(CandidatesOp op, const X86Isa &isa);
llvm::LogicalResult lowerSilu(SiluOp op, const X86Isa &isa);
llvm::LogicalResult lowerGelu(GeluOp op, const X86Isa &isa);

/// Fails with an error where one of the buffers does not hold f32 values, dense
/// and row-major.
llvm::LogicalResult expectFloats(mlir::Operation *op, mlir::ValueRange buffers);
/// The same for buffers of f32, f16 or bf16.
llvm::LogicalResult expectStored(mlir::Operation *op, mlir::ValueRange buffers);

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_KERNELS_H

//===- Dots.h - Sums of products of codes -----------------------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_DOTS_H
#define QOPT_PASSES_LOWER_KERNELS_DOTS_H

#include "passes/Lower/Kernels/KernelBuilder.h"

namespace qopt {

/// A vector of words seen as elements of `width` bits.
mlir::Value asElements(KernelBuilder &b, mlir::Value words, unsigned width);
/// As wide as a register.
mlir::Value splatElements(KernelBuilder &b, unsigned width, uint64_t value);

/// sum + the products of four unsigned bytes, below 2^bits, with four signed
/// ones, of at most 127, in each i32.
mlir::Value addQuads(KernelBuilder &b, mlir::Value sum, mlir::Value codes,
                     mlir::Value inputs, unsigned bits);

/// The products of addQuads, two in each i16.
mlir::Value multiplyPairs(KernelBuilder &b, mlir::Value codes,
                          mlir::Value inputs);
/// The sums of two products of signed i16 in each i32.
mlir::Value multiplyWords(KernelBuilder &b, mlir::Value x, mlir::Value y);
/// sum + the products of two signed i16 with two others in each i32.
mlir::Value addPairs(KernelBuilder &b, mlir::Value sum, mlir::Value x,
                     mlir::Value y);
/// sum + two i16 in each i32.
mlir::Value widenPairs(KernelBuilder &b, mlir::Value sum, mlir::Value pairs);

/// sum + the products of two bf16 with two others in each f32.
mlir::Value addBF16(KernelBuilder &b, mlir::Value sum, mlir::Value x,
                    mlir::Value y);

/// Calls an intrinsic of LLVM; null without a result type.
mlir::Value callIntrinsic(KernelBuilder &b, llvm::StringRef name,
                          mlir::Type type, mlir::ValueRange operands);

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_DOTS_H

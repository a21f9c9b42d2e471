//===- Int8.h - int8 codes chosen when running ------------------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_INT8_H
#define QOPT_PASSES_LOWER_KERNELS_INT8_H

#include "passes/Lower/Kernels/KernelBuilder.h"

namespace qopt {

/// Emits what lib/Formats/Activations.h says.

/// The largest magnitude of `size` elements of f32 from `from` on.
mlir::Value emitLargest(KernelBuilder &b, mlir::Value flat, mlir::Value from,
                        int64_t size);

/// What codes are multiplied by to become numbers, and numbers to become codes.
struct Int8Scale {
  mlir::Value scale, inverse;
};
Int8Scale emitInt8Scale(KernelBuilder &b, mlir::Value largest);

/// The codes of a scalar or vector, as i32; `inverse` has its shape.
mlir::Value emitInt8Codes(KernelBuilder &b, mlir::Value x, mlir::Value inverse);

/// i32 as i8, of the same shape.
mlir::Value emitBytes(KernelBuilder &b, mlir::Value words);

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_INT8_H

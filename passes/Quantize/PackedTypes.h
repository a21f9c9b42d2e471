//===- PackedTypes.h - Weights as they lie in the artifact ------*- C++ -*-===//

#ifndef QOPT_PASSES_QUANTIZE_PACKEDTYPES_H
#define QOPT_PASSES_QUANTIZE_PACKEDTYPES_H

#include "dialects/QOpt/QOpt.h"

namespace qopt {

/// Weights start at multiples of a cache line.
constexpr int64_t weightAlignment = 64;

/// Bytes that a weight of this type takes in the artifact.
int64_t getPackedBytes(mlir::Type packed);

/// The type of a matrix [N, K] of floats in the panels that products read.
mlir::RankedTensorType getPanelsType(mlir::RankedTensorType matrix,
                                     mlir::Type element);

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZE_PACKEDTYPES_H

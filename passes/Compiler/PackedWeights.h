//===- PackedWeights.h - Weights to be written ------------------*- C++ -*-===//

#ifndef QOPT_PASSES_COMPILER_PACKEDWEIGHTS_H
#define QOPT_PASSES_COMPILER_PACKEDWEIGHTS_H

#include "lib/Artifact/Weights.h"
#include "mlir/IR/BuiltinOps.h"

namespace qopt {

/// The weights of a module whose storage is assigned, by their places, with the
/// values of their factors, which are read from the files. Fails after an
/// error.
mlir::FailureOr<std::vector<PackedWeight>>
collectWeights(mlir::ModuleOp module);

} // namespace qopt

#endif // QOPT_PASSES_COMPILER_PACKEDWEIGHTS_H

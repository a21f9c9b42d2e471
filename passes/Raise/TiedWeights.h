//===- TiedWeights.h - One weight for embedding and head --------*- C++ -*-===//

#ifndef QOPT_PASSES_RAISE_TIEDWEIGHTS_H
#define QOPT_PASSES_RAISE_TIEDWEIGHTS_H

#include "mlir/IR/BuiltinOps.h"

namespace qopt {

/// Where a table and the weight of a head hold the same values of the logical
/// [N, K], in two ranges of the file, both read the table from now on.
void tieEmbeddingAndHead(mlir::ModuleOp module);

} // namespace qopt

#endif // QOPT_PASSES_RAISE_TIEDWEIGHTS_H

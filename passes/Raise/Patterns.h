//===- Patterns.h - Pattern sets that passes of Raise share -----*- C++ -*-===//

#ifndef QOPT_PASSES_RAISE_PATTERNS_H
#define QOPT_PASSES_RAISE_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace qopt {

/// See `qopt-raise-movement`: later passes make movements that these cancel.
void populateMovementPatterns(mlir::RewritePatternSet &patterns);

} // namespace qopt

#endif // QOPT_PASSES_RAISE_PATTERNS_H

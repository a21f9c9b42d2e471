//===- EvalLayers.h - qopt eval --per-layer ---------------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_EVALLAYERS_H
#define QOPT_TOOLS_QOPT_EVALLAYERS_H

#include "tools/qopt/Eval.h"

namespace qopt {

/// Prints what quantization does to the output of each node, in windows of
/// tokens; returns the exit code.
llvm::Expected<int> evalLayers(const Arguments &arguments,
                               const EvalOptions &options);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_EVALLAYERS_H

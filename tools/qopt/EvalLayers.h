//===- EvalLayers.h - qopt eval --per-layer ----------------------*- C++
//-*-===//

#ifndef QOPT_TOOLS_QOPT_EVALLAYERS_H
#define QOPT_TOOLS_QOPT_EVALLAYERS_H

#include "tools/qopt/Options.h"

namespace qopt {

/// Prints what quantization does to the output of each node, in windows of
/// tokens; returns the exit code.
llvm::Expected<int> evalLayers(const Arguments &arguments, int64_t window,
                               int64_t threads);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_EVALLAYERS_H

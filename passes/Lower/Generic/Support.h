//===- Support.h - The generic way from ONNX to linalg ----------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_GENERIC_SUPPORT_H
#define QOPT_PASSES_LOWER_GENERIC_SUPPORT_H

#include "dialects/ONNX/ONNX.h"
#include <optional>
#include <string>

namespace qopt {

/// Why `qopt-convert-onnx-to-linalg` cannot lower this node, as half a
/// sentence; nothing when it can. The types of the node must have their
/// `#qopt.dims`.
std::optional<std::string> whyNotLowerable(onnx::NodeOp node);

/// The name of the node that an op at this location comes from; empty when it
/// has none.
std::string nodeName(mlir::Location location);

} // namespace qopt

#endif // QOPT_PASSES_LOWER_GENERIC_SUPPORT_H

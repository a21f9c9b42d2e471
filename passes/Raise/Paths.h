//===- Paths.h - Module paths as exporters write them -----------*- C++ -*-===//

#ifndef QOPT_PASSES_RAISE_PATHS_H
#define QOPT_PASSES_RAISE_PATHS_H

#include "dialects/ONNX/ONNX.h"

namespace qopt {

/// The module path of a node as its file has it: from the exporter's metadata,
/// else from the node's name ("/model/layers.0/mlp/up_proj/MatMul"), else from
/// the name of its weight less "weight"; null when none carries one.
/// `qopt-name-paths` makes it canonical.
mlir::StringAttr rawPath(onnx::NodeOp node, llvm::StringRef weight = "");

} // namespace qopt

#endif // QOPT_PASSES_RAISE_PATHS_H

//===- Scalings.h - Constant factors beside weights -------------*- C++ -*-===//

#ifndef QOPT_PASSES_FOLD_SCALINGS_H
#define QOPT_PASSES_FOLD_SCALINGS_H

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"

namespace qopt {

/// The dimension of a weight's logical tensor that a factor lies along.
enum class Along { Rows, Columns };

/// A constant operand that can take the factor of a node.
struct ScalingTarget {
  mlir::OpOperand *use;
  Along along;
};

/// A node that multiplies by a constant, and what could do its work.
struct Scaling {
  onnx::NodeOp node;
  unsigned kept = 0; ///< the input that is multiplied
  /// Elements `[n]` or `[1]` in f32, or the symbol of a weight.
  mlir::Attribute factor;
  llvm::SmallVector<ScalingTarget> targets;
  llvm::SmallVector<mlir::Operation *> ops; ///< that do the node's work then
};

/// What a value is as a constant: elements of f32, or the symbol of a weight;
/// null when it is none.
mlir::Attribute constantOf(mlir::Value value);

/// How the node could be folded. Nothing when it cannot be; `reason` says why,
/// or is left alone when nothing beside the node is a place for factors.
std::optional<Scaling> matchScaling(onnx::NodeOp node, std::string &reason);

} // namespace qopt

#endif // QOPT_PASSES_FOLD_SCALINGS_H

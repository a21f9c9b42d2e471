//===- SharedLoops.h - Which nodes run as one loop --------------*- C++ -*-===//

#ifndef QOPT_PASSES_COMPILER_SHAREDLOOPS_H
#define QOPT_PASSES_COMPILER_SHAREDLOOPS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include <string>
#include <vector>

namespace qopt {

/// An op by what all passes keep of it: its function, its own name and that of
/// its node. Ops of one node need not be of one loop: a product's input is
/// quantized beside the norm that makes it.
struct LoopMember {
  std::string function, op, node;

  bool operator==(const LoopMember &other) const {
    return function == other.function && op == other.op && node == other.node;
  }
};

/// Which computing ops run as one parallel loop, from a module in which they do
/// (after pass qopt-fuse-loops).
class SharedLoops {
public:
  explicit SharedLoops(mlir::ModuleOp module);

  /// The others of the loop, in their order.
  std::vector<LoopMember> othersOf(const LoopMember &member) const;

private:
  std::vector<std::vector<LoopMember>> loops;
  llvm::StringMap<std::vector<size_t>> loopsOfNode;
};

} // namespace qopt

#endif // QOPT_PASSES_COMPILER_SHAREDLOOPS_H

//===- SharedLoops.cpp - Which nodes run as one loop ----------------------===//

#include "passes/Compiler/SharedLoops.h"

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Compiler/Diagnostics.h"

using namespace mlir;

namespace qopt {

SharedLoops::SharedLoops(ModuleOp module) {
  module.walk([&](FusedOp fused) {
    std::vector<LoopMember> members;
    for (Operation &op : fused.getBody().front()) {
      std::vector<std::string> names = nodeNames(op.getLoc());
      if (!names.empty() && isa<QOptDialect>(op.getDialect()))
        members.push_back(
            {fused->getParentOfType<func::FuncOp>().getName().str(),
             op.getName().getStringRef().str(), names.front()});
    }
    for (const LoopMember &member : members)
      loopsOfNode[member.node].push_back(loops.size());
    loops.push_back(std::move(members));
  });
}

std::vector<LoopMember> SharedLoops::othersOf(const LoopMember &member) const {
  for (size_t loop : loopsOfNode.lookup(member.node)) {
    if (!llvm::is_contained(loops[loop], member))
      continue;
    std::vector<LoopMember> others;
    for (const LoopMember &each : loops[loop])
      if (!(each == member))
        others.push_back(each);
    return others;
  }
  return {};
}

} // namespace qopt

//===- LoopParts.cpp - What parallel loops compute ------------------------===//

#include "passes/Lower/LoopParts.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace qopt {

Location getPartLocation(Operation *op) {
  NamedAttrList part;
  part.set("op",
           StringAttr::get(op->getContext(), op->getName().getStringRef()));
  if (auto path = op->getAttrOfType<StringAttr>("path"))
    part.set("path", path);
  return FusedLoc::get(op->getContext(), op->getLoc(),
                       part.getDictionary(op->getContext()));
}

/// The nodes of a location; of an op that says what it is, its first one.
static void appendParts(Location location, SmallVectorImpl<Attribute> &parts) {
  auto append = [&](NamedAttrList part, Location where) {
    if (auto name = where->findInstanceOf<NameLoc>())
      part.set("node", name.getName());
    Attribute attribute = part.getDictionary(location.getContext());
    if (!part.empty() && !llvm::is_contained(parts, attribute))
      parts.push_back(attribute);
  };
  auto fused = dyn_cast<FusedLoc>(location);
  if (!fused)
    return append({}, location);
  if (auto part = dyn_cast_or_null<DictionaryAttr>(fused.getMetadata()))
    return append(part, location);
  for (Location inner : fused.getLocations())
    appendParts(inner, parts);
}

/// Adds the function's loops, unless it has none; says whether it has.
static bool addFunction(StringRef name, ModuleOp module, NamedAttrList &table) {
  if (table.get(name))
    return true;
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function)
    return false;
  Builder builder(module.getContext());
  SmallVector<Attribute> steps;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<scf::ForallOp>(op)) {
      SmallVector<Attribute> parts;
      appendParts(op->getLoc(), parts);
      steps.push_back(builder.getArrayAttr(parts));
    } else if (auto call = dyn_cast<func::CallOp>(op)) {
      if (addFunction(call.getCallee(), module, table))
        steps.push_back(call.getCalleeAttr());
    }
  });
  if (!steps.empty())
    table.set(name, builder.getArrayAttr(steps));
  return !steps.empty();
}

DictionaryAttr listLoops(ModuleOp module) {
  NamedAttrList table;
  for (StringRef entry : {"main", "prefill", "decode"})
    addFunction(entry, module, table);
  return table.getDictionary(module.getContext());
}

} // namespace qopt

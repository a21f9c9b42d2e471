//===- WeightRanges.cpp - Other readings of a weight's bytes --------------===//

#include "passes/Raise/WeightRanges.h"

using namespace mlir;

namespace qopt {

/// The weights have the same attributes, names aside.
static bool areEqual(WeightOp a, WeightOp b) {
  NamedAttrList ofA(a->getAttrs()), ofB(b->getAttrs());
  ofA.erase(SymbolTable::getSymbolAttrName());
  ofB.erase(SymbolTable::getSymbolAttrName());
  return ofA.getDictionary(a.getContext()) == ofB.getDictionary(b.getContext());
}

WeightOp getSameRange(PatternRewriter &rewriter, WeightOp weight,
                      StringRef suffix, RankedTensorType type,
                      bool isTransposed) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointAfter(weight);
  auto wanted = cast<WeightOp>(rewriter.clone(*weight));
  wanted.setType(type);
  wanted.setTransposed(isTransposed);
  if (isTransposed != weight.getTransposed()) {
    wanted.setRowFactorAttr(weight.getColumnFactorAttr());
    wanted.setColumnFactorAttr(weight.getRowFactorAttr());
  }
  if (auto value = dyn_cast_or_null<DenseElementsAttr>(
          weight.getValue().value_or(nullptr)))
    wanted.setValueAttr(value.reshape(type));
  Operation *module = weight->getParentOp();
  std::string base = (weight.getSymName() + suffix).str(), name = base;
  for (unsigned i = 0;; name = base + "_" + std::to_string(i++)) {
    Operation *found = SymbolTable::lookupSymbolIn(module, name);
    if (!found)
      break;
    auto there = dyn_cast<WeightOp>(found);
    if (there && areEqual(there, wanted)) {
      rewriter.eraseOp(wanted);
      return there;
    }
  }
  wanted.setSymName(name);
  return wanted;
}

} // namespace qopt

//===- Candidates.cpp - The largest logits, for samplers ------------------===//

#include "passes/Raise/Candidates.h"

#include "passes/EntryArguments.h"
#include "passes/Raise/LogitRows.h"
#include "passes/Raise/Matchers.h"
#include "qopt/artifact.h"

using namespace mlir;

namespace qopt {

/// Why a function has no candidates; empty when it may have them.
static StringRef whyNone(Value logits, SignatureOp signature) {
  auto type = dyn_cast<RankedTensorType>(logits.getType());
  if (!type || sizesOf(logits).size() != 3 || type.isDynamicDim(2))
    return "logits are not [batch, time steps, vocabulary]";
  Type element = type.getElementType();
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return "logits are not f32, f16 or bf16";
  if (hasSymbol(signature, candidatesSymbol))
    return "the model has a size of that name";
  if (signature.getSymbols().size() == QOPT_MAX_SYMBOLS)
    return "the model has too many dynamic sizes";
  return "";
}

static void addTo(func::FuncOp function, unsigned result) {
  Operation *end = function.front().getTerminator();
  Value logits = end->getOperand(result);
  OpBuilder builder(end);
  std::vector<DimExpr> sizes = sizesOf(logits);
  sizes.back() = DimExpr::symbol(candidatesSymbol.str());
  Type types[] = {getTensorType(sizes, builder.getF32Type()),
                  getTensorType(sizes, builder.getI64Type())};
  // No node of the file does it: its name is what it makes.
  Location location = NameLoc::get(builder.getStringAttr(candidatesSymbol));
  auto candidates =
      CandidatesOp::create(builder, location, types, logits, ValueRange());
  for (auto [i, type] : llvm::enumerate(types)) {
    NamedAttrList attributes;
    attributes.set(candidatesAttr, builder.getI64IntegerAttr(i));
    attributes.set(entryTypeAttr, TypeAttr::get(type));
    (void)function.insertResult(function.getNumResults(), type,
                                attributes.getDictionary(builder.getContext()));
  }
  end->insertOperands(end->getNumOperands(), candidates.getResults());
}

void addCandidates(ArrayRef<func::FuncOp> functions, SignatureOp signature) {
  SmallVector<unsigned> results;
  for (func::FuncOp function : functions) {
    auto result = findLogits(function, signature);
    if (!result || !function.getBody().hasOneBlock())
      return;
    Value logits = function.front().getTerminator()->getOperand(*result);
    if (StringRef why = whyNone(logits, signature); !why.empty()) {
      emitRemark(logits.getLoc(),
                 "samplers search all logits for the largest: ")
          << why;
      return;
    }
    results.push_back(*result);
  }
  for (auto [function, result] : llvm::zip(functions, results))
    addTo(function, result);
  addSymbol(signature, candidatesSymbol);
}

} // namespace qopt

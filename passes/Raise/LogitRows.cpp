//===- LogitRows.cpp - Logits of the tokens that are asked for ------------===//

#include "passes/Raise/LogitRows.h"

#include "dialects/ONNX/ONNX.h"
#include "passes/EntryArguments.h"
#include "passes/Raise/Matchers.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace qopt {
namespace {

constexpr StringLiteral sequence = "sequence";

bool hasTimeSteps(Value value) {
  std::vector<DimExpr> sizes = sizesOf(value);
  return sizes.size() == 3 && sizes[1] == DimExpr::symbol(sequence.str());
}

/// A number or a row that is the same for all time steps.
bool isSameForAll(Value value) {
  if (isa<NoneType>(value.getType()))
    return true;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getRank() <= 1;
}

/// The operand whose rows an op turns into the rows of its result, one by one;
/// null when it does not.
Value rowsOf(Operation *op) {
  if (!op || op->getNumResults() != 1 || !op->getResult(0).hasOneUse() ||
      !hasTimeSteps(op->getResult(0)))
    return nullptr;
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return matmul.getExtras().empty() ? matmul.getInput() : Value();
  if (isa<RMSNormOp, LayerNormOp, SiluOp, GeluOp>(op))
    return op->getOperand(0);
  static const llvm::StringSet<> elementwise = {
      "Add", "Cast", "Clip", "Div", "Identity", "Mul", "Neg", "Sub", "Tanh"};
  auto node = dyn_cast<onnx::NodeOp>(op);
  if (!node || !node.getDomain().empty() ||
      !elementwise.contains(node.getOpType()))
    return nullptr;
  Value rows;
  for (Value input : node.getInputs()) {
    if (isSameForAll(input))
      continue;
    if (rows || !hasTimeSteps(input))
      return nullptr;
    rows = input;
  }
  return rows;
}

/// The type with the rows that are asked for in place of the time steps.
RankedTensorType withRows(Value value) {
  std::vector<DimExpr> sizes = sizesOf(value);
  sizes[1] = DimExpr::symbol(logitRowsSymbol.str());
  return getTensorType(
      sizes, cast<RankedTensorType>(value.getType()).getElementType());
}

} // namespace

std::optional<unsigned> findLogits(func::FuncOp function,
                                   SignatureOp signature) {
  for (Attribute output : signature.getOutputs()) {
    auto tensor = cast<DictionaryAttr>(output);
    auto role = tensor.getAs<StringAttr>("role");
    if (!role || role.getValue() != "logits")
      continue;
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      if (function.getResultAttr(i, "qopt.name") == tensor.get("name"))
        return i;
  }
  return std::nullopt;
}

bool hasSymbol(SignatureOp signature, StringRef symbol) {
  return llvm::is_contained(
      signature.getSymbols().getAsValueRange<StringAttr>(), symbol);
}

void addSymbol(SignatureOp signature, StringRef symbol) {
  SmallVector<Attribute> symbols(signature.getSymbols().getValue());
  symbols.push_back(StringAttr::get(signature.getContext(), symbol));
  signature.setSymbolsAttr(ArrayAttr::get(signature.getContext(), symbols));
}

void pickLogitRows(func::FuncOp function, SignatureOp signature) {
  auto result = findLogits(function, signature);
  if (!result || !function.getBody().hasOneBlock() ||
      hasSymbol(signature, logitRowsSymbol))
    return;
  Operation *end = function.front().getTerminator();
  SmallVector<Operation *> chain;
  Value hidden = end->getOperand(*result);
  while (Value rows = rowsOf(hidden.getDefiningOp())) {
    chain.push_back(hidden.getDefiningOp());
    hidden = rows;
  }
  if (!llvm::any_of(chain, llvm::IsaPred<MatmulOp>)) {
    emitRemark(end->getOperand(*result).getLoc(),
               "logits of all tokens are computed when those of the last one "
               "are asked for: they are not made by a product of each token");
    return;
  }
  Operation *first = chain.back();
  OpBuilder builder(first);
  std::vector<DimExpr> sizes = sizesOf(hidden);
  auto wanted = getTensorType(
      {sizes[0], DimExpr::symbol(logitRowsSymbol.str()), DimExpr(1)},
      builder.getI64Type());
  NamedAttrList attributes;
  attributes.set(logitRowsAttr, builder.getUnitAttr());
  attributes.set(entryTypeAttr, TypeAttr::get(wanted));
  unsigned argument = function.getNumArguments();
  (void)function.insertArgument(argument, wanted,
                                attributes.getDictionary(builder.getContext()),
                                first->getLoc());
  // No node of the file does it: its name is what it takes.
  Location location = NameLoc::get(builder.getStringAttr(logitRowsSymbol));
  Value taken = makeNode(
      builder, location, "GatherND", {hidden, function.getArgument(argument)},
      withRows(hidden),
      builder.getNamedAttr("batch_dims", builder.getI64IntegerAttr(1)));
  first->replaceUsesOfWith(hidden, taken);
  for (Operation *op : chain)
    op->getResult(0).setType(withRows(op->getResult(0)));
  SmallVector<Type> results(function.getResultTypes());
  results[*result] = end->getOperand(*result).getType();
  function.setType(
      builder.getFunctionType(function.getArgumentTypes(), results));
  function.setResultAttr(*result, entryTypeAttr,
                         TypeAttr::get(results[*result]));
  addSymbol(signature, logitRowsSymbol);
}

} // namespace qopt

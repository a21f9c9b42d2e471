//===- Signature.cpp - Symbols and conditions of the interface ------------===//

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/Import/Symbols/Rewrite.h"

#include <set>

using namespace mlir;

namespace qopt::symbols {

static std::string nameOf(StringAttr name, StringRef otherwise, unsigned i) {
  return name ? name.str() : (otherwise + Twine(i)).str();
}

std::vector<Interface> getInputs(func::FuncOp function) {
  std::vector<Interface> inputs;
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    Interface input;
    input.name = nameOf(function.getArgAttrOfType<StringAttr>(i, "qopt.name"),
                        "input", i);
    if (auto type = dyn_cast<RankedTensorType>(argument.getType())) {
      input.elementType = type.getElementType();
      auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding());
      for (auto [j, size] : llvm::enumerate(type.getShape())) {
        Size expression;
        if (!ShapedType::isDynamic(size))
          expression = DimExpr(size);
        else if (dims && j < dims.getSizes().size())
          expression = DimExpr::parse(dims.getSizes()[j].getValue());
        input.sizes.push_back(expression);
      }
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

//===-- Names -------------------------------------------------------------===//

/// A node that reads rows of a float matrix by these integers.
static bool isEmbedding(OpOperand &use) {
  auto node = dyn_cast<onnx::NodeOp>(use.getOwner());
  if (!node || !node.is("Gather") || use.getOperandNumber() != 1 ||
      node.intAttribute("axis", 0) != 0)
    return false;
  auto table = dyn_cast<RankedTensorType>(node.getInputs()[0].getType());
  return table && table.getRank() == 2 &&
         isa<FloatType>(table.getElementType());
}

/// A node that appends new keys or values to these.
static bool isAppend(OpOperand &use) {
  auto node = dyn_cast<onnx::NodeOp>(use.getOwner());
  if (!node)
    return false;
  unsigned number = use.getOperandNumber();
  if (node.is("Attention"))
    return number == 4 || number == 5;
  int64_t axis = node.intAttribute("axis", 1);
  return node.is("Concat") && number == 0 && (axis == 2 || axis == -2);
}

/// One of the uses, also behind casts, fits.
static bool anyUse(Value value, bool (*fits)(OpOperand &)) {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    auto node = dyn_cast<onnx::NodeOp>(use.getOwner());
    bool passes = node && (node.is("Cast") || node.is("Identity")) &&
                  node.getNumResults() == 1;
    return fits(use) || (passes && anyUse(node.getResult(0), fits));
  });
}

std::map<std::string, std::string> findNames(func::FuncOp function,
                                             const Solver &solver) {
  std::map<std::string, std::string> names;
  std::set<std::string> given;
  auto name = [&](const Size &size, const std::string &role) {
    auto symbol = size ? size->asSymbol() : std::nullopt;
    if (symbol && !given.count(role) && names.try_emplace(*symbol, role).second)
      given.insert(role);
  };
  for (auto [argument, input] :
       llvm::zip(function.getArguments(), solver.inputs())) {
    bool isInteger = isa_and_nonnull<IntegerType>(input.elementType);
    bool isFloat = isa_and_nonnull<FloatType>(input.elementType);
    if (isInteger && input.sizes.size() == 2 && anyUse(argument, isEmbedding)) {
      name(input.sizes[0], "batch");
      name(input.sizes[1], "sequence");
    }
    if (isFloat && input.sizes.size() == 4 && anyUse(argument, isAppend))
      name(input.sizes[2], "past");
  }
  // Other symbols make room.
  std::set<std::string> taken = given;
  for (const std::string &symbol : solver.symbols())
    if (!names.count(symbol) && !given.count(symbol))
      taken.insert(symbol);
  for (const std::string &symbol : solver.symbols())
    if (!names.count(symbol) && given.count(symbol)) {
      std::string free = symbol + "_";
      while (!taken.insert(free).second)
        free += "_";
      names[symbol] = free;
    }
  return names;
}

//===-- Signature ---------------------------------------------------------===//

/// " (size 1 of input_ids)" for a size of an input, else nothing.
static std::string placeOf(const DimExpr &size, const Solver &solver) {
  for (const Interface &input : solver.inputs())
    for (auto [i, own] : llvm::enumerate(input.sizes))
      if (own == size)
        return " (size " + std::to_string(i) + " of " + input.name + ")";
  return "";
}

/// What must hold, as a sentence about sizes of inputs.
static std::string messageOf(const Condition &condition, const Solver &solver) {
  DimExpr upper, lower;
  for (const auto &[monomial, coefficient] : condition.expression.getTerms()) {
    DimExpr term(coefficient > 0 ? coefficient : -coefficient);
    for (const std::string &symbol : monomial)
      term = term * DimExpr::symbol(symbol);
    (coefficient > 0 ? upper : lower) =
        (coefficient > 0 ? upper : lower) + term;
  }
  std::string text =
      lower.isConstant()
          ? upper.str() + placeOf(upper, solver) + " must be at least " +
                lower.str()
          : lower.str() + placeOf(lower, solver) + " must be at most " +
                upper.str() +
                (upper.isConstant() ? "" : placeOf(upper, solver));
  if (auto name = condition.op->getLoc()->findInstanceOf<NameLoc>())
    text += " (node " + name.getName().str() + ")";
  return text;
}

ArrayAttr describeConditions(MLIRContext *context, const Solver &solver) {
  Builder builder(context);
  SmallVector<Attribute> conditions;
  for (const Condition &condition : solver.getConditions())
    conditions.push_back(builder.getDictionaryAttr({
        builder.getNamedAttr("expression",
                             builder.getStringAttr(condition.expression.str())),
        builder.getNamedAttr(
            "message", builder.getStringAttr(messageOf(condition, solver))),
    }));
  return builder.getArrayAttr(conditions);
}

void writeSignature(func::FuncOp function, const Solver &solver,
                    ArrayAttr conditions) {
  auto module = function->getParentOfType<ModuleOp>();
  for (auto old : llvm::make_early_inc_range(module.getOps<SignatureOp>()))
    old.erase();
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto describe = [&](StringAttr name, StringRef otherwise, unsigned i,
                      Type type) {
    return builder.getDictionaryAttr({
        builder.getNamedAttr("name",
                             builder.getStringAttr(nameOf(name, otherwise, i))),
        builder.getNamedAttr("type", TypeAttr::get(type)),
        builder.getNamedAttr("role", builder.getStringAttr("plain")),
    });
  };
  SmallVector<Attribute> inputs, outputs;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    inputs.push_back(
        describe(function.getArgAttrOfType<StringAttr>(i, "qopt.name"), "input",
                 i, type));
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    outputs.push_back(
        describe(function.getResultAttrOfType<StringAttr>(i, "qopt.name"),
                 "output", i, type));
  std::vector<std::string> symbols = solver.symbols();
  SmallVector<StringRef> names(symbols.begin(), symbols.end());
  SignatureOp::create(builder, module.getLoc(), builder.getArrayAttr(inputs),
                      builder.getArrayAttr(outputs),
                      builder.getStrArrayAttr(names), conditions);
}

} // namespace qopt::symbols

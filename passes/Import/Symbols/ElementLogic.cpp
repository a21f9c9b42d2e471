//===- ElementLogic.cpp - Comparisons and casts of elements ---------------===//

#include "passes/Import/Symbols/ElementIndex.h"

#include <cmath>

using namespace mlir;

namespace qopt::symbols {
namespace {

Element fromBool(std::optional<bool> value) {
  return value ? Element(DimExpr(*value ? 1 : 0)) : Element();
}

enum class Comparison { Equal, Less, LessOrEqual, Greater, GreaterOrEqual };

template <Comparison comparison> void compare(Node &node) {
  mapElements(node, [&](ArrayRef<Element> operands) -> Element {
    if (operands.size() != 2)
      return {};
    const double *a = operands[0].real(), *b = operands[1].real();
    if (a && b)
      switch (comparison) {
      case Comparison::Equal:
        return fromBool(*a == *b);
      case Comparison::Less:
        return fromBool(*a < *b);
      case Comparison::LessOrEqual:
        return fromBool(*a <= *b);
      case Comparison::Greater:
        return fromBool(*a > *b);
      case Comparison::GreaterOrEqual:
        return fromBool(*a >= *b);
      }
    Size x = operands[0].asExpression(), y = operands[1].asExpression();
    if (!x || !y)
      return {};
    auto negate = [](std::optional<bool> value) {
      return value ? std::optional(!*value) : value;
    };
    switch (comparison) {
    case Comparison::Equal:
      return fromBool(isEqual(*x, *y));
    case Comparison::Less:
      return fromBool(isLess(*x, *y));
    case Comparison::LessOrEqual:
      return fromBool(negate(isLess(*y, *x)));
    case Comparison::Greater:
      return fromBool(isLess(*y, *x));
    case Comparison::GreaterOrEqual:
      return fromBool(negate(isLess(*x, *y)));
    }
    llvm_unreachable("all comparisons are handled");
  });
}

enum class Logic { And, Or, Xor };

template <Logic logic> void combine(Node &node) {
  mapElements(node, [&](ArrayRef<Element> operands) -> Element {
    if (operands.size() != 2)
      return {};
    auto a = operands[0].integer(), b = operands[1].integer();
    if (a && b)
      return fromBool(logic == Logic::And  ? *a && *b
                      : logic == Logic::Or ? *a || *b
                                           : (*a != 0) != (*b != 0));
    auto known = a ? a : b;
    if (known && logic == Logic::And && *known == 0)
      return fromBool(false);
    if (known && logic == Logic::Or && *known != 0)
      return fromBool(true);
    return {};
  });
}

void where(Node &node) {
  mapElements(node, [&](ArrayRef<Element> operands) -> Element {
    if (operands.size() != 3)
      return {};
    if (auto condition = operands[0].integer())
      return operands[*condition ? 1 : 2];
    return operands[1] == operands[2] ? operands[1] : Element();
  });
}

void invert(Node &node) {
  mapElements(node, [&](ArrayRef<Element> operands) -> Element {
    auto value = operands.front().integer();
    return value ? fromBool(*value == 0) : Element();
  });
}

void cast(Node &node) {
  Type from = node.inputElementType(0), to = node.resultElementType(0);
  if (!from || !to)
    return;
  mapElements(node, [&](ArrayRef<Element> operands) -> Element {
    const Element &operand = operands.front();
    if (to.isInteger(1)) {
      if (operand.real())
        return fromBool(*operand.real() != 0);
      const DimExpr *expression = operand.expression();
      auto isZero =
          expression ? isEqual(*expression, DimExpr(0)) : std::nullopt;
      return isZero ? fromBool(!*isZero) : Element();
    }
    if (operand.real() && !isa<FloatType>(to)) {
      double whole = std::trunc(*operand.real());
      if (!(std::abs(whole) < 9e18))
        return {};
      return makeInteger(to, int64_t(whole));
    }
    return convert(to, operand);
  });
}

} // namespace

void addElementLogic(ElementFunctions &functions) {
  functions["Equal"] = compare<Comparison::Equal>;
  functions["Less"] = compare<Comparison::Less>;
  functions["LessOrEqual"] = compare<Comparison::LessOrEqual>;
  functions["Greater"] = compare<Comparison::Greater>;
  functions["GreaterOrEqual"] = compare<Comparison::GreaterOrEqual>;
  functions["And"] = combine<Logic::And>;
  functions["Or"] = combine<Logic::Or>;
  functions["Xor"] = combine<Logic::Xor>;
  functions["Not"] = invert;
  functions["Where"] = where;
  functions["Cast"] = functions["CastLike"] = cast;
}

} // namespace qopt::symbols

//===- ElementFunctions.cpp - Arithmetic on elements of small tensors -----===//

#include "passes/Import/Symbols/ElementIndex.h"

#include <cmath>

using namespace mlir;

namespace qopt::symbols {
namespace {

/// The expression as number of a float type: constants are always numbers.
Element inType(Type type, const Element &element) {
  if (!element.isKnown())
    return {};
  auto floatType = dyn_cast<FloatType>(type);
  if (auto integer = element.integer())
    return floatType ? Element::real(roundTo(floatType, double(*integer)))
                     : makeInteger(type, *integer);
  if (element.real())
    return floatType ? Element::real(roundTo(floatType, *element.real())) : Element();
  return element;
}

Element fromSize(const Size &size) { return size ? Element(*size) : Element(); }
Element fromBool(std::optional<bool> value) {
  return value ? Element(DimExpr(*value ? 1 : 0)) : Element();
}

/// The element as an expression, also where it is an integral number.
Size toExpression(const Element &element) {
  if (element.expression())
    return *element.expression();
  const double *real = element.real();
  if (real && *real == std::floor(*real) && std::abs(*real) < 1e15)
    return DimExpr(int64_t(*real));
  return std::nullopt;
}

/// a / b of integers: towards zero, or without rest where there are symbols.
Size quotient(const DimExpr &a, const DimExpr &b) {
  auto x = a.constant(), y = b.constant();
  if (!x || !y)
    return a.dividedBy(b);
  if (*y == 0 || (*x == INT64_MIN && *y == -1))
    return std::nullopt;
  return DimExpr(*x / *y);
}

/// The rest has the sign of the divisor, or of the dividend with `fmod`.
Size remainder(const DimExpr &a, const DimExpr &b, bool fmod) {
  auto x = a.constant(), y = b.constant();
  if (!x || !y)
    return a.dividedBy(b) ? Size(DimExpr(0)) : std::nullopt;
  if (*y == 0 || *y == -1)
    return *y == 0 ? std::nullopt : Size(DimExpr(0));
  int64_t rest = *x % *y;
  if (!fmod && rest != 0 && (rest < 0) != (*y < 0))
    rest += *y;
  return DimExpr(rest);
}

/// a < b and a == b, where the coefficients of the difference tell.
std::optional<bool> isLess(const DimExpr &a, const DimExpr &b) {
  auto difference = b.minus(a), reverse = a.minus(b);
  if (!difference || !reverse)
    return std::nullopt;
  if (difference->isKnownPositive())
    return true;
  if (reverse->isKnownNonNegative())
    return false;
  return std::nullopt;
}

std::optional<bool> isEqual(const DimExpr &a, const DimExpr &b) {
  auto difference = b.minus(a), reverse = a.minus(b);
  if (!difference || !reverse)
    return std::nullopt;
  if (*difference == DimExpr(0))
    return true;
  if (difference->isKnownPositive() || reverse->isKnownPositive())
    return false;
  return std::nullopt;
}

enum class Binary { Add, Sub, Mul, Div, Mod, Pow, Min, Max };

std::optional<double> onReals(Binary function, double a, double b) {
  switch (function) {
  case Binary::Add:
    return a + b;
  case Binary::Sub:
    return a - b;
  case Binary::Mul:
    return a * b;
  case Binary::Div:
    return a / b;
  case Binary::Mod:
    return std::fmod(a, b);
  case Binary::Pow:
    return std::pow(a, b);
  case Binary::Min:
  case Binary::Max:
    if (std::isnan(a) || std::isnan(b))
      return std::nullopt;
    return function == Binary::Min ? std::min(a, b) : std::max(a, b);
  }
  llvm_unreachable("all functions are handled");
}

Size onExpressions(Binary function, const DimExpr &a, const DimExpr &b, bool fmod) {
  switch (function) {
  case Binary::Add:
    return a.plus(b);
  case Binary::Sub:
    return a.minus(b);
  case Binary::Mul:
    return a.times(b);
  case Binary::Div:
    return quotient(a, b);
  case Binary::Mod:
    return remainder(a, b, fmod);
  case Binary::Pow: {
    auto exponent = b.constant();
    if (!exponent || *exponent < 0 || *exponent > 64)
      return std::nullopt;
    Size power = DimExpr(1);
    for (int64_t i = 0; i < *exponent; ++i)
      power = multiply(power, a);
    return power;
  }
  case Binary::Min:
  case Binary::Max: {
    if (a == b)
      return a;
    auto less = isLess(a, b), greater = isLess(b, a);
    if (!less && !greater)
      return std::nullopt;
    bool aIsMin = less ? *less : !*greater;
    return aIsMin == (function == Binary::Min) ? a : b;
  }
  }
  llvm_unreachable("all functions are handled");
}

template <Binary function> void binary(Node &node) {
  Type type = node.resultElementType(0);
  bool isFloat = isa_and_nonnull<FloatType>(type);
  bool fmod = node.op.intAttribute("fmod", 0) != 0;
  mapElements(node, [&](ArrayRef<Element> operands) -> Element {
    Element result = operands.front();
    for (const Element &next : operands.drop_front()) {
      const double *a = result.real(), *b = next.real();
      if (a && b) {
        auto number = onReals(function, *a, *b);
        result = number ? inType(type, Element::real(*number)) : Element();
        continue;
      }
      Size left = toExpression(result), right = toExpression(next);
      // A float quotient is no expression unless it has no rest.
      bool isRounded = isFloat && function == Binary::Div;
      Size size;
      if (left && right)
        size = isRounded ? left->dividedBy(*right)
                         : onExpressions(function, *left, *right, fmod);
      result = inType(type, fromSize(size));
    }
    return result;
  });
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
    Size x = toExpression(operands[0]), y = toExpression(operands[1]);
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

enum class Unary { Neg, Abs, Sqrt, Reciprocal, Floor, Ceil, Round };

template <Unary function> void unary(Node &node) {
  Type type = node.resultElementType(0);
  mapElements(node, [&](ArrayRef<Element> operands) -> Element {
    const Element &operand = operands.front();
    if (const double *real = operand.real()) {
      double number = function == Unary::Neg          ? -*real
                      : function == Unary::Abs        ? std::abs(*real)
                      : function == Unary::Sqrt       ? std::sqrt(*real)
                      : function == Unary::Reciprocal ? 1.0 / *real
                      : function == Unary::Floor      ? std::floor(*real)
                      : function == Unary::Ceil       ? std::ceil(*real)
                                                      : std::nearbyint(*real);
      return inType(type, Element::real(number));
    }
    const DimExpr *expression = operand.expression();
    if (!expression)
      return {};
    switch (function) {
    case Unary::Neg:
      return inType(type, fromSize(DimExpr(0).minus(*expression)));
    case Unary::Abs: {
      auto negative = isLess(*expression, DimExpr(0));
      if (!negative)
        return {};
      return inType(type, *negative ? fromSize(DimExpr(0).minus(*expression))
                                    : operand);
    }
    case Unary::Floor:
    case Unary::Ceil:
    case Unary::Round:
      return operand; // sizes are integers
    case Unary::Sqrt:
    case Unary::Reciprocal:
      return {};
    }
    llvm_unreachable("all functions are handled");
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
      auto isZero = expression ? isEqual(*expression, DimExpr(0)) : std::nullopt;
      return isZero ? fromBool(!*isZero) : Element();
    }
    if (operand.real() && !isa<FloatType>(to)) {
      double whole = std::trunc(*operand.real());
      if (!(std::abs(whole) < 9e18))
        return {};
      return makeInteger(to, int64_t(whole));
    }
    return inType(to, operand);
  });
}

} // namespace

void addElementFunctions(ElementFunctions &functions) {
  functions["Add"] = functions["Sum"] = binary<Binary::Add>;
  functions["Sub"] = binary<Binary::Sub>;
  functions["Mul"] = binary<Binary::Mul>;
  functions["Div"] = binary<Binary::Div>;
  functions["Mod"] = binary<Binary::Mod>;
  functions["Pow"] = binary<Binary::Pow>;
  functions["Min"] = binary<Binary::Min>;
  functions["Max"] = binary<Binary::Max>;
  functions["Equal"] = compare<Comparison::Equal>;
  functions["Less"] = compare<Comparison::Less>;
  functions["LessOrEqual"] = compare<Comparison::LessOrEqual>;
  functions["Greater"] = compare<Comparison::Greater>;
  functions["GreaterOrEqual"] = compare<Comparison::GreaterOrEqual>;
  functions["And"] = combine<Logic::And>;
  functions["Or"] = combine<Logic::Or>;
  functions["Xor"] = combine<Logic::Xor>;
  functions["Where"] = where;
  functions["Neg"] = unary<Unary::Neg>;
  functions["Abs"] = unary<Unary::Abs>;
  functions["Sqrt"] = unary<Unary::Sqrt>;
  functions["Reciprocal"] = unary<Unary::Reciprocal>;
  functions["Floor"] = unary<Unary::Floor>;
  functions["Ceil"] = unary<Unary::Ceil>;
  functions["Round"] = unary<Unary::Round>;
  functions["Not"] = invert;
  functions["Cast"] = functions["CastLike"] = cast;
}

} // namespace qopt::symbols

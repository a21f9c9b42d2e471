//===- ElementArithmetic.cpp - Arithmetic on elements of small tensors ----===//

#include "passes/Import/Symbols/ElementIndex.h"

#include <cmath>

using namespace mlir;

namespace qopt::symbols {
namespace {

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

Size onExpressions(Binary function, const DimExpr &a, const DimExpr &b,
                   bool fmod) {
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
        result = number ? convert(type, Element::real(*number)) : Element();
        continue;
      }
      Size left = result.asExpression(), right = next.asExpression();
      // A float quotient is no expression unless it has no rest.
      bool isRounded = isFloat && function == Binary::Div;
      Size size;
      if (left && right)
        size = isRounded ? left->dividedBy(*right)
                         : onExpressions(function, *left, *right, fmod);
      result = convert(type, elementOf(size));
    }
    return result;
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
      return convert(type, Element::real(number));
    }
    const DimExpr *expression = operand.expression();
    if (!expression)
      return {};
    switch (function) {
    case Unary::Neg:
      return convert(type, elementOf(DimExpr(0).minus(*expression)));
    case Unary::Abs: {
      auto negative = isLess(*expression, DimExpr(0));
      if (!negative)
        return {};
      return convert(type, *negative ? elementOf(DimExpr(0).minus(*expression))
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

} // namespace

void addElementArithmetic(ElementFunctions &functions) {
  functions["Add"] = functions["Sum"] = binary<Binary::Add>;
  functions["Sub"] = binary<Binary::Sub>;
  functions["Mul"] = binary<Binary::Mul>;
  functions["Div"] = binary<Binary::Div>;
  functions["Mod"] = binary<Binary::Mod>;
  functions["Pow"] = binary<Binary::Pow>;
  functions["Min"] = binary<Binary::Min>;
  functions["Max"] = binary<Binary::Max>;
  functions["Neg"] = unary<Unary::Neg>;
  functions["Abs"] = unary<Unary::Abs>;
  functions["Sqrt"] = unary<Unary::Sqrt>;
  functions["Reciprocal"] = unary<Unary::Reciprocal>;
  functions["Floor"] = unary<Unary::Floor>;
  functions["Ceil"] = unary<Unary::Ceil>;
  functions["Round"] = unary<Unary::Round>;
}

} // namespace qopt::symbols

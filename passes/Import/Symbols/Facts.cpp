//===- Facts.cpp - What is known of a value -------------------------------===//

#include "passes/Import/Symbols/Facts.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;

namespace qopt::symbols {

Size add(const Size &a, const Size &b) {
  return a && b ? a->plus(*b) : std::nullopt;
}

Size subtract(const Size &a, const Size &b) {
  return a && b ? a->minus(*b) : std::nullopt;
}

Size multiply(const Size &a, const Size &b) {
  return a && b ? a->times(*b) : std::nullopt;
}

Size divide(const Size &a, const Size &b) {
  return a && b ? a->dividedBy(*b) : std::nullopt;
}

Size product(ArrayRef<Size> sizes) {
  Size result = DimExpr(1);
  for (const Size &size : sizes)
    result = multiply(result, size);
  return result;
}

std::optional<SmallVector<int64_t>> constants(ArrayRef<Size> sizes) {
  SmallVector<int64_t> values;
  for (const Size &size : sizes) {
    auto value = size ? size->constant() : std::nullopt;
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

std::string format(ArrayRef<Size> sizes) {
  std::string text = "[";
  for (auto [i, size] : llvm::enumerate(sizes))
    text += (i ? ", " : "") + (size ? size->str() : "?");
  return text + "]";
}

std::optional<int64_t> Element::integer() const {
  return expression() ? expression()->constant() : std::nullopt;
}

/// The number nearest to `number` that a float type holds.
static double roundTo(FloatType type, double number) {
  llvm::APFloat value(number);
  bool losesInfo;
  value.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

Size Element::asExpression() const {
  if (expression())
    return *expression();
  if (real() && *real() == std::floor(*real()) && std::abs(*real()) < 1e15)
    return DimExpr(int64_t(*real()));
  return std::nullopt;
}

Element makeInteger(Type type, int64_t number) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return type.isIndex() ? Element(number) : Element();
  unsigned width = integer.getWidth();
  if (width == 0 || width > 64)
    return {};
  if (width == 1 || integer.isUnsigned())
    return number >= 0 && (width == 64 || llvm::isUIntN(width, number))
               ? Element(number)
               : Element();
  return llvm::isIntN(width, number) ? Element(number) : Element();
}

Element convert(Type type, const Element &element) {
  if (!element.isKnown())
    return {};
  auto floatType = dyn_cast<FloatType>(type);
  if (auto integer = element.integer())
    return floatType ? Element::real(roundTo(floatType, double(*integer)))
                     : makeInteger(type, *integer);
  if (element.real())
    return floatType ? Element::real(roundTo(floatType, *element.real()))
                     : Element();
  return element;
}

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

std::optional<Elements> readElements(Attribute attribute) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(attribute);
  if (!dense || dense.getNumElements() > maxElements)
    return std::nullopt;
  Elements elements;
  Type type = dense.getElementType();
  if (isa<FloatType>(type)) {
    for (llvm::APFloat value : dense.getValues<llvm::APFloat>())
      elements.push_back(Element::real(value.convertToDouble()));
    return elements;
  }
  if (!type.isIntOrIndex())
    return std::nullopt;
  bool isUnsigned = type.isInteger(1) || type.isUnsignedInteger();
  for (const llvm::APInt &value : dense.getValues<llvm::APInt>()) {
    auto number = isUnsigned
                      ? (value.getActiveBits() < 64
                             ? std::optional<int64_t>(value.getZExtValue())
                             : std::nullopt)
                      : value.trySExtValue();
    elements.push_back(number ? Element(*number) : Element());
  }
  return elements;
}

DenseElementsAttr writeElements(RankedTensorType type,
                                ArrayRef<Element> elements) {
  if (!type.hasStaticShape() ||
      type.getNumElements() != int64_t(elements.size()))
    return {};
  Type elementType = type.getElementType();
  if (auto floatType = dyn_cast<FloatType>(elementType)) {
    SmallVector<llvm::APFloat> values;
    for (const Element &element : elements) {
      if (!element.isConstant())
        return {};
      llvm::APFloat value(element.real() ? *element.real()
                                         : double(*element.integer()));
      bool losesInfo;
      value.convert(floatType.getFloatSemantics(),
                    llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      values.push_back(value);
    }
    return DenseElementsAttr::get(type, values);
  }
  if (!elementType.isIntOrIndex())
    return {};
  unsigned width =
      elementType.isIndex() ? 64 : elementType.getIntOrFloatBitWidth();
  SmallVector<llvm::APInt> values;
  for (const Element &element : elements) {
    if (!element.integer() ||
        !makeInteger(elementType, *element.integer()).isKnown())
      return {};
    values.emplace_back(width, *element.integer(), /*isSigned=*/true,
                        /*implicitTrunc=*/true);
  }
  return DenseElementsAttr::get(type, values);
}

} // namespace qopt::symbols

//===- Facts.h - What is known of a value -----------------------*- C++ -*-===//

#ifndef QOPT_PASSES_IMPORT_SYMBOLS_FACTS_H
#define QOPT_PASSES_IMPORT_SYMBOLS_FACTS_H

#include "lib/Symbols/DimExpr.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include <variant>

namespace qopt::symbols {

/// A size, or nothing when it is not known.
using Size = std::optional<DimExpr>;
using Sizes = llvm::SmallVector<Size, 4>;

/// Tensors with more elements are data, not sizes.
constexpr int64_t maxElements = 64;

/// Sums, differences and products of sizes: nothing when an operand is not
/// known or the result does not fit.
Size add(const Size &a, const Size &b);
Size subtract(const Size &a, const Size &b);
Size multiply(const Size &a, const Size &b);
Size divide(const Size &a, const Size &b);
Size product(llvm::ArrayRef<Size> sizes);

/// The sizes as constants, when all are.
std::optional<llvm::SmallVector<int64_t>> constants(llvm::ArrayRef<Size> sizes);
/// "[batch, 2, ?]"
std::string format(llvm::ArrayRef<Size> sizes);

/// An element of a small tensor. Integers and booleans are expressions; floats
/// are numbers in the precision of their type, or expressions that are no
/// constants where a size was cast.
class Element {
public:
  Element() = default;
  Element(DimExpr expression) : value(std::move(expression)) {}
  static Element real(double number) {
    Element element;
    element.value = number;
    return element;
  }

  bool isKnown() const { return value.index() != 0; }
  const DimExpr *expression() const { return std::get_if<DimExpr>(&value); }
  const double *real() const { return std::get_if<double>(&value); }
  /// An integer constant.
  std::optional<int64_t> integer() const;
  /// The expression, or an integral number as one.
  Size asExpression() const;
  bool isConstant() const { return real() || integer(); }
  bool operator==(const Element &other) const { return value == other.value; }

private:
  std::variant<std::monostate, DimExpr, double> value;
};

/// Unknown where the size is.
inline Element elementOf(const Size &size) {
  return size ? Element(*size) : Element();
}

using Elements = llvm::SmallVector<Element, 4>;

/// What is known of a value.
struct Facts {
  /// Nothing when the rank is not known.
  std::optional<Sizes> sizes;
  /// The elements, row-major, when there are few; their number is that of
  /// sizes.
  std::optional<Elements> elements;
  /// The elements are indices from 0 up to and without this, which they reach:
  /// one for all elements, or one for each index of the last dimension. Empty:
  /// unknown.
  llvm::SmallVector<Size, 1> ends;
};

using FactTable = llvm::DenseMap<mlir::Value, Facts>;

/// The integer as element of an integer type; unknown when it does not fit.
Element makeInteger(mlir::Type type, int64_t number);
/// The element in another type: numbers are rounded as the type has them, an
/// integer that does not fit is unknown, and so is a number in an integer type.
Element convert(mlir::Type type, const Element &element);

/// a < b and a == b, where the coefficients of the difference tell.
std::optional<bool> isLess(const DimExpr &a, const DimExpr &b);
std::optional<bool> isEqual(const DimExpr &a, const DimExpr &b);

/// The elements of a small constant; nothing when it is large or of another
/// kind.
std::optional<Elements> readElements(mlir::Attribute attribute);
/// The reverse, for elements that are all constants; null when the type has no
/// such elements.
mlir::DenseElementsAttr writeElements(mlir::RankedTensorType type,
                                      llvm::ArrayRef<Element> elements);

} // namespace qopt::symbols

#endif // QOPT_PASSES_IMPORT_SYMBOLS_FACTS_H

//===- Facts.h - What is known of a value -----------------------*- C++ -*-===//

#ifndef QOPT_PASSES_IMPORT_SYMBOLS_FACTS_H
#define QOPT_PASSES_IMPORT_SYMBOLS_FACTS_H

#include "lib/Symbols/DimExpr.h"
#include "llvm/ADT/DenseMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include <variant>

namespace qopt::symbols {

/// A size, or nothing when it is not known.
using Size = std::optional<DimExpr>;
using Sizes = llvm::SmallVector<Size, 4>;

/// Tensors with more elements are data, not sizes.
constexpr int64_t maxElements = 64;

/// Sums, differences and products of sizes: nothing when an operand is not known
/// or the result does not fit.
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
  bool isConstant() const { return real() || integer(); }
  bool operator==(const Element &other) const { return value == other.value; }

private:
  std::variant<std::monostate, DimExpr, double> value;
};

using Elements = llvm::SmallVector<Element, 4>;

/// What is known of a value.
struct Facts {
  /// Nothing when the rank is not known.
  std::optional<Sizes> sizes;
  /// The elements, row-major, when there are few; their number is that of sizes.
  std::optional<Elements> elements;
  /// The elements are indices from 0 up to and without this, which they reach: one
  /// for all elements, or one for each index of the last dimension. Empty: unknown.
  llvm::SmallVector<Size, 1> ends;
};

using FactTable = llvm::DenseMap<mlir::Value, Facts>;

/// The number nearest to `number` that a float type holds.
double roundTo(mlir::FloatType type, double number);
/// The integer as element of the type; unknown when it does not fit.
Element makeInteger(mlir::Type type, int64_t number);

/// The elements of a small constant; nothing when it is large or of another kind.
std::optional<Elements> readElements(mlir::Attribute attribute);
/// The reverse, for elements that are all constants; null when the type has no
/// such elements.
mlir::DenseElementsAttr writeElements(mlir::RankedTensorType type,
                                      llvm::ArrayRef<Element> elements);

} // namespace qopt::symbols

#endif // QOPT_PASSES_IMPORT_SYMBOLS_FACTS_H

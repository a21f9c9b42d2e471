//===- DimExpr.h - Sizes over named symbols ---------------------*- C++ -*-===//

#ifndef QOPT_LIB_SYMBOLS_DIMEXPR_H
#define QOPT_LIB_SYMBOLS_DIMEXPR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qopt {

/// The size of a dimension: a polynomial with integer coefficients over named
/// symbols. Equal sizes have equal expressions and equal spellings. A symbol's
/// name is an identifier ([A-Za-z_.][A-Za-z0-9_.]*).
class DimExpr {
public:
  /// Symbols of a product, sorted, repeated for powers; empty for the constant.
  using Monomial = std::vector<std::string>;

  DimExpr(int64_t constant = 0);
  static DimExpr symbol(llvm::StringRef name);

  /// Reads sums, differences and products of integers, names and parentheses;
  /// nothing when the text is anything else.
  static std::optional<DimExpr> parse(llvm::StringRef text);

  /// The canonical spelling, which `parse` reads: "past + sequence",
  /// "2*batch*sequence - 1", "512 - sequence".
  std::string str() const;

  bool isConstant() const;
  /// The value, when it is constant.
  std::optional<int64_t> constant() const;
  /// The name, when it is one symbol and nothing else.
  std::optional<std::string> asSymbol() const;

  /// Arithmetic that gives nothing when a coefficient leaves int64 or a product
  /// grows out of hand (more than 64 terms, degree over 16): for sizes that
  /// come from a file.
  std::optional<DimExpr> plus(const DimExpr &other) const;
  std::optional<DimExpr> minus(const DimExpr &other) const;
  std::optional<DimExpr> times(const DimExpr &other) const;

  /// The same for sizes that are known to be small; coefficients wrap.
  DimExpr operator+(const DimExpr &other) const;
  DimExpr operator-(const DimExpr &other) const;
  DimExpr operator*(const DimExpr &other) const;
  bool operator==(const DimExpr &other) const { return terms == other.terms; }
  bool operator!=(const DimExpr &other) const { return terms != other.terms; }
  bool operator<(const DimExpr &other) const { return terms < other.terms; }

  /// this / divisor, when it is again such a polynomial.
  std::optional<DimExpr> dividedBy(const DimExpr &divisor) const;

  /// Every symbol `name` replaced by `value`.
  DimExpr substitute(llvm::StringRef name, const DimExpr &value) const;
  /// Every symbol that is a key replaced by its value, all at once; nothing
  /// when the result overflows.
  std::optional<DimExpr>
  substitute(const std::map<std::string, DimExpr> &values) const;

  /// No products of symbols: a constant and multiples of symbols.
  bool isLinear() const;
  /// The symbols, sorted, each once.
  std::vector<std::string> symbols() const;

  /// At least zero for all symbols that are at least zero, as far as the signs
  /// of the coefficients tell.
  bool isKnownNonNegative() const;
  /// Likewise at least one.
  bool isKnownPositive() const;

  /// Value under an assignment that holds all its symbols.
  int64_t evaluate(const std::map<std::string, int64_t> &values) const;

  /// Coefficients by monomial; none is zero.
  const std::map<Monomial, int64_t> &getTerms() const { return terms; }

private:
  /// False when the coefficient wrapped.
  bool add(const Monomial &monomial, int64_t coefficient);
  static std::optional<DimExpr> sum(const DimExpr &a, const DimExpr &b,
                                    int64_t sign, bool wrap);
  static std::optional<DimExpr> product(const DimExpr &a, const DimExpr &b,
                                        bool wrap);
  std::map<Monomial, int64_t> terms;
};

} // namespace qopt

#endif // QOPT_LIB_SYMBOLS_DIMEXPR_H

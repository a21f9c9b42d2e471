//===- DimExpr.cpp - Sizes over named symbols -----------------------------===//

#include "lib/Symbols/DimExpr.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cassert>
#include <iterator>
#include <set>

using namespace llvm;

namespace qopt {

DimExpr::DimExpr(int64_t constant) { add({}, constant); }

DimExpr DimExpr::symbol(StringRef name) {
  DimExpr result;
  result.add({name.str()}, 1);
  return result;
}

/// Bounds of what `times` makes.
static constexpr size_t maxTerms = 64, maxDegree = 16;

bool DimExpr::add(const Monomial &monomial, int64_t coefficient) {
  if (coefficient == 0)
    return true;
  int64_t &sum = terms[monomial];
  bool overflow = AddOverflow(sum, coefficient, sum);
  if (sum == 0)
    terms.erase(monomial);
  return !overflow;
}

/// a + sign * b; nothing in case of overflow unless `wrap`.
std::optional<DimExpr> DimExpr::sum(const DimExpr &a, const DimExpr &b,
                                    int64_t sign, bool wrap) {
  DimExpr result = a;
  for (const auto &[monomial, coefficient] : b.terms) {
    int64_t scaled;
    bool overflow = MulOverflow(coefficient, sign, scaled);
    overflow |= !result.add(monomial, scaled);
    if (overflow && !wrap)
      return std::nullopt;
  }
  return result;
}

std::optional<DimExpr> DimExpr::product(const DimExpr &a, const DimExpr &b,
                                        bool wrap) {
  DimExpr result;
  for (const auto &[left, x] : a.terms)
    for (const auto &[right, y] : b.terms) {
      Monomial monomial;
      std::merge(left.begin(), left.end(), right.begin(), right.end(),
                 std::back_inserter(monomial));
      int64_t coefficient;
      bool overflow = MulOverflow(x, y, coefficient);
      overflow |= !result.add(monomial, coefficient);
      if (!wrap && (overflow || monomial.size() > maxDegree ||
                    result.terms.size() > maxTerms))
        return std::nullopt;
    }
  return result;
}

bool DimExpr::isConstant() const {
  return terms.empty() || (terms.size() == 1 && terms.begin()->first.empty());
}

std::optional<int64_t> DimExpr::constant() const {
  if (terms.empty())
    return 0;
  if (isConstant())
    return terms.begin()->second;
  return std::nullopt;
}

std::optional<std::string> DimExpr::asSymbol() const {
  if (terms.size() == 1 && terms.begin()->first.size() == 1 &&
      terms.begin()->second == 1)
    return terms.begin()->first.front();
  return std::nullopt;
}

std::optional<DimExpr> DimExpr::plus(const DimExpr &other) const {
  return sum(*this, other, 1, /*wrap=*/false);
}

std::optional<DimExpr> DimExpr::minus(const DimExpr &other) const {
  return sum(*this, other, -1, /*wrap=*/false);
}

std::optional<DimExpr> DimExpr::times(const DimExpr &other) const {
  return product(*this, other, /*wrap=*/false);
}

DimExpr DimExpr::operator+(const DimExpr &other) const {
  return *sum(*this, other, 1, /*wrap=*/true);
}

DimExpr DimExpr::operator-(const DimExpr &other) const {
  return *sum(*this, other, -1, /*wrap=*/true);
}

DimExpr DimExpr::operator*(const DimExpr &other) const {
  return *product(*this, other, /*wrap=*/true);
}

/// The greatest monomial by degree, then by name. Products respect this order,
/// so the leading term of a product is the product of the leading terms.
static const std::pair<const DimExpr::Monomial, int64_t> &
leadingTerm(const DimExpr &expression) {
  return *std::max_element(expression.getTerms().begin(),
                           expression.getTerms().end(),
                           [](const auto &a, const auto &b) {
                             return a.first.size() != b.first.size()
                                        ? a.first.size() < b.first.size()
                                        : a.first < b.first;
                           });
}

std::optional<DimExpr> DimExpr::dividedBy(const DimExpr &divisor) const {
  if (divisor.terms.empty())
    return std::nullopt;
  const auto &[lead, leadCoefficient] = leadingTerm(divisor);
  DimExpr rest = *this, quotient;
  for (size_t step = 0; !rest.terms.empty(); ++step) {
    auto [monomial, coefficient] = leadingTerm(rest);
    Monomial factor;
    bool overflows = leadCoefficient == -1 && coefficient == INT64_MIN;
    if (step > maxTerms || overflows || coefficient % leadCoefficient != 0 ||
        !std::includes(monomial.begin(), monomial.end(), lead.begin(),
                       lead.end()))
      return std::nullopt;
    std::set_difference(monomial.begin(), monomial.end(), lead.begin(),
                        lead.end(), std::back_inserter(factor));
    DimExpr term;
    term.add(factor, coefficient / leadCoefficient);
    auto multiple = term.times(divisor);
    auto next = multiple ? rest.minus(*multiple) : std::nullopt;
    if (!next)
      return std::nullopt;
    quotient = quotient + term;
    rest = *next;
  }
  return quotient;
}

DimExpr DimExpr::substitute(StringRef name, const DimExpr &value) const {
  DimExpr result;
  for (const auto &[monomial, coefficient] : terms) {
    DimExpr product(coefficient);
    for (const std::string &symbolName : monomial)
      product = product * (symbolName == name ? value : symbol(symbolName));
    result = result + product;
  }
  return result;
}

std::optional<DimExpr>
DimExpr::substitute(const std::map<std::string, DimExpr> &values) const {
  DimExpr result;
  for (const auto &[monomial, coefficient] : terms) {
    std::optional<DimExpr> product(coefficient);
    for (const std::string &name : monomial) {
      auto found = values.find(name);
      product =
          product->times(found == values.end() ? symbol(name) : found->second);
      if (!product)
        return std::nullopt;
    }
    auto next = result.plus(*product);
    if (!next)
      return std::nullopt;
    result = *next;
  }
  return result;
}

bool DimExpr::isLinear() const {
  return all_of(terms, [](const auto &term) { return term.first.size() <= 1; });
}

std::vector<std::string> DimExpr::symbols() const {
  std::set<std::string> names;
  for (const auto &[monomial, coefficient] : terms)
    names.insert(monomial.begin(), monomial.end());
  return {names.begin(), names.end()};
}

bool DimExpr::isKnownNonNegative() const {
  return all_of(terms, [](const auto &term) { return term.second >= 0; });
}

bool DimExpr::isKnownPositive() const {
  auto found = terms.find({});
  return found != terms.end() && found->second > 0 && isKnownNonNegative();
}

int64_t DimExpr::evaluate(const std::map<std::string, int64_t> &values) const {
  uint64_t sum = 0; // wraps, like the product
  for (const auto &[monomial, coefficient] : terms) {
    uint64_t product = coefficient;
    for (const std::string &name : monomial) {
      auto found = values.find(name);
      assert(found != values.end() && "expects a value for every symbol");
      product *= found->second;
    }
    sum += product;
  }
  return sum;
}

std::string DimExpr::str() const {
  if (terms.empty())
    return "0";
  std::string text;
  auto write = [&](const Monomial &monomial, int64_t coefficient) {
    if (text.empty())
      text = coefficient < 0 ? "-" : "";
    else
      text += coefficient < 0 ? " - " : " + ";
    uint64_t magnitude = coefficient < 0 ? -uint64_t(coefficient) : coefficient;
    if (monomial.empty() || magnitude != 1)
      text += std::to_string(magnitude) + (monomial.empty() ? "" : "*");
    text += join(monomial, "*");
  };
  for (bool positive : {true, false}) {
    for (const auto &[monomial, coefficient] : terms)
      if (!monomial.empty() && (coefficient > 0) == positive)
        write(monomial, coefficient);
    if (auto found = terms.find({});
        found != terms.end() && (found->second > 0) == positive)
      write({}, found->second);
  }
  return text;
}

namespace {
/// Recursive descent over sum = product (+- product)*, product = factor (*
/// factor)*.
struct Parser {
  StringRef rest;
  int depth = 0;

  bool eat(char c) {
    rest = rest.ltrim();
    return rest.consume_front(StringRef(&c, 1));
  }

  std::optional<DimExpr> factor() {
    if (depth > 64)
      return std::nullopt;
    if (eat('(')) {
      ++depth;
      auto inner = sum();
      --depth;
      return inner && eat(')') ? inner : std::nullopt;
    }
    if (eat('-')) {
      ++depth;
      auto inner = factor();
      --depth;
      return inner ? DimExpr(0).minus(*inner) : std::nullopt;
    }
    rest = rest.ltrim();
    StringRef word = rest.take_while(
        [](char c) { return isAlnum(c) || c == '_' || c == '.'; });
    if (word.empty())
      return std::nullopt;
    rest = rest.drop_front(word.size());
    if (!isDigit(word.front()))
      return DimExpr::symbol(word);
    int64_t value;
    if (word.getAsInteger(10, value))
      return std::nullopt;
    return DimExpr(value);
  }

  std::optional<DimExpr> product() {
    auto value = factor();
    while (value && eat('*')) {
      auto next = factor();
      value = next ? value->times(*next) : std::nullopt;
    }
    return value;
  }

  std::optional<DimExpr> sum() {
    auto value = product();
    while (value) {
      bool plus = eat('+');
      if (!plus && !eat('-'))
        break;
      auto next = product();
      if (!next)
        return std::nullopt;
      value = plus ? value->plus(*next) : value->minus(*next);
    }
    return value;
  }
};
} // namespace

std::optional<DimExpr> DimExpr::parse(StringRef text) {
  Parser parser{text};
  auto value = parser.sum();
  if (!value || !parser.rest.trim().empty())
    return std::nullopt;
  return value;
}

} // namespace qopt

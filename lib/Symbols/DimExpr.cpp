//===- DimExpr.cpp - Sizes over named symbols -----------------------------===//

#include "lib/Symbols/DimExpr.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <cassert>

using namespace llvm;

namespace qopt {

DimExpr::DimExpr(int64_t constant) { add({}, constant); }

DimExpr DimExpr::symbol(StringRef name) {
  DimExpr result;
  result.add({name.str()}, 1);
  return result;
}

void DimExpr::add(const Monomial &monomial, int64_t coefficient) {
  if (coefficient == 0)
    return;
  int64_t &sum = terms[monomial];
  sum += coefficient;
  if (sum == 0)
    terms.erase(monomial);
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

DimExpr DimExpr::operator+(const DimExpr &other) const {
  DimExpr result = *this;
  for (const auto &[monomial, coefficient] : other.terms)
    result.add(monomial, coefficient);
  return result;
}

DimExpr DimExpr::operator-(const DimExpr &other) const {
  DimExpr result = *this;
  for (const auto &[monomial, coefficient] : other.terms)
    result.add(monomial, -coefficient);
  return result;
}

DimExpr DimExpr::operator*(const DimExpr &other) const {
  DimExpr result;
  for (const auto &[a, x] : terms)
    for (const auto &[b, y] : other.terms) {
      Monomial product = a;
      product.insert(product.end(), b.begin(), b.end());
      llvm::sort(product);
      result.add(product, x * y);
    }
  return result;
}

std::optional<DimExpr> DimExpr::dividedBy(const DimExpr &divisor) const {
  if (divisor.terms.empty())
    return std::nullopt;
  // Long division by the last term in the order of the map: it divides the last
  // term of every multiple, since the order is respected by products of one
  // more symbol often enough for sizes; otherwise there is no quotient here.
  const auto &[lead, leadCoefficient] = *divisor.terms.rbegin();
  DimExpr rest = *this, quotient;
  for (int step = 0; !rest.terms.empty(); ++step) {
    const auto &[monomial, coefficient] = *rest.terms.rbegin();
    Monomial factor;
    if (step > 64 || coefficient % leadCoefficient != 0 ||
        !std::includes(monomial.begin(), monomial.end(), lead.begin(),
                       lead.end()))
      return std::nullopt;
    std::set_difference(monomial.begin(), monomial.end(), lead.begin(),
                        lead.end(), std::back_inserter(factor));
    DimExpr term;
    term.add(factor, coefficient / leadCoefficient);
    quotient = quotient + term;
    rest = rest - term * divisor;
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

bool DimExpr::isKnownNonNegative() const {
  return all_of(terms, [](const auto &term) { return term.second >= 0; });
}

int64_t
DimExpr::evaluate(const std::map<std::string, int64_t> &values) const {
  int64_t sum = 0;
  for (const auto &[monomial, coefficient] : terms) {
    int64_t product = coefficient;
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
  for (const auto &[monomial, coefficient] : terms)
    if (!monomial.empty())
      write(monomial, coefficient);
  if (auto found = terms.find({}); found != terms.end())
    write({}, found->second);
  return text;
}

namespace {
/// Recursive descent over sum = product (+- product)*, product = factor (* factor)*.
struct Parser {
  StringRef rest;

  bool eat(char c) {
    rest = rest.ltrim();
    return rest.consume_front(StringRef(&c, 1));
  }

  std::optional<DimExpr> factor() {
    if (eat('(')) {
      auto inner = sum();
      return inner && eat(')') ? inner : std::nullopt;
    }
    if (eat('-')) {
      auto inner = factor();
      return inner ? std::optional(DimExpr(0) - *inner) : std::nullopt;
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
      value = next ? std::optional(*value * *next) : std::nullopt;
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
      value = plus ? *value + *next : *value - *next;
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

//===- Solver.cpp - Equations between sizes -------------------------------===//

#include "passes/Import/Symbols/Solver.h"

#include "llvm/ADT/StringExtras.h"
#include <cstdlib>
#include <numeric>
#include <set>

using namespace mlir;

namespace qopt::symbols {

/// The input's name as a symbol, with the dimension's number.
static std::string symbolFor(StringRef input, size_t dimension) {
  std::string name;
  for (char c : input)
    name += llvm::isAlnum(c) || c == '_' || c == '.' ? c : '_';
  if (name.empty() || llvm::isDigit(name.front()))
    name = "_" + name;
  return name + "_" + std::to_string(dimension);
}

Solver::Solver(std::vector<Interface> inputs) : current(std::move(inputs)) {
  std::set<std::string> taken;
  for (const Interface &input : current)
    for (const Size &size : input.sizes)
      if (size)
        for (const std::string &name : size->symbols())
          taken.insert(name);
  for (Interface &input : current)
    for (auto [i, size] : llvm::enumerate(input.sizes))
      if (!size) {
        std::string name = symbolFor(input.name, i);
        while (!taken.insert(name).second)
          name += "_";
        size = DimExpr::symbol(name);
        generated.push_back(name);
      }
  countSymbols();
}

void Solver::countSymbols() {
  table.clear();
  for (const Interface &input : current)
    for (auto [i, size] : llvm::enumerate(input.sizes)) {
      for (const std::string &name : size->symbols()) {
        unsigned order = table.size();
        Symbol &symbol = table.try_emplace(name, Symbol{order}).first->second;
        symbol.isGenerated = llvm::is_contained(generated, name);
        if (size->asSymbol()) {
          ++symbol.count;
          symbol.isMatrixOnly &=
              isa_and_nonnull<IntegerType>(input.elementType) &&
              input.sizes.size() == 2;
        } else {
          symbol.isMatrixOnly = false;
        }
      }
    }
}

std::vector<std::string> Solver::symbols() const {
  std::vector<std::string> names(table.size());
  for (const auto &[name, symbol] : table)
    names[symbol.order] = name;
  return names;
}

void Solver::startWalk() {
  for (Interface &input : current)
    for (Size &size : input.sizes)
      size = resolve(*size).value_or(*size);
  walkStart = steps.size();
  conditions.clear();
  countSymbols();
}

void Solver::rename(const std::map<std::string, std::string> &names) {
  std::map<std::string, DimExpr> step;
  for (const auto &[from, to] : names)
    step.emplace(from, DimExpr::symbol(to));
  steps.push_back(step);
}

Size Solver::seed(const Size &size) const {
  Size result = size;
  for (size_t i = 0; result && i < walkStart; ++i)
    result = result->substitute(steps[i]);
  if (!result || !llvm::all_of(result->symbols(), [&](const std::string &name) {
        return table.count(name);
      }))
    return std::nullopt;
  return result;
}

Size Solver::resolve(const DimExpr &expression) const {
  Size result = expression;
  for (size_t i = walkStart; result && i < steps.size(); ++i)
    result = result->substitute(steps[i]);
  return result;
}

void Solver::replace(const std::string &name, const DimExpr &value) {
  steps.push_back({{name, value}});
}

/// The product of a number and symbols that all terms of the expressions share.
static DimExpr commonFactor(ArrayRef<DimExpr> expressions) {
  uint64_t divisor = 0;
  std::optional<DimExpr::Monomial> common;
  for (const DimExpr &expression : expressions)
    for (const auto &[monomial, coefficient] : expression.getTerms()) {
      divisor = std::gcd(divisor, coefficient < 0 ? -uint64_t(coefficient)
                                                  : uint64_t(coefficient));
      DimExpr::Monomial both;
      if (common)
        std::set_intersection(common->begin(), common->end(), monomial.begin(),
                              monomial.end(), std::back_inserter(both));
      common = common ? both : monomial;
    }
  if (divisor == 0 || divisor > INT64_MAX)
    return 1;
  DimExpr factor{int64_t(divisor)};
  for (const std::string &name : *common)
    factor = factor * DimExpr::symbol(name);
  return factor;
}

/// The expression without what its terms share. Of a single term, the symbols
/// stay: that it is zero says something of them.
static DimExpr withoutFactors(const DimExpr &expression) {
  DimExpr factor = commonFactor(expression);
  if (expression.getTerms().size() == 1 && !expression.isConstant()) {
    int64_t coefficient = expression.getTerms().begin()->second;
    factor = coefficient == INT64_MIN ? 1 : std::abs(coefficient);
  }
  return expression.dividedBy(factor).value_or(expression);
}

/// `expression` is `sign * name` + a rest without `name`: the value of name
/// where the expression is zero.
static Size solveFor(const DimExpr &expression, const std::string &name) {
  auto found = expression.getTerms().find({name});
  if (found == expression.getTerms().end() ||
      (found->second != 1 && found->second != -1))
    return std::nullopt;
  DimExpr rest = expression - DimExpr::symbol(name) * DimExpr(found->second);
  if (llvm::is_contained(rest.symbols(), name))
    return std::nullopt;
  return found->second == 1 ? DimExpr(0).minus(rest) : rest;
}

Verdict Solver::equate(const DimExpr &a, const DimExpr &b, Operation *op) {
  Size left = resolve(a), right = resolve(b),
       difference = subtract(left, right);
  if (!difference)
    return Verdict::Unknown;
  if (*difference == DimExpr(0))
    return Verdict::Holds;
  // Factors of both sides are taken to be no zeros.
  if (*left != DimExpr(0) && *right != DimExpr(0))
    difference = difference->dividedBy(commonFactor({*left, *right}));
  DimExpr equation = withoutFactors(difference.value_or(*left - *right));
  if (equation.isConstant() || equation.isKnownPositive() ||
      (DimExpr(0) - equation).isKnownPositive())
    return Verdict::Fails;

  // Of the symbols that can be replaced: generated ones first, then those that
  // stand in fewer places, then later ones.
  std::optional<std::pair<std::string, DimExpr>> best;
  std::tuple<bool, unsigned, int64_t> bestRank;
  for (const std::string &name : equation.symbols()) {
    auto symbol = table.find(name);
    Size value = solveFor(equation, name);
    if (symbol == table.end() || symbol->second.count == 0 || !value ||
        !value->isKnownNonNegative() || *value == DimExpr(0))
      continue;
    std::tuple<bool, unsigned, int64_t> rank(!symbol->second.isGenerated,
                                             symbol->second.count,
                                             -int64_t(symbol->second.order));
    if (!best || rank < bestRank) {
      best = {name, *value};
      bestRank = rank;
    }
  }
  if (best) {
    replace(best->first, best->second);
    return Verdict::Holds;
  }
  if (!equation.isLinear())
    return Verdict::Unknown;
  Verdict below = require(equation, op),
          above = require(DimExpr(0) - equation, op);
  if (below == Verdict::Fails || above == Verdict::Fails)
    return Verdict::Fails;
  return Verdict::Holds;
}

Verdict Solver::require(const DimExpr &expression, Operation *op) {
  Size resolved = resolve(expression);
  if (!resolved)
    return Verdict::Unknown;
  DimExpr needed = withoutFactors(*resolved);
  if (needed.isKnownNonNegative())
    return Verdict::Holds;
  if ((DimExpr(0) - needed).isKnownPositive())
    return Verdict::Fails;
  if (!needed.isLinear())
    return Verdict::Unknown;
  for (const Condition &condition : conditions)
    if ((needed - condition.expression).isKnownNonNegative())
      return Verdict::Holds;
  llvm::erase_if(conditions, [&](const Condition &condition) {
    return (condition.expression - needed).isKnownNonNegative();
  });
  conditions.push_back({needed, op});
  return Verdict::Holds;
}

Verdict Solver::readBelow(const DimExpr &size, const DimExpr &end,
                          Operation *op) {
  Size left = resolve(size), right = resolve(end), rest = subtract(left, right);
  if (!rest)
    return Verdict::Unknown;
  if (rest->isKnownNonNegative())
    return Verdict::Holds;
  DimExpr equation = withoutFactors(*rest);
  for (const std::string &name : equation.symbols()) {
    auto symbol = table.find(name);
    Size length = solveFor(equation, name);
    if (symbol != table.end() && symbol->second.count == 1 &&
        symbol->second.isMatrixOnly && equation.getTerms().at({name}) == 1 &&
        length && length->isKnownNonNegative() && !length->isConstant()) {
      replace(name, *length);
      return Verdict::Holds;
    }
  }
  return require(equation, op);
}

} // namespace qopt::symbols

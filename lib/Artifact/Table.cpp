//===- Table.cpp - The artifact's table while it is built -----------------===//

#include "lib/Artifact/Table.h"

#include "lib/Symbols/DimExpr.h"
#include "llvm/ADT/STLExtras.h"

namespace qopt {

std::optional<LinearSize> toLinearSize(const DimExpr &expression,
                                       llvm::ArrayRef<std::string> symbols) {
  LinearSize size;
  size.coefficients.assign(symbols.size(), 0);
  for (const auto &[monomial, coefficient] : expression.getTerms()) {
    if (monomial.empty()) {
      size.constant = coefficient;
      continue;
    }
    const auto *found = llvm::find(symbols, monomial.front());
    if (monomial.size() > 1 || found == symbols.end())
      return std::nullopt;
    size.coefficients[size_t(found - symbols.begin())] = coefficient;
  }
  return size;
}

} // namespace qopt

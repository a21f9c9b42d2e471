//===- Json.h - Figures in JSON ---------------------------------*- C++ -*-===//

#ifndef QOPT_LIB_REPORT_JSON_H
#define QOPT_LIB_REPORT_JSON_H

#include "llvm/Support/JSON.h"
#include <cmath>

namespace qopt {

/// JSON has no NaN and no infinity.
inline llvm::json::Value finiteOrNull(double value) {
  return std::isfinite(value) ? llvm::json::Value(value)
                              : llvm::json::Value(nullptr);
}

} // namespace qopt

#endif // QOPT_LIB_REPORT_JSON_H

//===- Format.h - Figures for people ----------------------------*- C++ -*-===//

#ifndef QOPT_LIB_REPORT_FORMAT_H
#define QOPT_LIB_REPORT_FORMAT_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <string>

namespace qopt {

/// "512 B", "15.4 MB", "4.90 GB": three digits, powers of 1000.
std::string formatBytes(uint64_t bytes);

/// "0.12 s", "42 s", "3 min 05 s", "2 h 10 min".
std::string formatDuration(double seconds);

/// Three significant digits, without an exponent: "0.0123", "4.56", "1234".
std::string formatNumber(double value);

/// As many digits behind the point: "0.0100".
std::string formatFixed(double value, int digits);

/// "2 x 64", "scalar" for none.
std::string formatShape(llvm::ArrayRef<int64_t> shape);

} // namespace qopt

#endif // QOPT_LIB_REPORT_FORMAT_H

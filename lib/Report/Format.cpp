//===- Format.cpp - Figures for people ------------------------------------===//

#include "lib/Report/Format.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace llvm;

namespace qopt {

template <typename... Arguments>
static std::string print(const char *pattern, Arguments... arguments) {
  std::string text;
  raw_string_ostream(text) << format(pattern, arguments...);
  return text;
}

std::string formatNumber(double value) {
  if (value == 0 || !std::isfinite(value))
    return print("%g", value);
  // The exponent after rounding: 0.9996 has three digits as 1.00.
  std::string rounded = print("%.2e", value);
  int exponent = std::atoi(rounded.c_str() + rounded.find('e') + 1);
  int digits = 2 - exponent;
  return print("%.*f", std::clamp(digits, 0, 12), value);
}

std::string formatFixed(double value, int digits) {
  return print("%.*f", digits, value);
}

std::string formatBytes(uint64_t bytes) {
  if (bytes < 1000)
    return std::to_string(bytes) + " B";
  double value = double(bytes);
  const char *units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  size_t unit = 0;
  // 999.5 would be printed as 1000.
  for (; value >= 999.5; value /= 1000)
    ++unit;
  return formatNumber(value) + " " + units[unit];
}

std::string formatDuration(double seconds) {
  if (seconds < 10)
    return formatNumber(seconds) + " s";
  int64_t whole = int64_t(seconds + 0.5);
  if (whole < 60)
    return std::to_string(whole) + " s";
  if (whole < 3600)
    return print("%d min %02d s", int(whole / 60), int(whole % 60));
  return print("%d h %02d min", int(whole / 3600), int(whole / 60 % 60));
}

std::string formatShape(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

} // namespace qopt

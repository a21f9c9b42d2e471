//===- HostIsa.cpp - Which version of our own code to run -----------------===//

#include "lib/Methods/HostIsa.h"

#include "llvm/ADT/StringRef.h"
#include <algorithm>
#include <cstdlib>

namespace qopt {

static HostIsa getBest() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4"))
    return HostIsa::X86_64_V4;
  if (__builtin_cpu_supports("x86-64-v3"))
    return HostIsa::X86_64_V3;
#endif
  return HostIsa::Baseline;
}

HostIsa getHostIsa() {
  const char *text = std::getenv("QOPT_ISA");
  llvm::StringRef asked = text ? text : "";
  HostIsa highest = HostIsa::X86_64_V4;
  if (asked == "x86-64" || asked == "x86-64-v2")
    highest = HostIsa::Baseline;
  else if (asked.starts_with("x86-64-v3"))
    highest = HostIsa::X86_64_V3;
  return std::min(highest, getBest());
}

llvm::Error checkHostIsa() {
  const char *text = std::getenv("QOPT_ISA");
  llvm::StringRef asked = text ? text : "";
  if (asked.empty() || asked == "x86-64" || asked == "x86-64-v2" ||
      asked.starts_with("x86-64-v3") || asked.starts_with("x86-64-v4"))
    return llvm::Error::success();
  return llvm::createStringError("QOPT_ISA expects a version of x86-64, as "
                                 "x86-64-v3, but got '" +
                                 asked + "'");
}

} // namespace qopt

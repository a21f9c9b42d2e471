//===- HostIsa.h - Which version of our own code to run ---------*- C++ -*-===//

#ifndef QOPT_LIB_METHODS_HOSTISA_H
#define QOPT_LIB_METHODS_HOSTISA_H

#include "llvm/Support/Error.h"

namespace qopt {

/// Versions that the loops over weights are compiled for. All give the same
/// bytes.
enum class HostIsa { Baseline, X86_64_V3, X86_64_V4 };

/// The best version that this CPU can run, but none above the one that the
/// environment variable QOPT_ISA names: x86-64, or what begins with x86-64-v3
/// or x86-64-v4. Read anew at each call.
HostIsa getHostIsa();

/// Fails when QOPT_ISA is set to anything else.
llvm::Error checkHostIsa();

} // namespace qopt

#endif // QOPT_LIB_METHODS_HOSTISA_H

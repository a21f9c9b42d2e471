//===- FmaPeak.h - The arithmetic that a CPU can do -------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_FMAPEAK_H
#define QOPT_TOOLS_QOPT_FMAPEAK_H

#include "llvm/ADT/StringRef.h"

namespace qopt {

/// Multiplications and additions of float32 a second, all threads together,
/// with the vectors of an ISA version that this CPU runs: of a loop that does
/// nothing else and whose values stay in registers.
double measureFmaPeak(llvm::StringRef isa, int threads);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_FMAPEAK_H

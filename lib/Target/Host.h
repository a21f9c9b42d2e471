//===- Host.h - What the CPU of this machine can do -------------*- C++ -*-===//

#ifndef QOPT_LIB_TARGET_HOST_H
#define QOPT_LIB_TARGET_HOST_H

#include <cstdint>

namespace qopt {

/// QOPT_CPU_* of the CPU that runs this, as far as the operating system saves
/// its registers. Linux wants to be asked before tiles of AMX are used.
uint64_t getHostFeatures();

} // namespace qopt

#endif // QOPT_LIB_TARGET_HOST_H

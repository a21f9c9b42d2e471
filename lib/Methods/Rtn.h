//===- Rtn.h - Rounding to nearest ------------------------------*- C++ -*-===//

#ifndef QOPT_LIB_METHODS_RTN_H
#define QOPT_LIB_METHODS_RTN_H

#include "lib/Methods/Solver.h"

namespace qopt {

/// See Solver.h.
llvm::Expected<std::unique_ptr<Solver>>
createRtnSolver(const SolverOptions &options);

} // namespace qopt

#endif // QOPT_LIB_METHODS_RTN_H

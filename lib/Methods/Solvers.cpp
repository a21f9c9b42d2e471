//===- Solvers.cpp - The solvers that there are ---------------------------===//

#include "lib/Methods/Solver.h"

#include "lib/Methods/Rtn.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace qopt {

namespace {

struct KnownSolver {
  llvm::StringRef name;
  llvm::Expected<std::unique_ptr<Solver>> (*create)(const SolverOptions &);
};

} // namespace

static const KnownSolver solvers[] = {
    {"rtn", createRtnSolver},
};

llvm::Expected<std::unique_ptr<Solver>>
createSolver(llvm::StringRef name, const SolverOptions &options) {
  for (const KnownSolver &solver : solvers)
    if (name == solver.name)
      return solver.create(options);
  return llvm::createStringError("unknown method '" + name + "': there is " +
                                 llvm::join(getSolverNames(), ", "));
}

llvm::ArrayRef<llvm::StringRef> getSolverNames() {
  static const auto names = llvm::map_to_vector(
      solvers, [](const KnownSolver &solver) { return solver.name; });
  return names;
}

} // namespace qopt

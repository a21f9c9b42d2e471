//===- DependencyFile.h - What an artifact depends on, for make -*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_DEPENDENCYFILE_H
#define QOPT_TOOLS_QOPT_DEPENDENCYFILE_H

#include "passes/Compiler.h"
#include "llvm/Support/Error.h"

namespace qopt {

/// Writes a rule as compilers do, for make, Ninja and CMake: the files that
/// every artifact has depend on all files that the compilation read. The
/// artifact is there.
llvm::Error writeDependencyFile(const std::string &path,
                                const CompileOptions &options);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_DEPENDENCYFILE_H

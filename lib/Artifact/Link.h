//===- Link.h - Linking in process ------------------------------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_LINK_H
#define QOPT_LIB_ARTIFACT_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace qopt {

/// Links x86-64 ELF objects into a shared library that needs nothing: no C
/// library, no symbol from outside (that is an error), no relocation of code.
/// Returns its bytes; they depend on those of the objects alone. Threads wait
/// for one another. Note: lld resets every `cl::opt` of the process.
llvm::Expected<std::string> linkShared(llvm::ArrayRef<llvm::StringRef> objects);

/// Joins the objects into one, to be linked by others.
llvm::Expected<std::string>
linkRelocatable(llvm::ArrayRef<llvm::StringRef> objects);

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_LINK_H

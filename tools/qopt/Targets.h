//===- Targets.h - Which code to make ---------------------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_TARGETS_H
#define QOPT_TOOLS_QOPT_TARGETS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace qopt {

/// ISA versions for the text of --target: `all`, `host` (the most demanding one
/// that this CPU has), or names with commas between them. In the order of
/// lib/Target/X86.h, none twice.
llvm::Expected<std::vector<std::string>> parseTargets(llvm::StringRef text);

/// Fails with a list of the recipes that there are when this is none of them.
llvm::Error checkRecipe(llvm::StringRef recipe);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_TARGETS_H

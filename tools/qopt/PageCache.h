//===- PageCache.h - Files that the kernel forgets --------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_PAGECACHE_H
#define QOPT_TOOLS_QOPT_PAGECACHE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace qopt {

/// Asks the kernel to drop the pages of an artifact's files from memory.
/// Returns the share of them, 0 to 1, that it still holds: it keeps those that
/// a process has mapped, and file systems in memory keep all.
llvm::Expected<double> dropFromPageCache(llvm::StringRef artifact);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_PAGECACHE_H

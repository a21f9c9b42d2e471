//===- Output.h - Files that are whole or absent ----------------*- C++ -*-===//

#ifndef QOPT_LIB_FILES_OUTPUT_H
#define QOPT_LIB_FILES_OUTPUT_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace qopt {

/// Creates or replaces a file with what `write` writes. A regular file appears
/// under its name when it is complete, and an interrupt leaves nothing; a
/// device or a pipe is written directly. A full disk is an error that names the
/// file.
llvm::Error
writeFile(llvm::StringRef path,
          llvm::function_ref<llvm::Error(llvm::raw_ostream &)> write);

} // namespace qopt

#endif // QOPT_LIB_FILES_OUTPUT_H

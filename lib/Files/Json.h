//===- Json.h - JSON from files that nobody vouches for ---------*- C++ -*-===//

#ifndef QOPT_LIB_FILES_JSON_H
#define QOPT_LIB_FILES_JSON_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace qopt {

/// Parses a JSON object. Refuses nesting deeper than 64: LLVM's parser
/// recurses.
llvm::Expected<llvm::json::Object> parseJsonObject(llvm::StringRef text);

/// Reads a file of at most 100 MB.
llvm::Expected<llvm::json::Object> readJsonObject(llvm::StringRef path);

} // namespace qopt

#endif // QOPT_LIB_FILES_JSON_H

//===- Paths.h - Canonical paths of layers ----------------------*- C++ -*-===//

#ifndef QOPT_LIB_RECIPES_PATHS_H
#define QOPT_LIB_RECIPES_PATHS_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace qopt {

/// The first component of the path that is a number, when there is one.
std::optional<int64_t> layerOfPath(llvm::StringRef path);

/// The path with a star in place of the layer's number.
std::string pathOfAll(llvm::StringRef path);

} // namespace qopt

#endif // QOPT_LIB_RECIPES_PATHS_H

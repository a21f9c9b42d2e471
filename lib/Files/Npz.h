//===- Npz.h - Named arrays in one file -------------------------*- C++ -*-===//

#ifndef QOPT_LIB_FILES_NPZ_H
#define QOPT_LIB_FILES_NPZ_H

#include "lib/Files/Npy.h"
#include <string>
#include <utility>
#include <vector>

namespace qopt {

/// The arrays of an npz file, in its order, named without ".npy".
llvm::Expected<std::vector<std::pair<std::string, NpyArray>>>
readNpz(llvm::StringRef path);

/// Writes what numpy.savez writes: an archive of uncompressed npy files.
llvm::Error writeNpz(llvm::StringRef path,
                     llvm::ArrayRef<std::pair<std::string, NpyView>> arrays);

} // namespace qopt

#endif // QOPT_LIB_FILES_NPZ_H

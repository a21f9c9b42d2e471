//===- NpyHeader.h - Description of an array in an npy file -----*- C++ -*-===//

#ifndef QOPT_LIB_FILES_NPYHEADER_H
#define QOPT_LIB_FILES_NPYHEADER_H

#include "lib/Files/Npy.h"

namespace qopt {

struct NpyHeader {
  NpyType type = NpyType::U8;
  bool bigEndian = false;
  bool fortranOrder = false;
  llvm::SmallVector<int64_t> shape;
  size_t dataOffset = 0;
  size_t dataBytes = 0; ///< what type and shape ask for
};

/// Reads the beginning of an npy file. Trusts nothing in it; does not look
/// whether the data are there.
llvm::Expected<NpyHeader> parseNpyHeader(llvm::StringRef bytes);

} // namespace qopt

#endif // QOPT_LIB_FILES_NPYHEADER_H

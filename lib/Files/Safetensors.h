//===- Safetensors.h - Header of a safetensors file -------------*- C++ -*-===//

#ifndef QOPT_LIB_FILES_SAFETENSORS_H
#define QOPT_LIB_FILES_SAFETENSORS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace qopt {

struct SafetensorsEntry {
  std::string name;
  std::string type; ///< F32, BF16, U8, ...: the format's own spelling
  llvm::SmallVector<int64_t> shape;
  uint64_t begin = 0; ///< in the data section
  uint64_t end = 0;
};

struct SafetensorsHeader {
  uint64_t fileBytes = 0;
  uint64_t dataOffset = 0;
  std::vector<SafetensorsEntry> tensors; ///< by position
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// Reads the header of a file and nothing of its data. The tensors lie inside
/// the data section, do not overlap, and have the bytes that shape and type ask
/// for where the type is known.
llvm::Expected<SafetensorsHeader> readSafetensorsHeader(llvm::StringRef path);

/// The same from the file's first bytes, with the size of the whole file.
llvm::Expected<SafetensorsHeader> parseSafetensorsHeader(llvm::StringRef bytes,
                                                         uint64_t fileBytes);

} // namespace qopt

#endif // QOPT_LIB_FILES_SAFETENSORS_H

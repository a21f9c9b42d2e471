//===- Zip.h - Zip archives in memory and as a stream -----------*- C++ -*-===//

#ifndef QOPT_LIB_FILES_ZIP_H
#define QOPT_LIB_FILES_ZIP_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <string>
#include <vector>

namespace qopt {

/// A member of an archive.
struct ZipEntry {
  std::string name;
  uint16_t method = 0; ///< 0 stored, 8 deflate
  uint16_t flags = 0;
  uint32_t crc = 0;
  uint64_t compressedBytes = 0;
  uint64_t bytes = 0;
  uint64_t offset = 0; ///< of the local header
};

/// The members that the central directory of an archive lists, zip64 included.
/// Trusts nothing in it.
llvm::Expected<std::vector<ZipEntry>> readZipDirectory(llvm::StringRef archive);

/// The contents of a member: a part of `archive` when it is stored, else the
/// new buffer that `storage` then holds. The checksum has been compared.
llvm::Expected<llvm::StringRef>
readZipEntry(llvm::StringRef archive, const ZipEntry &entry,
             std::unique_ptr<llvm::MemoryBuffer> &storage);

/// Writes an archive of stored members, with the same bytes for the same
/// members: times are zip's first day.
class ZipWriter {
public:
  explicit ZipWriter(llvm::raw_ostream &os) : os(os) {}

  /// Adds a member whose contents are these parts one after the other.
  void add(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> parts);

  /// Writes the directory; nothing may be added after it.
  void finish();

private:
  llvm::raw_ostream &os;
  uint64_t offset = 0;
  std::vector<ZipEntry> entries;
};

} // namespace qopt

#endif // QOPT_LIB_FILES_ZIP_H

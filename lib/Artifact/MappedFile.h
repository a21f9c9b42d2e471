//===- MappedFile.h - Files mapped read-only --------------------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_MAPPEDFILE_H
#define QOPT_LIB_ARTIFACT_MAPPEDFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace qopt {

/// The bytes of a regular file, mapped read-only and shared: they count neither
/// as data of the process nor as memory that it needs.
class MappedFile {
public:
  MappedFile(MappedFile &&other);
  MappedFile(const MappedFile &) = delete;
  ~MappedFile();

  static llvm::Expected<MappedFile> open(const std::string &path);

  llvm::StringRef bytes() const { return {data, size}; }

  /// Asks for the range to be read soon.
  void willNeed(int64_t offset, int64_t length) const;

  /// Lets the process's pages of the range go.
  void release(int64_t offset, int64_t length) const;

private:
  MappedFile(const char *data, size_t size) : data(data), size(size) {}
  const char *data;
  size_t size;
};

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_MAPPEDFILE_H

//===- OutputFile.h - Files written and synced ------------------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_OUTPUTFILE_H
#define QOPT_LIB_ARTIFACT_OUTPUTFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <string>

namespace qopt {

/// "<what> '<path>': <text of errno>".
llvm::Error errnoError(const llvm::Twine &what, llvm::StringRef path, int code);

/// A new file. Writing goes through write calls, never through a map: a full
/// device is an error. Errors name the path.
class OutputFile {
public:
  OutputFile() = default;
  OutputFile(OutputFile &&other);
  OutputFile &operator=(OutputFile &&other);
  ~OutputFile();

  static llvm::Expected<OutputFile> create(const std::string &path);

  /// May be called from several threads.
  llvm::Error writeAt(llvm::StringRef bytes, int64_t offset);

  /// Lets the device start, so that `close` need not wait for all. Only a hint.
  void startWriteback();

  /// Appends.
  llvm::Error write(llvm::StringRef bytes);

  /// Syncs and closes; only then the file is known to be written.
  llvm::Error close();

private:
  int fd = -1;
  std::string path;
};

/// Creates, writes, syncs and closes a file.
llvm::Error writeSyncedFile(const std::string &path, llvm::StringRef contents);

/// Syncs a file or a directory that exists.
llvm::Error syncPath(const std::string &path);

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_OUTPUTFILE_H

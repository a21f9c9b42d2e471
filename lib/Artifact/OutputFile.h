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

/// Writes and syncs a file, which appears under its name when it is complete;
/// what exists and is no regular file, a device or a pipe, is opened and
/// written as it is.
llvm::Error writeSyncedFile(const std::string &path, llvm::StringRef contents);

/// An error, before any work, if a file cannot have this name: it is that of a
/// directory or, without `force`, of a file; or its folder is none.
llvm::Error checkOutputFile(const std::string &path, bool force);

/// An error if the folder of a path is none.
llvm::Error checkFolder(const std::string &path);

/// Syncs a file or a directory that exists.
llvm::Error syncPath(const std::string &path);

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_OUTPUTFILE_H

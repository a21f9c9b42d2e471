//===- OutputFile.cpp - Files written and synced --------------------------===//

#include "lib/Artifact/OutputFile.h"

#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace llvm;

namespace qopt {

Error errnoError(const Twine &what, StringRef path, int code) {
  return createStringError(what + " '" + path + "': " + sys::StrError(code));
}

OutputFile::OutputFile(OutputFile &&other)
    : fd(std::exchange(other.fd, -1)), path(std::move(other.path)) {}

OutputFile &OutputFile::operator=(OutputFile &&other) {
  std::swap(fd, other.fd);
  std::swap(path, other.path);
  return *this;
}

OutputFile::~OutputFile() {
  if (fd >= 0)
    ::close(fd);
}

Expected<OutputFile> OutputFile::create(const std::string &path) {
  OutputFile file;
  file.path = path;
  file.fd = sys::RetryAfterSignal(
      -1, ::open, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file.fd < 0)
    return errnoError("cannot create", path, errno);
  return file;
}

template <typename Write>
static Error writeAllWith(StringRef bytes, const std::string &path,
                          Write write) {
  while (!bytes.empty()) {
    ssize_t written = write(bytes);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return errnoError("cannot write", path, errno);
    bytes = bytes.drop_front(size_t(written));
  }
  return Error::success();
}

Error OutputFile::writeAt(StringRef bytes, int64_t offset) {
  return writeAllWith(bytes, path, [&](StringRef rest) {
    ssize_t written = ::pwrite(fd, rest.data(), rest.size(), offset);
    offset += std::max<ssize_t>(written, 0);
    return written;
  });
}

void OutputFile::startWriteback() {
  ::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static Error writeAll(int fd, StringRef bytes, const std::string &path) {
  return writeAllWith(bytes, path, [&](StringRef rest) {
    return ::write(fd, rest.data(), rest.size());
  });
}

Error OutputFile::write(StringRef bytes) { return writeAll(fd, bytes, path); }

/// Pipes and devices cannot be synced, and need not.
static bool isSyncError(int result) {
  return result < 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP;
}

static Error sync(int fd, const std::string &path) {
  if (isSyncError(::fsync(fd)))
    return errnoError("cannot write", path, errno);
  return Error::success();
}

Error OutputFile::close() {
  if (Error error = sync(fd, path))
    return error;
  if (::close(std::exchange(fd, -1)) < 0 && errno != EINTR)
    return errnoError("cannot write", path, errno);
  return Error::success();
}

/// What exists under its name and is to be written as it is.
static Error writeDirectly(const std::string &path, StringRef contents) {
  Expected<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (Error error = file->write(contents))
    return error;
  return file->close();
}

Error writeSyncedFile(const std::string &path, StringRef contents) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return writeDirectly(path, contents);
  auto cannotCreate = [&](Error error) {
    return createStringError("cannot create '" + path +
                             "': " + toString(std::move(error)));
  };
  Expected<sys::fs::TempFile> file = sys::fs::TempFile::create(
      path + ".%%%%%%.tmp", sys::fs::all_read | sys::fs::all_write);
  if (!file)
    return cannotCreate(file.takeError());
  Error error = writeAll(file->FD, contents, path);
  if (!error)
    error = sync(file->FD, path);
  if (error)
    return joinErrors(std::move(error), file->discard());
  if (Error renaming = file->keep(path))
    return cannotCreate(std::move(renaming));
  return Error::success();
}

Error checkFolder(const std::string &path) {
  StringRef folder = sys::path::parent_path(path);
  struct stat status;
  // The dot stands for nothing in what is no directory.
  if (!folder.empty() && ::stat((folder + "/.").str().c_str(), &status) < 0)
    return errnoError("cannot create", path, errno);
  return Error::success();
}

Error checkOutputFile(const std::string &path, bool force) {
  struct stat status;
  if (::stat(path.c_str(), &status) < 0)
    return checkFolder(path);
  if (S_ISDIR(status.st_mode))
    return errnoError("cannot create", path, EISDIR);
  if (S_ISREG(status.st_mode) && !force)
    return createStringError("'" + path + "' exists; --force replaces it");
  return Error::success();
}

Error syncPath(const std::string &path) {
  int fd =
      sys::RetryAfterSignal(-1, ::open, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return errnoError("cannot open", path, errno);
  int failed = isSyncError(::fsync(fd)) ? errno : 0;
  ::close(fd);
  if (failed)
    return errnoError("cannot write", path, failed);
  return Error::success();
}

} // namespace qopt

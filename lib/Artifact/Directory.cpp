//===- Directory.cpp - An artifact appears when it is whole ---------------===//

#include "lib/Artifact/Directory.h"

#include "lib/Artifact/MappedFile.h"
#include "lib/Artifact/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

using namespace llvm;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

namespace qopt {

static Error alreadyThere(StringRef output) {
  return createStringError("'" + output +
                           "' exists; --force replaces an artifact");
}

/// Checks what has the output's name now.
static Error checkExisting(const std::string &output, bool force) {
  fs::file_status status;
  std::error_code code = fs::status(output, status, /*Follow=*/false);
  if (status.type() == fs::file_type::file_not_found)
    return Error::success();
  if (code)
    return createStringError("cannot create '" + output +
                             "': " + code.message());
  if (!force)
    return alreadyThere(output);
  if (status.type() == fs::file_type::directory_file) {
    std::error_code listing;
    bool isEmpty =
        fs::directory_iterator(output, listing) == fs::directory_iterator();
    if ((isEmpty && !listing) || fs::exists(output + "/" + manifestFile))
      return Error::success();
  }
  return createStringError("'" + output +
                           "' is not an artifact, and is not replaced");
}

static StringRef withoutSlashes(StringRef output) {
  while (output.size() > 1 && output.ends_with("/"))
    output = output.drop_back();
  return output;
}

Error ArtifactDirectory::check(StringRef output, bool force) {
  output = withoutSlashes(output);
  StringRef name = path::filename(output);
  if (name.empty() || name == "." || name == ".." || name == "/")
    return createStringError("cannot create '" + output + "': not a name");
  if (Error error = checkFolder(output.str()))
    return error;
  return checkExisting(output.str(), force);
}

Expected<ArtifactDirectory> ArtifactDirectory::create(StringRef output,
                                                      bool force) {
  if (Error error = check(output, force))
    return std::move(error);
  output = withoutSlashes(output);
  StringRef name = path::filename(output);
  ArtifactDirectory directory(output.str(), force);

  SmallString<128> base(path::parent_path(output));
  path::append(base, "." + name + ".tmp-" + Twine(::getpid()));
  // What another compilation of this process, or a dead one, left has the name.
  for (int attempt = 0;; ++attempt) {
    std::string candidate = base.str().str();
    if (attempt)
      candidate += "-" + std::to_string(attempt);
    if (::mkdir(candidate.c_str(), 0777) == 0) {
      directory.temporaryPath = candidate;
      return std::move(directory);
    }
    if (errno != EEXIST || attempt == 1000)
      return errnoError("cannot create", output, errno);
  }
}

ArtifactDirectory::ArtifactDirectory(ArtifactDirectory &&other)
    : outputPath(std::move(other.outputPath)),
      temporaryPath(std::exchange(other.temporaryPath, std::string())),
      force(other.force) {}

ArtifactDirectory::~ArtifactDirectory() {
  if (!temporaryPath.empty())
    fs::remove_directories(temporaryPath, /*IgnoreErrors=*/true);
}

std::string ArtifactDirectory::file(StringRef name) const {
  return (temporaryPath + "/" + name).str();
}

Error ArtifactDirectory::write(StringRef name, StringRef contents) {
  return writeSyncedFile(file(name), contents);
}

Error ArtifactDirectory::copy(const std::string &source, StringRef name) {
  Expected<MappedFile> contents = MappedFile::open(source);
  if (!contents)
    return contents.takeError();
  return write(name, contents->bytes());
}

static int renameWith(const std::string &from, const std::string &to,
                      unsigned flags) {
  return int(::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD,
                       to.c_str(), flags));
}

static bool isUnsupported(int code) {
  return code == EINVAL || code == ENOSYS || code == ENOTSUP;
}

/// Gives `from` the name `to`, which nothing has. Some file systems know no
/// such flag; then rename itself fails for all but an empty directory.
static Error renameToNew(const std::string &from, const std::string &to) {
  if (renameWith(from, to, RENAME_NOREPLACE) == 0)
    return Error::success();
  if (isUnsupported(errno) && ::rename(from.c_str(), to.c_str()) == 0)
    return Error::success();
  if (errno == EEXIST || errno == ENOTEMPTY)
    return alreadyThere(to);
  return errnoError("cannot create", to, errno);
}

Error ArtifactDirectory::commit() {
  std::error_code code;
  for (fs::directory_iterator it(temporaryPath, code), end; !code && it != end;
       it.increment(code))
    if (Error error = syncPath(it->path()))
      return error;
  if (code)
    return createStringError("cannot read '" + temporaryPath +
                             "': " + code.message());
  if (Error error = syncPath(temporaryPath))
    return error;

  if (Error error = checkExisting(outputPath, force))
    return error;
  if (!fs::exists(outputPath)) {
    if (Error error = renameToNew(temporaryPath, outputPath))
      return error;
    temporaryPath.clear();
  } else if (renameWith(temporaryPath, outputPath, RENAME_EXCHANGE) != 0) {
    if (!isUnsupported(errno))
      return errnoError("cannot replace", outputPath, errno);
    std::string old = temporaryPath + "-old";
    if (::rename(outputPath.c_str(), old.c_str()) != 0)
      return errnoError("cannot replace", outputPath, errno);
    if (Error error = renameToNew(temporaryPath, outputPath)) {
      ::rename(old.c_str(), outputPath.c_str());
      return error;
    }
    temporaryPath = old;
  }
  // What is in the temporary place now is the artifact that was replaced.
  if (!temporaryPath.empty())
    fs::remove_directories(temporaryPath, /*IgnoreErrors=*/true);
  temporaryPath.clear();
  StringRef parent = path::parent_path(outputPath);
  return syncPath(parent.empty() ? "." : parent.str());
}

} // namespace qopt

//===- MappedFile.cpp - Files mapped read-only ----------------------------===//

#include "lib/Artifact/MappedFile.h"

#include "lib/Artifact/OutputFile.h"
#include "llvm/Support/Errno.h"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace llvm;

namespace qopt {

MappedFile::MappedFile(MappedFile &&other)
    : data(std::exchange(other.data, nullptr)),
      size(std::exchange(other.size, 0)) {}

MappedFile::~MappedFile() {
  if (size)
    ::munmap(const_cast<char *>(data), size);
}

Expected<MappedFile> MappedFile::open(const std::string &path) {
  // Opening a pipe would wait for one who writes to it.
  int fd = sys::RetryAfterSignal(-1, ::open, path.c_str(),
                                 O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return errnoError("cannot open", path, errno);
  struct stat status;
  int code = ::fstat(fd, &status) < 0  ? errno
             : S_ISDIR(status.st_mode) ? EISDIR
                                       : 0;
  void *map = nullptr;
  if (!code && !S_ISREG(status.st_mode)) {
    ::close(fd);
    return createStringError("cannot read '" + path + "': not a regular file");
  }
  if (!code && status.st_size > 0) {
    map = ::mmap(nullptr, size_t(status.st_size), PROT_READ, MAP_SHARED, fd, 0);
    code = map == MAP_FAILED ? errno : 0;
  }
  ::close(fd);
  if (code)
    return errnoError("cannot read", path, code);
  return MappedFile(static_cast<const char *>(map), size_t(status.st_size));
}

static void advise(const char *data, size_t size, int64_t offset,
                   int64_t length, int advice) {
  int64_t page = ::sysconf(_SC_PAGESIZE);
  int64_t begin = offset / page * page;
  int64_t end = std::min(int64_t(size), offset + length);
  if (begin < end)
    ::madvise(const_cast<char *>(data) + begin, size_t(end - begin), advice);
}

void MappedFile::willNeed(int64_t offset, int64_t length) const {
  advise(data, size, offset, length, MADV_WILLNEED);
}

void MappedFile::release(int64_t offset, int64_t length) const {
  advise(data, size, offset, length, MADV_DONTNEED);
}

} // namespace qopt

//===- PageCache.cpp - Files that the kernel forgets ----------------------===//

#include "tools/qopt/PageCache.h"

#include "tools/qopt/Artifact.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Errno.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace llvm;

namespace qopt {

namespace {
struct Pages {
  size_t resident = 0, all = 0;
};
} // namespace

static Error failedOn(const std::string &path) {
  return createFileError(path, std::error_code(errno, std::generic_category()));
}

static Expected<Pages> countPages(int file, const std::string &path,
                                  size_t bytes) {
  size_t pageBytes = size_t(sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> flags((bytes + pageBytes - 1) / pageBytes);
  void *mapping = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
  if (mapping == MAP_FAILED)
    return failedOn(path);
  scope_exit unmap([&] { munmap(mapping, bytes); });
  if (mincore(mapping, bytes, flags.data()) != 0)
    return failedOn(path);
  size_t resident =
      size_t(count_if(flags, [](unsigned char flag) { return flag & 1; }));
  return Pages{resident, flags.size()};
}

static Expected<Pages> dropFile(const std::string &path, size_t bytes) {
  int file =
      sys::RetryAfterSignal(-1, open, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return failedOn(path);
  scope_exit close([&] { ::close(file); });
  // Pages that are not yet written stay.
  if (fdatasync(file) != 0)
    return failedOn(path);
  if (int code = posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED))
    return createFileError(path,
                           std::error_code(code, std::generic_category()));
  return countPages(file, path, bytes);
}

Expected<double> dropFromPageCache(StringRef artifact) {
  auto files = listArtifact(artifact);
  if (!files)
    return files.takeError();
  Pages sum;
  for (const auto &[name, bytes] : *files) {
    if (bytes == 0)
      continue;
    Expected<Pages> pages = dropFile(getArtifactFile(artifact, name), bytes);
    if (!pages)
      return pages.takeError();
    sum.resident += pages->resident;
    sum.all += pages->all;
  }
  return double(sum.resident) / double(sum.all);
}

} // namespace qopt

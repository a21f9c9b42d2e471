/*===- elf.c - Whether a shared object is whole --------------------------===*/

#include "runtime/elf.h"

#include "runtime/error.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__aarch64__)
enum { thisMachine = EM_AARCH64 };
#else
enum { thisMachine = EM_X86_64 };
#endif

/** offset + bytes <= size, whatever their values. */
static bool inside(uint64_t offset, uint64_t bytes, uint64_t size) {
  return offset <= size && bytes <= size - offset;
}

static qopt_status check(int file, uint64_t size, const char *path) {
  Elf64_Ehdr header;
  if (pread(file, &header, sizeof header, 0) != sizeof header ||
      memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_DYN)
    return qopt_fail(QOPT_ERROR_FILE, "%s: not a 64-bit shared object", path);
  if (header.e_machine != thisMachine)
    return qopt_fail(QOPT_ERROR_CPU, "%s: made for another machine", path);
  bool whole = inside(header.e_shoff,
                      (uint64_t)header.e_shnum * header.e_shentsize, size) &&
               inside(header.e_phoff,
                      (uint64_t)header.e_phnum * header.e_phentsize, size);
  for (int i = 0; whole && i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    off_t offset = (off_t)(header.e_phoff + (uint64_t)i * header.e_phentsize);
    whole = pread(file, &segment, sizeof segment, offset) == sizeof segment &&
            inside(segment.p_offset, segment.p_filesz, size);
  }
  if (!whole)
    return qopt_fail(QOPT_ERROR_FILE, "%s: truncated shared object", path);
  return QOPT_OK;
}

qopt_status qopt_check_shared_object(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return qopt_fail(QOPT_ERROR_FILE, "cannot open %s: %s", path,
                     strerror(errno));
  struct stat information;
  qopt_status status;
  if (fstat(file, &information) != 0)
    status =
        qopt_fail(QOPT_ERROR_FILE, "cannot read %s: %s", path, strerror(errno));
  else
    status = check(file, (uint64_t)information.st_size, path);
  close(file);
  return status;
}

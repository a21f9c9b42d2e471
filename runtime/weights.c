/*===- weights.c - The mapping of weights.safetensors --------------------===*/

#include "runtime/weights.h"

#include "runtime/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static qopt_status map(qopt_model *model, int file, const char *path) {
  struct stat information;
  if (fstat(file, &information) != 0)
    return qopt_fail(QOPT_ERROR_FILE, "cannot read %s: %s", path,
                     strerror(errno));
  long long expected = model->table->weights_bytes;
  if (information.st_size != expected)
    return qopt_fail(
        QOPT_ERROR_FILE,
        "%s: truncated or resized weights file (expects %lld bytes, "
        "but got %lld)",
        path, expected, (long long)information.st_size);
  if (expected == 0)
    return QOPT_OK;
  void *mapping = mmap(NULL, (size_t)expected, PROT_READ, MAP_SHARED, file, 0);
  if (mapping == MAP_FAILED)
    return qopt_fail(QOPT_ERROR_FILE, "cannot map %s: %s", path,
                     strerror(errno));
  madvise(mapping, (size_t)expected, MADV_HUGEPAGE); /* where files can */
  model->mapping = mapping;
  model->mappingBytes = (size_t)expected;
  return QOPT_OK;
}

/** A safetensors file starts with the length of its JSON header, in 8 bytes;
 * the data section follows the header. */
static qopt_status checkHeader(const qopt_model *model, const char *path) {
  uint64_t header = 0;
  if (model->mappingBytes >= sizeof header)
    memcpy(&header, model->mapping, sizeof header);
  uint64_t offset = (uint64_t)model->table->weights_offset;
  if (offset > model->mappingBytes || header + sizeof header != offset)
    return qopt_fail(
        QOPT_ERROR_FILE,
        "%s: not the weights file of this artifact (expects data at "
        "byte %llu, but got %llu)",
        path, (unsigned long long)offset,
        (unsigned long long)(header + sizeof header));
  return QOPT_OK;
}

qopt_status qopt_weights_map(qopt_model *model, const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return qopt_fail(QOPT_ERROR_FILE, "cannot open %s: %s", path,
                     strerror(errno));
  qopt_status status = map(model, file, path);
  close(file);
  return status == QOPT_OK ? checkHeader(model, path) : status;
}

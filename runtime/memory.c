/*===- memory.c - Memory that grows on demand ----------------------------===*/

#include "runtime/memory.h"

#include "runtime/error.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
  alignment = 64,
  hugePage = 2 << 20,
  /* From here on memory comes in pages of its own. */
  mappedFrom = 1 << 20,
};

void qopt_buffer_free(qopt_buffer *buffer) {
  if (buffer->mapping)
    munmap(buffer->mapping, buffer->mappingBytes);
  else
    free(buffer->data);
  memset(buffer, 0, sizeof *buffer);
}

/** Whole huge pages start at `data`, so that the kernel can use them. */
static qopt_status map(qopt_buffer *buffer, size_t bytes, const char *what) {
  size_t all = bytes + hugePage;
  void *mapping = mmap(NULL, all, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED)
    return qopt_fail_memory(bytes, what);
  madvise(mapping, all, MADV_HUGEPAGE);
  buffer->mapping = mapping;
  buffer->mappingBytes = all;
  uintptr_t start = ((uintptr_t)mapping + hugePage - 1) & -(uintptr_t)hugePage;
  buffer->data = (uint8_t *)start;
  buffer->capacity = bytes;
  return QOPT_OK;
}

qopt_status qopt_buffer_reserve(qopt_buffer *buffer, size_t bytes,
                                const char *what) {
  if (bytes == 0) /* a pointer that may be passed on */
    bytes = 1;
  if (bytes <= buffer->capacity)
    return QOPT_OK;
  if (bytes > PTRDIFF_MAX / 2)
    return qopt_fail_memory(bytes, what);
  qopt_buffer_free(buffer);
  if (bytes >= mappedFrom)
    return map(buffer, bytes, what);
  size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  buffer->data = aligned_alloc(alignment, rounded);
  if (!buffer->data)
    return qopt_fail_memory(bytes, what);
  memset(buffer->data, 0, rounded);
  buffer->capacity = rounded;
  return QOPT_OK;
}

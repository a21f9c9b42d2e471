/*===- memory.h - Memory that grows on demand ----------------------------===*/

#ifndef QOPT_RUNTIME_MEMORY_H
#define QOPT_RUNTIME_MEMORY_H

#include "qopt/runtime.h"

/** Memory of a session, 64-byte aligned. All zero: none yet. */
typedef struct {
  uint8_t *data;
  size_t capacity;
  void *mapping; /* null: from the heap */
  size_t mappingBytes;
} qopt_buffer;

/** Makes `buffer` hold at least `bytes`; its contents are lost and
 * zero when it has to grow. Large memory asks for huge pages and is taken from
 * the system as it is first written. `what` names it in the error. */
qopt_status qopt_buffer_reserve(qopt_buffer *buffer, size_t bytes,
                                const char *what);

void qopt_buffer_free(qopt_buffer *buffer);

#endif /* QOPT_RUNTIME_MEMORY_H */

/*===- error.c - Status and the last error of a thread -------------------===*/

#include "runtime/error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char lastError[1024];

const char *qopt_last_error(void) { return lastError; }

qopt_status qopt_fail(qopt_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(lastError, sizeof lastError, format, arguments);
  va_end(arguments);
  return status;
}

qopt_status qopt_fail_memory(size_t bytes, const char *what) {
  return qopt_fail(QOPT_ERROR_MEMORY, "cannot allocate %zu bytes for %s", bytes,
                   what);
}

const char *qopt_version(void) { return QOPT_VERSION; }

/*===- error.h - Status and the last error of a thread -------------------===*/

#ifndef QOPT_RUNTIME_ERROR_H
#define QOPT_RUNTIME_ERROR_H

#include "qopt/runtime.h"

/** Sets the calling thread's last error to the formatted text, cut where it is
 * too long, and returns `status`. Lower case, no full stop. */
qopt_status qopt_fail(qopt_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** QOPT_ERROR_MEMORY for `bytes` bytes of `what`. */
qopt_status qopt_fail_memory(size_t bytes, const char *what);

/** Gives the formatted text to the log callback, when there is one. */
void qopt_log(qopt_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* QOPT_RUNTIME_ERROR_H */

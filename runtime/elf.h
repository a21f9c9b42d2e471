/*===- elf.h - Whether a shared object is whole --------------------------===*/

#ifndef QOPT_RUNTIME_ELF_H
#define QOPT_RUNTIME_ELF_H

#include "qopt/runtime.h"

/** Fails unless the file at `path` is a shared object for this machine with all
 * its bytes: dlopen of a truncated one may crash. */
qopt_status qopt_check_shared_object(const char *path);

#endif /* QOPT_RUNTIME_ELF_H */

/*===- cpu.h - What this CPU can run -------------------------------------===*/

#ifndef QOPT_RUNTIME_CPU_H
#define QOPT_RUNTIME_CPU_H

#include "qopt/artifact.h"
#include "qopt/runtime.h"

/** The QOPT_CPU_* features of this CPU that the system has enabled. */
uint64_t qopt_cpu_features(void);

/** Bytes ahead that one stream of weights is best prefetched, into the
 * second-level cache, on this CPU; 0: none. 8 KB ahead one core reads codes of
 * 4 bits at 96 to 98 % of a plain read on an Intel Xeon of the Granite Rapids
 * class, at 100 % on AMD's Zen 5, on either at 84 % without; on Zen 4
 * prototypes lost a third by prefetching. */
int64_t qopt_cpu_prefetch_distance(void);

/** CPUs that this process may run on, at least 1. */
int32_t qopt_cpu_count(void);

/** The first variant that `features` suffice for, or, when `name` is neither
 * null nor empty, the one called so. `path` names the artifact in errors. */
qopt_status qopt_choose_variant(const qopt_artifact_table *table,
                                uint64_t features, const char *name,
                                const char *path, const qopt_variant **variant);

#endif /* QOPT_RUNTIME_CPU_H */

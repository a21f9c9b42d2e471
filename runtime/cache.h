/*===- cache.h - Caches from past_* and to present_* ---------------------===*/

#ifndef QOPT_RUNTIME_CACHE_H
#define QOPT_RUNTIME_CACHE_H

#include "qopt/artifact.h"
#include "qopt/runtime.h"
#include "runtime/threads.h"

/** One key or value cache, laid out as qopt_cache_info says. */
typedef struct {
  uint8_t *data;
  int64_t heads;
  int64_t dim;
  int64_t context;
  bool isKey;    /* in panels of QOPT_CACHE_PANEL time steps */
  int32_t dtype; /* QOPT_FLOAT, QOPT_FLOAT16 or QOPT_INT8 */
} qopt_cache;

/** Bytes of a key or value of one head, with its scale. */
int64_t qopt_cache_vector_bytes(int32_t dtype, int64_t dim);

/** Bytes for `batch` rows; false when they do not fit. */
bool qopt_cache_bytes(const qopt_cache *cache, int64_t batch, size_t *bytes);

/** Copies `steps` time steps of a tensor [batch, heads, steps, dim] of `dtype`
 * to the start of the cache, rounded to its elements: f16 to nearest even,
 * int8 as generated code does it (lib/Formats/Activations.h). */
void qopt_cache_load(const qopt_cache *cache, qopt_pool *pool,
                     const void *tensor, int32_t dtype, int64_t batch,
                     int64_t steps);

/** The opposite; codes become code * scale. */
void qopt_cache_store(const qopt_cache *cache, qopt_pool *pool, void *tensor,
                      int32_t dtype, int64_t batch, int64_t steps);

#endif /* QOPT_RUNTIME_CACHE_H */

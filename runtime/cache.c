/*===- cache.c - Caches from past_* and to present_* ---------------------===*/

#include "runtime/cache.h"

#include "runtime/convert.h"

enum {
  /* Elements that are converted at once, on the stack. */
  block = 64,
};

/** Time steps of memory in a head: those of a key fill its last panel. */
static int64_t paddedContext(const qopt_cache *cache) {
  if (!cache->isKey)
    return cache->context;
  return (cache->context + QOPT_KEY_PANEL - 1) / QOPT_KEY_PANEL *
         QOPT_KEY_PANEL;
}

bool qopt_cache_bytes(const qopt_cache *cache, int64_t batch, size_t *bytes) {
  int64_t product = sizeof(float);
  bool overflow =
      cache->context > INT64_MAX - QOPT_KEY_PANEL ||
      __builtin_mul_overflow(product, batch, &product) ||
      __builtin_mul_overflow(product, cache->heads, &product) ||
      __builtin_mul_overflow(product, cache->dim, &product) ||
      __builtin_mul_overflow(product, paddedContext(cache), &product);
  *bytes = (size_t)product;
  return !overflow;
}

/** Element `d` of time step `t`, and the distance from it to element d + 1. */
static float *element(const qopt_cache *cache, float *head, int64_t t,
                      int64_t d, int64_t *stride) {
  if (!cache->isKey) {
    *stride = 1;
    return head + t * cache->dim + d;
  }
  *stride = QOPT_KEY_PANEL;
  int64_t panel = t / QOPT_KEY_PANEL;
  return head + (panel * cache->dim + d) * QOPT_KEY_PANEL + t % QOPT_KEY_PANEL;
}

/** One item of the loops below is one head of one row. */
typedef struct {
  const qopt_cache *cache;
  char *tensor;
  int32_t dtype;
  int64_t steps;
} job;

static void loadHeads(const void *env, int64_t begin, int64_t end,
                      void *scratch) {
  const job *self = env;
  const qopt_cache *cache = self->cache;
  int64_t dim = cache->dim, size = (int64_t)qopt_dtype_bytes(self->dtype);
  (void)scratch;
  for (int64_t h = begin; h < end; ++h) {
    float *head = cache->data + h * paddedContext(cache) * dim;
    const char *source = self->tensor + h * self->steps * dim * size;
    for (int64_t t = 0; t < self->steps; ++t)
      for (int64_t d = 0; d < dim; d += block) {
        int64_t count = dim - d < block ? dim - d : block, stride;
        float values[block];
        qopt_to_float(values, source + (t * dim + d) * size, self->dtype,
                      (size_t)count);
        float *target = element(cache, head, t, d, &stride);
        for (int64_t i = 0; i < count; ++i)
          target[i * stride] = values[i];
      }
  }
}

static void storeHeads(const void *env, int64_t begin, int64_t end,
                       void *scratch) {
  const job *self = env;
  const qopt_cache *cache = self->cache;
  int64_t dim = cache->dim, size = (int64_t)qopt_dtype_bytes(self->dtype);
  (void)scratch;
  for (int64_t h = begin; h < end; ++h) {
    float *head = cache->data + h * paddedContext(cache) * dim;
    char *target = self->tensor + h * self->steps * dim * size;
    for (int64_t t = 0; t < self->steps; ++t)
      for (int64_t d = 0; d < dim; d += block) {
        int64_t count = dim - d < block ? dim - d : block, stride;
        float values[block];
        const float *source = element(cache, head, t, d, &stride);
        for (int64_t i = 0; i < count; ++i)
          values[i] = source[i * stride];
        qopt_from_float(target + (t * dim + d) * size, values, self->dtype,
                        (size_t)count);
      }
  }
}

void qopt_cache_load(const qopt_cache *cache, qopt_pool *pool,
                     const void *tensor, int32_t dtype, int64_t batch,
                     int64_t steps) {
  job env = {cache, (char *)tensor, dtype, steps};
  if (steps > 0)
    qopt_pool_parallel_for(pool, loadHeads, &env, batch * cache->heads);
}

void qopt_cache_store(const qopt_cache *cache, qopt_pool *pool, void *tensor,
                      int32_t dtype, int64_t batch, int64_t steps) {
  job env = {cache, tensor, dtype, steps};
  if (steps > 0)
    qopt_pool_parallel_for(pool, storeHeads, &env, batch * cache->heads);
}

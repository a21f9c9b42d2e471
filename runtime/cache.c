/*===- cache.c - Caches from past_* and to present_* ---------------------===*/

#include "runtime/cache.h"

#include "runtime/convert.h"

#include <math.h>
#include <string.h>

enum {
  /* Elements that are converted at once, on the stack. */
  block = 64,
};

/** Time steps that a head has memory for. */
static int64_t paddedContext(const qopt_cache *cache) {
  return (cache->context + QOPT_CACHE_PANEL - 1) / QOPT_CACHE_PANEL *
         QOPT_CACHE_PANEL;
}

int64_t qopt_cache_vector_bytes(int32_t dtype, int64_t dim) {
  int64_t bytes = (int64_t)qopt_dtype_bytes(dtype) * dim;
  return dtype == QOPT_INT8 ? bytes + (int64_t)sizeof(float) : bytes;
}

bool qopt_cache_bytes(const qopt_cache *cache, int64_t batch, size_t *bytes) {
  int64_t product = qopt_cache_vector_bytes(cache->dtype, cache->dim);
  bool overflow =
      cache->context > INT64_MAX - QOPT_CACHE_PANEL ||
      __builtin_mul_overflow(product, batch, &product) ||
      __builtin_mul_overflow(product, cache->heads, &product) ||
      __builtin_mul_overflow(product, paddedContext(cache), &product);
  *bytes = (size_t)product;
  return !overflow;
}

static uint8_t *headStart(const qopt_cache *cache, int64_t head) {
  return cache->data + head * paddedContext(cache) *
                           qopt_cache_vector_bytes(cache->dtype, cache->dim);
}

/** Element `d` of time step `t`, and the elements from it to element d + 1. */
static uint8_t *element(const qopt_cache *cache, uint8_t *head, int64_t t,
                        int64_t d, int64_t *stride) {
  int64_t size = (int64_t)qopt_dtype_bytes(cache->dtype);
  if (!cache->isKey) {
    *stride = 1;
    return head + (t * cache->dim + d) * size;
  }
  *stride = QOPT_CACHE_PANEL;
  int64_t panel = t / QOPT_CACHE_PANEL;
  return head +
         ((panel * cache->dim + d) * QOPT_CACHE_PANEL + t % QOPT_CACHE_PANEL) *
             size;
}

/** The scale of time step `t`, of codes. */
static uint8_t *scaleOf(const qopt_cache *cache, uint8_t *head, int64_t t) {
  return head + paddedContext(cache) * cache->dim + t * (int64_t)sizeof(float);
}

/** Copies `count` elements of `size` bytes that lie `from` and `to` elements
 * apart. */
static void copyElements(uint8_t *target, int64_t to, const uint8_t *source,
                         int64_t from, int64_t count, size_t size) {
  for (int64_t i = 0; i < count; ++i) {
    uint8_t *one = target + i * to * (int64_t)size;
    const uint8_t *other = source + i * from * (int64_t)size;
    if (size == 1)
      *one = *other;
    else if (size == 2)
      memcpy(one, other, 2);
    else
      memcpy(one, other, 4);
  }
}

/** One item of the loops below is one head of one row. */
typedef struct {
  const qopt_cache *cache;
  char *tensor;
  int32_t dtype;
  int64_t steps;
} job;

/** Elements d .. of a time step, no more than a block; returns their number. */
static int64_t readBlock(const job *self, const char *source, int64_t d,
                         float *values) {
  int64_t left = self->cache->dim - d, count = left < block ? left : block;
  qopt_to_float(values, source + d * (int64_t)qopt_dtype_bytes(self->dtype),
                self->dtype, (size_t)count);
  return count;
}

/** Stores the scale of a time step; returns what its values are multiplied by
 * to become codes. */
static float chooseScale(const job *self, const char *source, uint8_t *scale) {
  float largest = 0, values[block];
  for (int64_t d = 0; d < self->cache->dim; d += block) {
    int64_t count = readBlock(self, source, d, values);
    for (int64_t i = 0; i < count; ++i)
      largest = fabsf(values[i]) > largest ? fabsf(values[i]) : largest;
  }
  bool isZero = largest < 0x1p-100f;
  float chosen = isZero ? 0 : largest / 127.0f;
  memcpy(scale, &chosen, sizeof chosen);
  return isZero ? 0 : 127.0f / largest;
}

/** To nearest, ties to even: beside 1.5 * 2^23 the last bit of a float is 1,
 * and its lowest byte the integer's. */
static void toCodes(uint8_t *codes, const float *values, float inverse,
                    int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    float shifted = values[i] * inverse + 0x1.8p23f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    codes[i] = (uint8_t)bits;
  }
}

static void loadHeads(const void *env, int64_t begin, int64_t end,
                      void *scratch) {
  const job *self = env;
  const qopt_cache *cache = self->cache;
  int64_t stepBytes = cache->dim * (int64_t)qopt_dtype_bytes(self->dtype);
  bool isCoded = cache->dtype == QOPT_INT8;
  (void)scratch;
  for (int64_t h = begin; h < end; ++h) {
    uint8_t *head = headStart(cache, h);
    const char *source = self->tensor + h * self->steps * stepBytes;
    for (int64_t t = 0; t < self->steps; ++t, source += stepBytes) {
      float inverse =
          isCoded ? chooseScale(self, source, scaleOf(cache, head, t)) : 1;
      for (int64_t d = 0; d < cache->dim; d += block) {
        float values[block];
        uint8_t stored[block * sizeof(float)];
        int64_t count = readBlock(self, source, d, values), stride;
        if (isCoded)
          toCodes(stored, values, inverse, count);
        else
          qopt_from_float(stored, values, cache->dtype, (size_t)count);
        uint8_t *target = element(cache, head, t, d, &stride);
        copyElements(target, stride, stored, 1, count,
                     qopt_dtype_bytes(cache->dtype));
      }
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
    uint8_t *head = headStart(cache, h);
    char *target = self->tensor + h * self->steps * dim * size;
    for (int64_t t = 0; t < self->steps; ++t)
      for (int64_t d = 0; d < dim; d += block) {
        int64_t count = dim - d < block ? dim - d : block, stride;
        float values[block], scale = 1;
        uint8_t stored[block * sizeof(float)];
        const uint8_t *source = element(cache, head, t, d, &stride);
        copyElements(stored, 1, source, stride, count,
                     qopt_dtype_bytes(cache->dtype));
        if (cache->dtype == QOPT_INT8) {
          memcpy(&scale, scaleOf(cache, head, t), sizeof scale);
          for (int64_t i = 0; i < count; ++i)
            values[i] = (float)(int8_t)stored[i] * scale;
        } else {
          qopt_to_float(values, stored, cache->dtype, (size_t)count);
        }
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

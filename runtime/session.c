/*===- session.c - Creates and frees sessions ----------------------------===*/

#include "runtime/session.h"

#include "runtime/cpu.h"
#include "runtime/error.h"

#include <stdlib.h>

enum { mostThreads = 1024 };

/* Enough rows for products at full speed; more only need more memory. */
enum { defaultChunk = 512 };

static qopt_status createCaches(qopt_session *session) {
  const qopt_artifact_table *table = session->table;
  size_t maskBytes;
  if (__builtin_mul_overflow((size_t)session->maxBatch,
                             (size_t)session->context, &maskBytes))
    return qopt_fail_memory(SIZE_MAX, "the attention mask");
  session->mask = calloc(maskBytes, 1);
  if (!session->mask)
    return qopt_fail_memory(maskBytes, "the attention mask");
  size_t total = 0;
  for (int32_t i = 0; i < 2 * table->num_caches; ++i) {
    const qopt_cache_info *info = &table->caches[i / 2];
    bool isKey = i % 2 == 0;
    qopt_cache *cache = &session->caches[i];
    cache->heads = info->heads;
    cache->dim = isKey ? info->key_dim : info->value_dim;
    cache->context = session->context;
    cache->isKey = isKey;
    cache->dtype = info->dtype;
    size_t bytes;
    if (!qopt_cache_bytes(cache, session->maxBatch, &bytes))
      return qopt_fail_memory(SIZE_MAX, "the cache");
    qopt_status status =
        qopt_buffer_reserve(&session->cacheMemory[i], bytes, "the cache");
    if (status != QOPT_OK)
      return status;
    total += bytes;
    session->cachePointers[i] = session->cacheMemory[i].data;
    cache->data = session->cacheMemory[i].data;
  }
  qopt_log(QOPT_LOG_INFO, "%s: %zu bytes for the caches of %lld tokens",
           table->model_name, total,
           (long long)(session->maxBatch * session->context));
  return QOPT_OK;
}

/** Zeroed memory for `count` elements; one more, for none is not a failure. */
static void *makeArray(int32_t count, size_t size) {
  return calloc((size_t)count + 1, size);
}

static qopt_status createArrays(qopt_session *session) {
  int32_t inputs = session->table->num_inputs;
  int32_t outputs = session->table->num_outputs;
  int32_t caches = 2 * session->table->num_caches;
  session->caches = makeArray(caches, sizeof *session->caches);
  session->cacheMemory = makeArray(caches, sizeof *session->cacheMemory);
  session->cachePointers = makeArray(caches, sizeof *session->cachePointers);
  session->inputMemory = makeArray(inputs, sizeof *session->inputMemory);
  session->outputMemory = makeArray(outputs, sizeof *session->outputMemory);
  session->inputs = makeArray(inputs, sizeof *session->inputs);
  session->outputs = makeArray(outputs, sizeof *session->outputs);
  session->wanted = makeArray(outputs, sizeof *session->wanted);
  session->bound = makeArray(inputs, sizeof *session->bound);
  if (!session->caches || !session->cacheMemory || !session->cachePointers ||
      !session->inputMemory || !session->outputMemory || !session->inputs ||
      !session->outputs || !session->wanted || !session->bound)
    return qopt_fail_memory(sizeof *session, "a session");
  return QOPT_OK;
}

static qopt_status checkOptions(const qopt_session_options *options) {
  if (options->batch < 0)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "expects a batch of at least 0, but got %lld",
                     (long long)options->batch);
  if (options->context < 0)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "expects a context of at least 0, but got %lld",
                     (long long)options->context);
  if (options->chunk < 0)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "expects a chunk of at least 0, but got %lld",
                     (long long)options->chunk);
  if (options->threads < 0 || options->threads > mostThreads)
    return qopt_fail(QOPT_ERROR_ARGUMENT, "expects 0 to %d threads, but got %d",
                     mostThreads, options->threads);
  return QOPT_OK;
}

static qopt_status create(qopt_session *session,
                          const qopt_session_options *options) {
  const qopt_artifact_table *table = session->table;
  session->maxBatch = options->batch ? options->batch : 1;
  session->context = options->context ? options->context : table->max_context;
  session->chunk = options->chunk ? options->chunk : defaultChunk;
  session->prefetchDistance = qopt_cpu_prefetch_distance();
  qopt_status status = createArrays(session);
  if (status == QOPT_OK && table->num_caches > 0)
    status = createCaches(session);
  if (status != QOPT_OK)
    return status;
  int32_t threads = options->threads ? options->threads : qopt_cpu_count();
  if (threads > mostThreads)
    threads = mostThreads;
  session->pointers =
      makeArray(threads * (table->num_inputs + table->num_outputs),
                sizeof *session->pointers);
  if (!session->pointers)
    return qopt_fail_memory(sizeof *session, "a session");
  return qopt_pool_create(
      threads, (size_t)session->model->variant->scratch_bytes, options->cancel,
      options->cancel_user, &session->pool);
}

qopt_status qopt_session_create(qopt_model *model,
                                const qopt_session_options *options,
                                qopt_session **result) {
  static const qopt_session_options defaults = {0};
  if (!result)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "qopt_session_create: session is null");
  *result = NULL;
  if (!model)
    return qopt_fail(QOPT_ERROR_ARGUMENT, "qopt_session_create: model is null");
  if (!options)
    options = &defaults;
  qopt_status status = checkOptions(options);
  if (status != QOPT_OK)
    return status;
  qopt_session *session = calloc(1, sizeof *session);
  if (!session)
    return qopt_fail_memory(sizeof *session, "a session");
  qopt_model_hold(model);
  session->model = model;
  session->table = model->table;
  status = create(session, options);
  if (status != QOPT_OK) {
    qopt_session_free(session);
    return status;
  }
  *result = session;
  return QOPT_OK;
}

static void freeBuffers(qopt_buffer *buffers, int32_t count) {
  for (int32_t i = 0; buffers && i < count; ++i)
    qopt_buffer_free(&buffers[i]);
  free(buffers);
}

void qopt_session_free(qopt_session *session) {
  if (!session)
    return;
  qopt_pool_free(session->pool);
  freeBuffers(session->cacheMemory, 2 * session->table->num_caches);
  freeBuffers(session->inputMemory, session->table->num_inputs);
  freeBuffers(session->outputMemory, session->table->num_outputs);
  qopt_buffer_free(&session->arena);
  qopt_buffer_free(&session->logitRows);
  qopt_buffer_free(&session->candidateLogits);
  qopt_buffer_free(&session->candidateTokens);
  free(session->caches);
  free(session->cachePointers);
  free(session->mask);
  free(session->inputs);
  free(session->outputs);
  free(session->wanted);
  free(session->bound);
  free(session->pointers);
  qopt_model_free(session->model);
  free(session);
}

int64_t qopt_session_length(const qopt_session *session) {
  return session->length;
}

int64_t qopt_session_batch(const qopt_session *session) {
  return session->length ? session->batch : 0;
}

int64_t qopt_session_max_batch(const qopt_session *session) {
  return session->maxBatch;
}

int64_t qopt_session_max_context(const qopt_session *session) {
  return session->context;
}

int32_t qopt_session_threads(const qopt_session *session) {
  return qopt_pool_threads(session->pool);
}

void qopt_session_set_profile(qopt_session *session,
                              qopt_profile_callback callback, void *user) {
  if (session)
    qopt_pool_set_profile(session->pool, callback, user);
}

qopt_status qopt_session_truncate(qopt_session *session, int64_t length) {
  if (!session)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "qopt_session_truncate: session is null");
  if (length < 0 || length > session->length)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "cannot truncate %lld time steps to %lld",
                     (long long)session->length, (long long)length);
  session->length = length;
  return QOPT_OK;
}

void qopt_session_reset(qopt_session *session) {
  if (session)
    session->length = 0;
}

/*===- execute.c - One execution of an entry -----------------------------===*/

#include "runtime/convert.h"
#include "runtime/error.h"
#include "runtime/session.h"
#include "runtime/signature.h"

#include <stdio.h>

/** The heads and head size of a past_* may be symbols of the file. */
static qopt_status checkPast(const qopt_session *session, int32_t input,
                             const qopt_cache *cache) {
  const int64_t *dims = session->bound[input]->dims;
  if (dims[1] == cache->heads && dims[3] == cache->dim)
    return QOPT_OK;
  return qopt_fail(
      QOPT_ERROR_SIGNATURE,
      "input '%s' expects %lld heads of size %lld, but got %lld of "
      "size %lld",
      session->table->inputs[input].name, (long long)cache->heads,
      (long long)cache->dim, (long long)dims[1], (long long)dims[3]);
}

/** Rows and time steps, from the shapes of past_* and present_*. */
static qopt_status findCacheSizes(const qopt_session *session,
                                  qopt_sizes *sizes) {
  const qopt_artifact_table *table = session->table;
  for (int32_t i = 0; i < table->num_inputs; ++i) {
    const qopt_tensor_info *info = &table->inputs[i];
    if (info->cache < 0)
      continue;
    bool isKey = info->role == QOPT_ROLE_PAST_KEY;
    qopt_status status =
        checkPast(session, i, &session->caches[2 * info->cache + !isKey]);
    if (status != QOPT_OK)
      return status;
    sizes->batch = session->bound[i]->dims[0];
    sizes->past = session->bound[i]->dims[2];
  }
  for (int32_t i = 0; i < table->num_outputs; ++i) {
    qopt_tensor present;
    if (table->outputs[i].cache < 0)
      continue;
    qopt_status status = qopt_output_shape(table, i, sizes->symbols, &present);
    if (status != QOPT_OK)
      return status;
    sizes->sequence = present.dims[2] - sizes->past;
  }
  return QOPT_OK;
}

static qopt_status checkLimits(const qopt_session *session,
                               const qopt_sizes *sizes) {
  if (sizes->batch < 1 || sizes->sequence < 1)
    return qopt_fail(QOPT_ERROR_SIGNATURE,
                     "expects at least 1 row and 1 new time step, but got %lld "
                     "and %lld",
                     (long long)sizes->batch, (long long)sizes->sequence);
  if (sizes->batch > session->maxBatch)
    return qopt_fail(QOPT_ERROR_CAPACITY,
                     "a batch of %lld exceeds the session's batch of %lld",
                     (long long)sizes->batch, (long long)session->maxBatch);
  if (sizes->past > session->context ||
      sizes->sequence > session->context - sizes->past)
    return qopt_fail(QOPT_ERROR_CAPACITY,
                     "%lld past and %lld new time steps exceed the session's "
                     "context of %lld",
                     (long long)sizes->past, (long long)sizes->sequence,
                     (long long)session->context);
  return QOPT_OK;
}

qopt_status qopt_session_check(const qopt_session *session, qopt_sizes *sizes) {
  *sizes = (qopt_sizes){0};
  qopt_status status =
      qopt_solve_shapes(session->table, session->bound, sizes->symbols);
  if (status != QOPT_OK || session->table->num_caches == 0)
    return status;
  status = findCacheSizes(session, sizes);
  return status == QOPT_OK ? checkLimits(session, sizes) : status;
}

qopt_status qopt_session_check_tokens(const qopt_session *session,
                                      const char *name, const void *tokens,
                                      int32_t dtype, size_t count,
                                      int64_t sequence) {
  int64_t vocabulary = session->table->vocabulary;
  for (size_t i = 0; vocabulary > 0 && i < count; ++i) {
    int64_t token = qopt_load_integer(tokens, dtype, i);
    if (token < 0 || token >= vocabulary)
      return qopt_fail(
          QOPT_ERROR_VALUE,
          "input '%s' has token id %lld at [%lld, %lld], but the "
          "vocabulary has %lld",
          name, (long long)token, (long long)((int64_t)i / sequence),
          (long long)((int64_t)i % sequence), (long long)vocabulary);
  }
  return QOPT_OK;
}

static const qopt_entry *chooseEntry(const qopt_session *session,
                                     const qopt_sizes *sizes) {
  const qopt_entry *entries = session->model->variant->entries;
  if (session->table->num_caches == 0)
    return &entries[QOPT_ENTRY_MAIN];
  if (sizes->sequence == 1 && entries[QOPT_ENTRY_DECODE].run)
    return &entries[QOPT_ENTRY_DECODE];
  return &entries[QOPT_ENTRY_PREFILL];
}

bool qopt_session_picks_logits(const qopt_session *session,
                               const qopt_sizes *sizes) {
  const qopt_entry *entries = session->model->variant->entries;
  return session->table->picks_logits &&
         chooseEntry(session, sizes) == &entries[QOPT_ENTRY_PREFILL];
}

qopt_status qopt_session_pick_logits(qopt_session *session, qopt_sizes *sizes,
                                     int64_t rows, int64_t **which) {
  sizes->logitRows = rows;
  sizes->symbols[session->table->num_symbols] = rows;
  size_t bytes = (size_t)(sizes->batch * rows) * sizeof **which;
  qopt_status status =
      qopt_buffer_reserve(&session->logitRows, bytes, "places of logits");
  *which = (int64_t *)(void *)session->logitRows.data;
  return status;
}

qopt_status qopt_session_pick_all(qopt_session *session, qopt_sizes *sizes) {
  sizes->logitRows = sizes->sequence;
  if (!qopt_session_picks_logits(session, sizes))
    return QOPT_OK;
  int64_t *which, count = sizes->sequence;
  qopt_status status = qopt_session_pick_logits(session, sizes, count, &which);
  for (int64_t i = 0; status == QOPT_OK && i < sizes->batch * count; ++i)
    which[i] = i % count;
  return status;
}

qopt_status qopt_session_pick_candidates(qopt_session *session,
                                         qopt_sizes *sizes, int64_t count) {
  const qopt_artifact_table *table = session->table;
  sizes->candidates = count;
  sizes->symbols[table->num_symbols + table->picks_logits] = count;
  size_t elements = (size_t)(sizes->batch * sizes->logitRows * count);
  qopt_status status = qopt_buffer_reserve(
      &session->candidateLogits, elements * sizeof(float), "candidates");
  if (status != QOPT_OK)
    return status;
  return qopt_buffer_reserve(&session->candidateTokens,
                             elements * sizeof(int64_t), "candidates");
}

qopt_status qopt_session_place_outputs(qopt_session *session,
                                       const qopt_sizes *sizes) {
  const qopt_artifact_table *table = session->table;
  for (int32_t i = 0; i < table->num_outputs; ++i) {
    qopt_tensor *output = &session->outputs[i];
    qopt_status status = qopt_output_shape(table, i, sizes->symbols, output);
    if (status != QOPT_OK)
      return status;
    if (table->outputs[i].role == QOPT_ROLE_LOGITS &&
        qopt_session_picks_logits(session, sizes)) {
      output->dims[1] = sizes->logitRows; /* no more than there were */
      qopt_shape_bytes(output->dtype, output->rank, output->dims,
                       &output->bytes);
    }
    bool isPresent = table->outputs[i].cache >= 0;
    if (output->data || (isPresent && !session->wanted[i]))
      continue;
    status = qopt_buffer_reserve(&session->outputMemory[i], output->bytes,
                                 "an output");
    if (status != QOPT_OK)
      return status;
    output->data = session->outputMemory[i].data;
  }
  return QOPT_OK;
}

qopt_status qopt_session_fail_cancelled(void) {
  return qopt_fail(QOPT_ERROR_CANCELLED, "cancelled");
}

qopt_status qopt_session_execute(qopt_session *session,
                                 const qopt_sizes *sizes) {
  const qopt_entry *entry = chooseEntry(session, sizes);
  if (!entry->run)
    return qopt_fail(QOPT_ERROR_VERSION, "the artifact has no code for %s",
                     session->table->num_caches ? "prefill" : "main");
  return qopt_session_run_entry(session, entry, sizes);
}

/*===- parts.c - An entry that runs on some rows at a time ---------------===*/

#include "runtime/error.h"
#include "runtime/session.h"

#include <stdatomic.h>
#include <string.h>

/** The number of rows that are computed apart; 1 where there are none such. */
static int64_t countRows(const qopt_artifact_table *table,
                         const qopt_sizes *sizes) {
  return table->rows_symbol < 0 ? 1 : sizes->symbols[table->rows_symbol];
}

/** How many rows run at a time: so few that their intermediate values stay near
 * the CPU, but not so few that reading the weights anew for them costs more
 * than that saves. What does not grow with rows is computed anew for each part:
 * where that is much there is one. Sizes alone decide, for results must not
 * depend on the number of threads. */
static int64_t chooseRows(const qopt_session *session, const qopt_entry *entry,
                          const qopt_sizes *sizes) {
  /* Measured with encoders on a CPU with 2 MB of second-level cache. */
  const int64_t cacheBytes = 8 << 20, weightsPerArena = 4;
  const qopt_artifact_table *table = session->table;
  int64_t rows = countRows(table, sizes);
  if (rows <= 1 || !entry->arena_bytes)
    return rows;
  qopt_sizes few = *sizes;
  few.symbols[table->rows_symbol] = 1;
  int64_t one = entry->arena_bytes(few.symbols);
  few.symbols[table->rows_symbol] = 2;
  int64_t each = entry->arena_bytes(few.symbols) - one;
  int64_t limit = table->weights_bytes / weightsPerArena;
  if (limit < cacheBytes)
    limit = cacheBytes;
  if (one < 0 || each <= 0 || one - each > limit / 4)
    return rows;
  int64_t most = each < limit ? limit / each : 1;
  int64_t parts = (rows - 1) / most + 1;
  if (parts > INT32_MAX)
    return rows;
  return (rows - 1) / parts + 1;
}

/** A call whose rows run in parts. */
typedef struct {
  qopt_session *session;
  const qopt_entry *entry;
  const qopt_sizes *sizes;
  int64_t rows, atOnce;
  size_t arenaBytes;       /* of a part */
  _Atomic int64_t failure; /* of the first part that failed: its number * 2^32
                              + the error; else INT64_MAX */
} rowParts;

static void setSymbols(const rowParts *parts, int64_t part,
                       int64_t symbols[QOPT_MAX_SYMBOLS]) {
  const qopt_artifact_table *table = parts->session->table;
  memcpy(symbols, parts->sizes->symbols, sizeof parts->sizes->symbols);
  if (table->rows_symbol < 0)
    return;
  int64_t left = parts->rows - part * parts->atOnce;
  symbols[table->rows_symbol] = left < parts->atOnce ? left : parts->atOnce;
}

/** Memory for the largest part, which is the first, times `number`. */
static qopt_status reserveArenas(rowParts *parts, int64_t number) {
  const qopt_entry *entry = parts->entry;
  qopt_session *session = parts->session;
  int64_t symbols[QOPT_MAX_SYMBOLS];
  setSymbols(parts, 0, symbols);
  int64_t bytes = entry->arena_bytes ? entry->arena_bytes(symbols) : 0;
  if (bytes < 0 || bytes > INT64_MAX / 2 / number)
    return qopt_fail_memory(SIZE_MAX, "intermediate values");
  parts->arenaBytes = ((size_t)bytes + 63) / 64 * 64;
  size_t before = session->arena.capacity;
  size_t all = parts->arenaBytes * (size_t)number;
  qopt_status status =
      qopt_buffer_reserve(&session->arena, all, "intermediate values");
  if (status == QOPT_OK && session->arena.capacity != before)
    qopt_log(QOPT_LOG_INFO, "%s: %zu bytes for intermediate values",
             session->table->model_name, all);
  return status;
}

/** Where row `first` of `rows` begins in a tensor that may have rows. */
static void *rowOf(const qopt_artifact_table *table,
                   const qopt_tensor_info *info, const qopt_tensor *tensor,
                   int64_t first, int64_t rows) {
  if (first == 0 || info->rank == 0 ||
      info->dims[0].coefficient[table->rows_symbol] == 0)
    return tensor->data;
  return (uint8_t *)tensor->data + tensor->bytes / (size_t)rows * (size_t)first;
}

/** The inputs of the entry, from row `first` on, then its outputs; returns
 * where these start. */
static void **setPointers(const rowParts *parts, int64_t first,
                          void **pointers) {
  const qopt_session *session = parts->session;
  const qopt_artifact_table *table = session->table;
  for (int32_t i = 0; i < table->num_inputs; ++i)
    if (table->inputs[i].cache < 0)
      *pointers++ = rowOf(table, &table->inputs[i], session->bound[i], first,
                          parts->rows);
  void **outputs = pointers;
  for (int32_t i = 0; i < table->num_outputs; ++i)
    if (table->outputs[i].cache < 0)
      *pointers++ = rowOf(table, &table->outputs[i], &session->outputs[i],
                          first, parts->rows);
  return outputs;
}

/** Runs a part with the memory of thread `number`; its loops run by
 * `parallelFor`. */
static void
runPart(rowParts *parts, int64_t part, int32_t number, void *runtime,
        void (*parallelFor)(void *, qopt_kernel, const void *, int64_t)) {
  qopt_session *session = parts->session;
  const qopt_artifact_table *table = session->table;
  const uint8_t *file = session->model->mapping;
  int64_t symbols[QOPT_MAX_SYMBOLS];
  setSymbols(parts, part, symbols);
  void **inputs =
      session->pointers + number * (table->num_inputs + table->num_outputs);
  void **outputs = setPointers(parts, part * parts->atOnce, inputs);
  qopt_call call = {
      .symbols = symbols,
      .inputs = inputs,
      .outputs = outputs,
      .weights = file ? file + table->weights_offset : NULL,
      .arena = session->arena.data + (size_t)number * parts->arenaBytes,
      .caches = session->cachePointers,
      .runtime = runtime,
      .parallel_for = parallelFor,
      .context = session->context,
      .prefetch_distance = session->prefetchDistance,
      .logit_rows = (const int64_t *)(const void *)session->logitRows.data,
      .candidate_logits = (float *)(void *)session->candidateLogits.data,
      .candidate_tokens = (int64_t *)(void *)session->candidateTokens.data,
  };
  parts->entry->run(&call);
  if (call.error == 0)
    return;
  int64_t failure = part << 32 | call.error;
  int64_t before = atomic_load(&parts->failure);
  while (failure < before &&
         !atomic_compare_exchange_weak(&parts->failure, &before, failure))
    ;
}

static void runPartAlone(void *env, int64_t part, int32_t number,
                         void *thread) {
  runPart(env, part, number, thread, qopt_thread_for);
}

static qopt_status finish(const rowParts *parts) {
  const qopt_session *session = parts->session;
  const qopt_artifact_table *table = session->table;
  if (qopt_pool_cancelled(session->pool))
    return qopt_session_fail_cancelled();
  if (parts->failure == INT64_MAX)
    return QOPT_OK;
  int32_t error = (int32_t)parts->failure;
  return qopt_fail(QOPT_ERROR_VALUE, "%s",
                   error > 0 && error <= table->num_messages
                       ? table->messages[error - 1]
                       : "the model failed without saying why");
}

qopt_status qopt_session_run_entry(qopt_session *session,
                                   const qopt_entry *entry,
                                   const qopt_sizes *sizes) {
  const qopt_artifact_table *table = session->table;
  rowParts parts = {
      .session = session,
      .entry = entry,
      .sizes = sizes,
      .rows = countRows(table, sizes),
      .atOnce = chooseRows(session, entry, sizes),
      .failure = INT64_MAX,
  };
  int64_t count = parts.rows ? (parts.rows - 1) / parts.atOnce + 1
                             : 1; /* of no rows, too */
  int64_t threads = qopt_pool_threads(session->pool);
  int64_t alone = threads == 1 || qopt_pool_has_profile(session->pool)
                      ? 0
                      : count / threads * threads;
  qopt_status status = reserveArenas(&parts, alone ? threads : 1);
  if (status != QOPT_OK)
    return status;
  qopt_pool_run_jobs(session->pool, runPartAlone, &parts, alone);
  for (int64_t part = alone; part < count && parts.failure == INT64_MAX &&
                             !qopt_pool_cancelled(session->pool);
       ++part) {
    qopt_pool_enter(session->pool,
                    (int32_t)(entry - session->model->variant->entries));
    runPart(&parts, part, 0, session->pool, qopt_pool_parallel_for);
  }
  return finish(&parts);
}

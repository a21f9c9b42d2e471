/*===- prompt.c - Appends tokens to a session's cache --------------------===*/

#include "runtime/prompt.h"

#include "runtime/convert.h"
#include "runtime/error.h"
#include "runtime/signature.h"

#include <string.h>

/** What a prompt is to write: logits, or candidates in place of the last. */
typedef struct {
  qopt_logits which;
  float *logits;
  const qopt_candidates *candidates;
} wanted;

static const char *nullArgument(const qopt_session *session,
                                const qopt_prompt *prompt,
                                const wanted *wanted) {
  const qopt_candidates *candidates = wanted->candidates;
  if (!session)
    return "session";
  if (!prompt)
    return "prompt";
  if (!prompt->tokens)
    return "tokens";
  if (candidates ? !candidates->logits
                 : wanted->which != QOPT_LOGITS_NONE && !wanted->logits)
    return "logits";
  if (candidates && !candidates->tokens)
    return "tokens of candidates";
  return NULL;
}

/** What can be refused before the inputs are made. */
static qopt_status check(const qopt_session *session,
                         const qopt_prompt *prompt) {
  if (session->table->num_caches == 0)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "the model has no caches; it runs by qopt_session_run");
  int64_t batch = prompt->batch, length = prompt->length;
  if (batch < 1 || length < 1)
    return qopt_fail(
        QOPT_ERROR_ARGUMENT,
        "expects at least 1 row and 1 token, but got %lld and %lld",
        (long long)batch, (long long)length);
  if (session->length > 0 && batch != session->batch)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "expects %lld rows, as the cache has, but got %lld",
                     (long long)session->batch, (long long)batch);
  if (batch > session->maxBatch)
    return qopt_fail(QOPT_ERROR_CAPACITY,
                     "a batch of %lld exceeds the session's batch of %lld",
                     (long long)batch, (long long)session->maxBatch);
  if (length > session->context - session->length)
    return qopt_fail(QOPT_ERROR_CAPACITY,
                     "%lld past and %lld new time steps exceed the session's "
                     "context of %lld",
                     (long long)session->length, (long long)length,
                     (long long)session->context);
  return qopt_session_check_tokens(session, "tokens", prompt->tokens,
                                   QOPT_INT64, (size_t)(batch * length),
                                   length);
}

static void appendMask(qopt_session *session, const qopt_prompt *prompt) {
  for (int64_t row = 0; row < prompt->batch; ++row)
    for (int64_t t = 0; t < prompt->length; ++t)
      session->mask[row * session->context + session->length + t] =
          !prompt->mask || prompt->mask[row * prompt->length + t];
}

/** The last unmasked time step of a row of the prompt, or the last one. */
static int64_t lastUnmasked(const qopt_prompt *prompt, int64_t row) {
  const uint8_t *mask = prompt->mask;
  for (int64_t t = prompt->length - 1; mask && t >= 0; --t)
    if (mask[row * prompt->length + t])
      return t;
  return prompt->length - 1;
}

static bool has(const qopt_prompt_part *part, int64_t step) {
  return step >= part->first && step < part->first + part->length;
}

/** Asks for the logits of a part that are wanted, if the entry can be asked. */
static qopt_status pickLogits(qopt_session *session,
                              const qopt_prompt_part *part, qopt_logits which,
                              qopt_sizes *sizes) {
  if (which == QOPT_LOGITS_ALL || !qopt_session_picks_logits(session, sizes))
    return qopt_session_pick_all(session, sizes);
  const qopt_prompt *prompt = part->prompt;
  int64_t rows = 0, *steps;
  for (int64_t row = 0; row < prompt->batch; ++row)
    if (which == QOPT_LOGITS_LAST && has(part, lastUnmasked(prompt, row)))
      rows = 1;
  qopt_status status = qopt_session_pick_logits(session, sizes, rows, &steps);
  if (status != QOPT_OK || rows == 0)
    return status;
  for (int64_t row = 0; row < prompt->batch; ++row) {
    int64_t last = lastUnmasked(prompt, row);
    steps[row] = has(part, last) ? last - part->first : 0; /* some other */
  }
  return QOPT_OK;
}

/** The caller's memory for the logits of a part, where the entry can write them
 * at once, else null. */
static float *directLogits(const qopt_sizes *sizes,
                           const qopt_prompt_part *part, qopt_logits which,
                           const qopt_tensor *output, float *logits) {
  bool isWhole = part->length == part->prompt->length;
  if (output->dtype != QOPT_FLOAT || (!isWhole && part->prompt->batch != 1))
    return NULL;
  if (which == QOPT_LOGITS_ALL)
    return logits + part->first * output->dims[2];
  return which == QOPT_LOGITS_LAST && sizes->logitRows == 1 ? logits : NULL;
}

/** Places all outputs. `*source` is where the wanted logits are to be copied
 * from, or null. */
static qopt_status placeLogits(qopt_session *session, const qopt_sizes *sizes,
                               const qopt_prompt_part *part, qopt_logits which,
                               float *logits, const qopt_tensor **source) {
  const qopt_artifact_table *table = session->table;
  qopt_tensor *output = NULL, shape;
  for (int32_t i = 0; i < table->num_outputs; ++i) {
    session->outputs[i].data = NULL;
    session->wanted[i] = false;
    if (table->outputs[i].role == QOPT_ROLE_LOGITS)
      output = &session->outputs[i];
  }
  *source = NULL;
  if (which == QOPT_LOGITS_NONE && sizes->candidates == 0)
    return qopt_session_place_outputs(session, sizes);
  if (!output)
    return qopt_fail(QOPT_ERROR_ARGUMENT, "the model has no logits");
  qopt_status status = qopt_output_shape(
      table, (int32_t)(output - session->outputs), sizes->symbols, &shape);
  if (status != QOPT_OK)
    return status;
  if (shape.rank != 3 || shape.dims[0] != sizes->batch ||
      shape.dims[1] != sizes->sequence || !qopt_is_float_dtype(shape.dtype))
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "output '%s' is not logits of each token; the model runs "
                     "by qopt_session_run",
                     shape.name);
  if (which == QOPT_LOGITS_NONE) /* what candidates are of */
    return qopt_session_place_outputs(session, sizes);
  output->data = directLogits(sizes, part, which, &shape, logits);
  if (!output->data)
    *source = output;
  return qopt_session_place_outputs(session, sizes);
}

static void copyLogits(const qopt_prompt_part *part, qopt_logits which,
                       const qopt_tensor *source, float *logits) {
  const qopt_prompt *prompt = part->prompt;
  int64_t rows = source->dims[1], vocabulary = source->dims[2];
  size_t rowBytes = (size_t)vocabulary * qopt_dtype_bytes(source->dtype);
  for (int64_t row = 0; row < prompt->batch; ++row) {
    int64_t from = 0, to = row * prompt->length + part->first, count = rows;
    if (which == QOPT_LOGITS_LAST) {
      int64_t last = lastUnmasked(prompt, row);
      if (!has(part, last))
        continue;
      from = rows == 1 ? 0 : last - part->first;
      to = row;
      count = 1;
    }
    const char *data = source->data;
    qopt_to_float(logits + to * vocabulary,
                  data + (size_t)(row * rows + from) * rowBytes, source->dtype,
                  (size_t)(count * vocabulary));
  }
}

static void copyCandidates(const qopt_session *session,
                           const qopt_prompt_part *part,
                           const qopt_sizes *sizes,
                           const qopt_candidates *candidates) {
  const float *logits = (const void *)session->candidateLogits.data;
  const int64_t *tokens = (const void *)session->candidateTokens.data;
  int64_t rows = sizes->logitRows, count = candidates->count;
  for (int64_t row = 0; row < part->prompt->batch; ++row) {
    int64_t last = lastUnmasked(part->prompt, row);
    if (!has(part, last))
      continue;
    int64_t from = row * rows + (rows == 1 ? 0 : last - part->first);
    memcpy(candidates->logits + row * count, logits + from * count,
           (size_t)count * sizeof *logits);
    memcpy(candidates->tokens + row * count, tokens + from * count,
           (size_t)count * sizeof *tokens);
  }
}

static qopt_status runPart(qopt_session *session, const qopt_prompt_part *part,
                           const wanted *wanted) {
  const qopt_candidates *candidates = wanted->candidates;
  /* Entries that are asked for candidates write no logits. */
  qopt_logits which = candidates ? QOPT_LOGITS_NONE : wanted->which;
  qopt_sizes sizes;
  const qopt_tensor *source;
  qopt_status status = qopt_session_make_inputs(session, part);
  if (status == QOPT_OK)
    status = qopt_session_check(session, &sizes);
  if (status == QOPT_OK)
    status = pickLogits(session, part, wanted->which, &sizes);
  if (status == QOPT_OK && candidates)
    status = qopt_session_pick_candidates(session, &sizes, candidates->count);
  if (status == QOPT_OK)
    status = placeLogits(session, &sizes, part, which, wanted->logits, &source);
  if (status != QOPT_OK)
    return status;
  if (qopt_pool_start(session->pool))
    return qopt_session_fail_cancelled();
  status = qopt_session_execute(session, &sizes);
  if (status != QOPT_OK)
    return status;
  if (candidates)
    copyCandidates(session, part, &sizes, candidates);
  else if (source)
    copyLogits(part, which, source, wanted->logits);
  session->batch = part->prompt->batch;
  session->length += part->length;
  return QOPT_OK;
}

/** Runs a prompt that nothing is null of, chunk by chunk. */
static qopt_status runPrompt(qopt_session *session, const qopt_prompt *prompt,
                             const wanted *wanted) {
  qopt_status status = check(session, prompt);
  if (status != QOPT_OK)
    return status;
  appendMask(session, prompt);
  int64_t before = session->length, batch = session->batch;
  for (qopt_prompt_part part = {prompt, 0, 0};
       status == QOPT_OK && part.first < prompt->length;
       part.first += part.length) {
    part.length = prompt->length - part.first;
    if (part.length > session->chunk)
      part.length = session->chunk;
    status = runPart(session, &part, wanted);
  }
  if (status != QOPT_OK) {
    session->length = before;
    session->batch = batch;
  }
  return status;
}

qopt_status qopt_session_prefill(qopt_session *session,
                                 const qopt_prompt *prompt, qopt_logits which,
                                 float *logits) {
  wanted wanted = {which, logits, NULL};
  const char *null = nullArgument(session, prompt, &wanted);
  if (null)
    return qopt_fail(QOPT_ERROR_ARGUMENT, "qopt_session_prefill: %s is null",
                     null);
  if (which != QOPT_LOGITS_NONE && which != QOPT_LOGITS_LAST &&
      which != QOPT_LOGITS_ALL)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "qopt_session_prefill: expects which logits to write, 0 "
                     "(none), 1 (last) or 2 (all), but got %d",
                     (int)which);
  return runPrompt(session, prompt, &wanted);
}

qopt_status qopt_session_prefill_candidates(qopt_session *session,
                                            const qopt_prompt *prompt,
                                            const qopt_candidates *candidates) {
  wanted wanted = {QOPT_LOGITS_LAST, NULL, candidates};
  const char *null =
      candidates ? nullArgument(session, prompt, &wanted) : "candidates";
  if (null)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "qopt_session_prefill_candidates: %s is null", null);
  if (!session->table->has_candidates)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "the model gives logits alone, no candidates");
  if (candidates->count < 1 || candidates->count > QOPT_MAX_CANDIDATES)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "expects 1 to %d candidates of a row, but got %lld",
                     QOPT_MAX_CANDIDATES, (long long)candidates->count);
  return runPrompt(session, prompt, &wanted);
}

qopt_status qopt_session_decode(qopt_session *session, const int64_t *tokens,
                                int64_t batch, const int64_t *positions,
                                float *logits) {
  qopt_prompt prompt = {tokens, batch, 1, NULL, positions};
  return qopt_session_prefill(
      session, &prompt, logits ? QOPT_LOGITS_ALL : QOPT_LOGITS_NONE, logits);
}

qopt_status qopt_session_decode_candidates(qopt_session *session,
                                           const int64_t *tokens, int64_t batch,
                                           const int64_t *positions,
                                           const qopt_candidates *candidates) {
  qopt_prompt prompt = {tokens, batch, 1, NULL, positions};
  return qopt_session_prefill_candidates(session, &prompt, candidates);
}

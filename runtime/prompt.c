/*===- prompt.c - Appends tokens to a session's cache --------------------===*/

#include "runtime/convert.h"
#include "runtime/error.h"
#include "runtime/session.h"
#include "runtime/signature.h"

static const char *nullArgument(const qopt_session *session,
                                const qopt_prompt *prompt, qopt_logits which,
                                const float *logits) {
  if (!session)
    return "session";
  if (!prompt)
    return "prompt";
  if (!prompt->tokens)
    return "tokens";
  if (which != QOPT_LOGITS_NONE && !logits)
    return "logits";
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

/** Time steps [first, first + length) of a prompt, which are run at once. */
typedef struct {
  const qopt_prompt *prompt;
  int64_t first;
  int64_t length;
} part;

/** Element [row, column] of the input with `role`, but for past_*. `before` is
 * the number of unmasked time steps of the row before that column. */
static int64_t inputValue(const qopt_session *session, const part *part,
                          int32_t role, int64_t row, int64_t column,
                          int64_t before) {
  const qopt_prompt *prompt = part->prompt;
  int64_t index = row * prompt->length + part->first + column;
  if (role == QOPT_ROLE_TOKENS)
    return prompt->tokens[index];
  if (role == QOPT_ROLE_POSITIONS)
    return prompt->positions ? prompt->positions[index] : before;
  return session->mask[row * session->context + column];
}

static qopt_status fillInput(qopt_session *session, const part *part,
                             int32_t role, qopt_tensor *input) {
  int64_t columns = input->dims[1];
  bool isPositions = role == QOPT_ROLE_POSITIONS;
  for (int64_t row = 0; row < part->prompt->batch; ++row) {
    const uint8_t *mask = session->mask + row * session->context;
    int64_t before = 0;
    for (int64_t t = 0; isPositions && t < session->length; ++t)
      before += mask[t];
    for (int64_t column = 0; column < columns; ++column) {
      int64_t value = inputValue(session, part, role, row, column, before);
      if (!qopt_store_integer(input->data, input->dtype,
                              (size_t)(row * columns + column), value))
        return qopt_fail(QOPT_ERROR_ARGUMENT,
                         "input '%s' has dtype %s; the model runs by "
                         "qopt_session_run",
                         input->name, qopt_dtype_name(input->dtype));
      if (isPositions)
        before += mask[session->length + column];
    }
  }
  return QOPT_OK;
}

/** The shape of past_*, whose values are in the cache. */
static void describePast(const qopt_session *session,
                         const qopt_tensor_info *info, int64_t batch,
                         qopt_tensor *input) {
  bool isKey = info->role == QOPT_ROLE_PAST_KEY;
  const qopt_cache *cache = &session->caches[2 * info->cache + !isKey];
  input->rank = 4;
  input->dims[0] = batch;
  input->dims[1] = cache->heads;
  input->dims[2] = session->length;
  input->dims[3] = cache->dim;
}

static qopt_status makeInput(qopt_session *session, const part *part,
                             int32_t index) {
  const qopt_tensor_info *info = &session->table->inputs[index];
  qopt_tensor *input = &session->inputs[index];
  session->bound[index] = input;
  *input = (qopt_tensor){.name = info->name, .dtype = info->dtype};
  if (info->cache >= 0) {
    describePast(session, info, part->prompt->batch, input);
    return QOPT_OK;
  }
  if (info->role != QOPT_ROLE_TOKENS && info->role != QOPT_ROLE_MASK &&
      info->role != QOPT_ROLE_POSITIONS)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "the model also has input '%s'; it runs by "
                     "qopt_session_run",
                     info->name);
  input->rank = 2;
  input->dims[0] = part->prompt->batch;
  input->dims[1] = part->length;
  if (info->role == QOPT_ROLE_MASK)
    input->dims[1] += session->length;
  qopt_shape_bytes(input->dtype, 2, input->dims, &input->bytes);
  qopt_status status = qopt_buffer_reserve(&session->inputMemory[index],
                                           input->bytes, "an input");
  if (status != QOPT_OK)
    return status;
  input->data = session->inputMemory[index].data;
  return fillInput(session, part, info->role, input);
}

static qopt_status makeInputs(qopt_session *session, const part *part) {
  const qopt_prompt *prompt = part->prompt;
  bool hasMask = false;
  for (int32_t i = 0; i < session->table->num_inputs; ++i) {
    qopt_status status = makeInput(session, part, i);
    if (status != QOPT_OK)
      return status;
    hasMask |= session->table->inputs[i].role == QOPT_ROLE_MASK;
  }
  for (int64_t i = 0; prompt->mask && i < prompt->batch * prompt->length; ++i)
    if (!hasMask && !prompt->mask[i])
      return qopt_fail(QOPT_ERROR_ARGUMENT,
                       "the model has no attention mask; no token can be "
                       "padding");
  return QOPT_OK;
}

/** The last unmasked time step of a row of the prompt, or the last one. */
static int64_t lastUnmasked(const qopt_prompt *prompt, int64_t row) {
  const uint8_t *mask = prompt->mask;
  for (int64_t t = prompt->length - 1; mask && t >= 0; --t)
    if (mask[row * prompt->length + t])
      return t;
  return prompt->length - 1;
}

static bool has(const part *part, int64_t step) {
  return step >= part->first && step < part->first + part->length;
}

/** Asks for the logits of a part that are wanted, if the entry can be asked. */
static qopt_status pickLogits(qopt_session *session, const part *part,
                              qopt_logits which, qopt_sizes *sizes) {
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
static float *directLogits(const qopt_sizes *sizes, const part *part,
                           qopt_logits which, const qopt_tensor *output,
                           float *logits) {
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
                               const part *part, qopt_logits which,
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
  if (which == QOPT_LOGITS_NONE)
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
  output->data = directLogits(sizes, part, which, &shape, logits);
  if (!output->data)
    *source = output;
  return qopt_session_place_outputs(session, sizes);
}

static void copyLogits(const part *part, qopt_logits which,
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

static qopt_status runPart(qopt_session *session, const part *part,
                           qopt_logits which, float *logits) {
  qopt_sizes sizes;
  const qopt_tensor *source;
  qopt_status status = makeInputs(session, part);
  if (status == QOPT_OK)
    status = qopt_session_check(session, &sizes);
  if (status == QOPT_OK)
    status = pickLogits(session, part, which, &sizes);
  if (status == QOPT_OK)
    status = placeLogits(session, &sizes, part, which, logits, &source);
  if (status != QOPT_OK)
    return status;
  if (qopt_pool_start(session->pool))
    return qopt_session_fail_cancelled();
  status = qopt_session_execute(session, &sizes);
  if (status != QOPT_OK)
    return status;
  if (source)
    copyLogits(part, which, source, logits);
  session->batch = part->prompt->batch;
  session->length += part->length;
  return QOPT_OK;
}

qopt_status qopt_session_prefill(qopt_session *session,
                                 const qopt_prompt *prompt, qopt_logits which,
                                 float *logits) {
  const char *null = nullArgument(session, prompt, which, logits);
  if (null)
    return qopt_fail(QOPT_ERROR_ARGUMENT, "qopt_session_prefill: %s is null",
                     null);
  if (which != QOPT_LOGITS_NONE && which != QOPT_LOGITS_LAST &&
      which != QOPT_LOGITS_ALL)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "qopt_session_prefill: expects which logits to write, 0 "
                     "(none), 1 (last) or 2 (all), but got %d",
                     (int)which);
  qopt_status status = check(session, prompt);
  if (status != QOPT_OK)
    return status;
  appendMask(session, prompt);
  int64_t before = session->length, batch = session->batch;
  for (part part = {prompt, 0, 0};
       status == QOPT_OK && part.first < prompt->length;
       part.first += part.length) {
    part.length = prompt->length - part.first;
    if (part.length > session->chunk)
      part.length = session->chunk;
    status = runPart(session, &part, which, logits);
  }
  if (status != QOPT_OK) {
    session->length = before;
    session->batch = batch;
  }
  return status;
}

qopt_status qopt_session_decode(qopt_session *session, const int64_t *tokens,
                                int64_t batch, const int64_t *positions,
                                float *logits) {
  qopt_prompt prompt = {tokens, batch, 1, NULL, positions};
  return qopt_session_prefill(
      session, &prompt, logits ? QOPT_LOGITS_ALL : QOPT_LOGITS_NONE, logits);
}

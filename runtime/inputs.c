/*===- inputs.c - Inputs of the model from a prompt ----------------------===*/

#include "runtime/convert.h"
#include "runtime/error.h"
#include "runtime/prompt.h"
#include "runtime/signature.h"

/** Element [row, column] of the input with `role`, but for past_*. `before` is
 * the number of unmasked time steps of the row before that column. */
static int64_t inputValue(const qopt_session *session,
                          const qopt_prompt_part *part, int32_t role,
                          int64_t row, int64_t column, int64_t before) {
  const qopt_prompt *prompt = part->prompt;
  int64_t index = row * prompt->length + part->first + column;
  if (role == QOPT_ROLE_TOKENS)
    return prompt->tokens[index];
  if (role == QOPT_ROLE_POSITIONS)
    return prompt->positions ? prompt->positions[index] : before;
  return session->mask[row * session->context + column];
}

static qopt_status fillInput(qopt_session *session,
                             const qopt_prompt_part *part, int32_t role,
                             qopt_tensor *input) {
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

static qopt_status makeInput(qopt_session *session,
                             const qopt_prompt_part *part, int32_t index) {
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

qopt_status qopt_session_make_inputs(qopt_session *session,
                                     const qopt_prompt_part *part) {
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

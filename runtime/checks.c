/*===- checks.c - What the functions of a generated header check ---------===*/

#include "runtime/error.h"
#include "runtime/session.h"

#include <stdio.h>
#include <string.h>

size_t qopt_count_elements(int32_t rank, const int64_t *dims) {
  size_t product = 1;
  bool isEmpty = false;
  for (int32_t i = 0; i < rank; ++i) {
    if (dims[i] < 0)
      return SIZE_MAX;
    isEmpty |= dims[i] == 0;
  }
  for (int32_t i = 0; !isEmpty && i < rank; ++i)
    if (__builtin_mul_overflow(product, dims[i], &product))
      return SIZE_MAX;
  return isEmpty ? 0 : product;
}

static bool isSame(const qopt_tensor_spec *a, const qopt_tensor_spec *b) {
  return strcmp(a->name, b->name) == 0 && a->dtype == b->dtype &&
         a->rank == b->rank && a->role == b->role && a->cache == b->cache &&
         memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

/** "'x' float32 [?, 3]". */
static const char *describe(const qopt_tensor_spec *spec, char *text,
                            size_t bytes) {
  size_t used = (size_t)snprintf(text, bytes, "'%s' %s [", spec->name,
                                 qopt_dtype_name(spec->dtype));
  for (int32_t i = 0; i < spec->rank && used < bytes; ++i) {
    const char *comma = i ? ", " : "";
    used += (size_t)(spec->dims[i] < 0
                         ? snprintf(text + used, bytes - used, "%s?", comma)
                         : snprintf(text + used, bytes - used, "%s%lld", comma,
                                    (long long)spec->dims[i]));
  }
  if (used < bytes)
    snprintf(text + used, bytes - used, "]");
  return text;
}

static qopt_status checkAll(const qopt_model *model, const char *what,
                            const qopt_tensor_spec *expected, int32_t count,
                            const qopt_tensor_spec *found, int32_t numFound) {
  if (count != numFound)
    return qopt_fail(QOPT_ERROR_SIGNATURE,
                     "expects a model of %d %ss, but '%s' has %d", count, what,
                     model->info.name, numFound);
  for (int32_t i = 0; i < count; ++i) {
    char wanted[256], got[256];
    if (!isSame(&expected[i], &found[i]))
      return qopt_fail(QOPT_ERROR_SIGNATURE,
                       "expects a model whose %s %d is %s, but that of '%s' is "
                       "%s",
                       what, i, describe(&expected[i], wanted, sizeof wanted),
                       model->info.name, describe(&found[i], got, sizeof got));
  }
  return QOPT_OK;
}

qopt_status qopt_model_check(const qopt_model *model,
                             const qopt_tensor_spec *inputs, int32_t num_inputs,
                             const qopt_tensor_spec *outputs,
                             int32_t num_outputs) {
  if (!model)
    return qopt_fail(QOPT_ERROR_ARGUMENT, "qopt_model_check: model is null");
  const qopt_model_info *info = &model->info;
  qopt_status status = checkAll(model, "input", inputs, num_inputs,
                                info->inputs, info->num_inputs);
  if (status != QOPT_OK)
    return status;
  return checkAll(model, "output", outputs, num_outputs, info->outputs,
                  info->num_outputs);
}

/** The last dimension of the logits, -1 where it is not one number. */
static int64_t logitsPerToken(const qopt_model *model) {
  const qopt_model_info *info = &model->info;
  for (int32_t i = 0; i < info->num_outputs; ++i) {
    const qopt_tensor_spec *output = &info->outputs[i];
    if (output->role == QOPT_ROLE_LOGITS && output->rank > 0)
      return output->dims[output->rank - 1];
  }
  return -1;
}

static qopt_status checkCount(const char *name, size_t count, size_t wanted) {
  if (count == wanted)
    return QOPT_OK;
  return qopt_fail(QOPT_ERROR_SIGNATURE,
                   "%s: %zu elements are needed for this shape, but %zu are "
                   "given",
                   name, wanted, count);
}

qopt_status qopt_session_check_counts(const qopt_session *session,
                                      int64_t num_logits,
                                      const qopt_prompt *prompt,
                                      qopt_logits which,
                                      const qopt_prompt_counts *counts) {
  const char *null = !session  ? "session"
                     : !prompt ? "prompt"
                     : !counts ? "counts"
                               : NULL;
  if (null)
    return qopt_fail(QOPT_ERROR_ARGUMENT,
                     "qopt_session_check_counts: %s is null", null);
  if (logitsPerToken(session->model) != num_logits)
    return qopt_fail(QOPT_ERROR_SIGNATURE,
                     "expects a session of a model with %lld logits, but '%s' "
                     "has %lld",
                     (long long)num_logits, session->model->info.name,
                     (long long)logitsPerToken(session->model));
  const int64_t dims[] = {prompt->batch,
                          which == QOPT_LOGITS_ALL ? prompt->length : 1,
                          which == QOPT_LOGITS_NONE ? 0 : num_logits};
  const int64_t tokenDims[] = {prompt->batch, prompt->length};
  size_t tokens = qopt_count_elements(2, tokenDims);
  qopt_status status = checkCount("tokens", counts->tokens, tokens);
  if (status == QOPT_OK && prompt->mask)
    status = checkCount("mask", counts->mask, tokens);
  size_t logits = qopt_count_elements(3, dims);
  if (status == QOPT_OK && counts->logits < logits)
    status = checkCount("logits", counts->logits, logits);
  return status;
}

/*===- run.c - Runs a model with its ONNX signature ----------------------===*/

#include "runtime/convert.h"
#include "runtime/error.h"
#include "runtime/session.h"
#include "runtime/signature.h"

#include <string.h>

static qopt_status checkData(const qopt_tensor *input) {
  size_t bytes;
  if (!qopt_shape_bytes(input->dtype, input->rank, input->dims, &bytes))
    return qopt_fail(QOPT_ERROR_SIGNATURE,
                     "input '%s' expects fewer elements than its shape has",
                     input->name);
  if (bytes != input->bytes)
    return qopt_fail(QOPT_ERROR_SIGNATURE,
                     "input '%s' expects %zu bytes for its shape, but got %zu",
                     input->name, bytes, input->bytes);
  if (!input->data && bytes > 0)
    return qopt_fail(QOPT_ERROR_SIGNATURE, "input '%s' has no data",
                     input->name);
  return QOPT_OK;
}

/** Binds and checks everything about the inputs but their values. */
static qopt_status takeInputs(qopt_session *session, const qopt_tensor *inputs,
                              size_t count, qopt_sizes *sizes) {
  const qopt_artifact_table *table = session->table;
  qopt_status status = qopt_bind_inputs(table, inputs, count, session->bound);
  if (status == QOPT_OK)
    status = qopt_session_check(session, sizes);
  for (int32_t i = 0; status == QOPT_OK && i < table->num_inputs; ++i)
    status = checkData(session->bound[i]);
  return status;
}

static qopt_status checkTokens(const qopt_session *session) {
  const qopt_artifact_table *table = session->table;
  for (int32_t i = 0; i < table->num_inputs; ++i) {
    const qopt_tensor *input = session->bound[i];
    if (table->inputs[i].role != QOPT_ROLE_TOKENS || input->rank == 0)
      continue;
    qopt_status status = qopt_session_check_tokens(
        session, input->name, input->data, input->dtype,
        input->bytes / qopt_dtype_bytes(input->dtype),
        input->dims[input->rank - 1]);
    if (status != QOPT_OK)
      return status;
  }
  return QOPT_OK;
}

static qopt_status findOutput(const qopt_session *session, const char *name,
                              int32_t *index) {
  const qopt_artifact_table *table = session->table;
  for (*index = 0; *index < table->num_outputs; ++*index)
    if (name && strcmp(table->outputs[*index].name, name) == 0)
      return QOPT_OK;
  return qopt_fail(QOPT_ERROR_SIGNATURE, "the model has no output '%s'",
                   name ? name : "");
}

/** Notes where the caller's outputs are, after checking that they fit. */
static qopt_status takeOutputs(qopt_session *session,
                               const qopt_tensor *outputs, size_t count,
                               const qopt_sizes *sizes) {
  const qopt_artifact_table *table = session->table;
  for (int32_t i = 0; i < table->num_outputs; ++i) {
    session->outputs[i].data = NULL;
    session->wanted[i] = false;
  }
  for (size_t k = 0; k < count; ++k) {
    int32_t i;
    qopt_tensor shape;
    qopt_status status = findOutput(session, outputs[k].name, &i);
    if (status == QOPT_OK)
      status = qopt_output_shape(table, i, sizes->symbols, &shape);
    if (status != QOPT_OK)
      return status;
    if (session->wanted[i])
      return qopt_fail(QOPT_ERROR_SIGNATURE, "output '%s' is asked for twice",
                       shape.name);
    if (outputs[k].data && outputs[k].bytes < shape.bytes)
      return qopt_fail(QOPT_ERROR_SIGNATURE,
                       "output '%s' needs %zu bytes, but got %zu", shape.name,
                       shape.bytes, outputs[k].bytes);
    session->wanted[i] = true;
    session->outputs[i].data = outputs[k].data;
  }
  return qopt_session_place_outputs(session, sizes);
}

static void giveOutputs(const qopt_session *session, qopt_tensor *outputs,
                        size_t count) {
  for (size_t k = 0; k < count; ++k) {
    const char *name = outputs[k].name;
    int32_t i = 0;
    while (strcmp(session->table->outputs[i].name, name) != 0)
      ++i;
    outputs[k] = session->outputs[i];
    outputs[k].name = name;
  }
}

/** The cache's own mask, for time steps that are appended later. */
static void loadMask(qopt_session *session, const qopt_sizes *sizes) {
  int64_t total = sizes->past + sizes->sequence;
  const qopt_tensor *mask = NULL;
  for (int32_t i = 0; i < session->table->num_inputs; ++i)
    if (session->table->inputs[i].role == QOPT_ROLE_MASK &&
        session->bound[i]->rank == 2)
      mask = session->bound[i];
  for (int64_t row = 0; row < sizes->batch; ++row)
    for (int64_t t = 0; t < total; ++t)
      session->mask[row * session->context + t] =
          !mask || qopt_load_integer(mask->data, mask->dtype,
                                     (size_t)(row * total + t)) != 0;
}

static void loadCaches(qopt_session *session, const qopt_sizes *sizes) {
  const qopt_artifact_table *table = session->table;
  for (int32_t i = 0; i < table->num_inputs; ++i) {
    const qopt_tensor_info *info = &table->inputs[i];
    if (info->cache < 0)
      continue;
    bool isKey = info->role == QOPT_ROLE_PAST_KEY;
    qopt_cache_load(&session->caches[2 * info->cache + !isKey], session->pool,
                    session->bound[i]->data, info->dtype, sizes->batch,
                    sizes->past);
  }
}

static void storeCaches(qopt_session *session, const qopt_sizes *sizes) {
  const qopt_artifact_table *table = session->table;
  for (int32_t i = 0; i < table->num_outputs; ++i) {
    const qopt_tensor_info *info = &table->outputs[i];
    if (info->cache < 0 || !session->wanted[i])
      continue;
    bool isKey = info->role == QOPT_ROLE_PRESENT_KEY;
    qopt_cache_store(&session->caches[2 * info->cache + !isKey], session->pool,
                     session->outputs[i].data, info->dtype, sizes->batch,
                     sizes->past + sizes->sequence);
  }
}

static qopt_status runDecoder(qopt_session *session, const qopt_sizes *sizes) {
  session->length = 0;
  loadCaches(session, sizes);
  loadMask(session, sizes);
  if (qopt_pool_cancelled(session->pool))
    return qopt_session_fail_cancelled();
  qopt_status status = qopt_session_execute(session, sizes);
  if (status != QOPT_OK)
    return status;
  storeCaches(session, sizes);
  if (qopt_pool_cancelled(session->pool))
    return qopt_session_fail_cancelled();
  session->batch = sizes->batch;
  session->length = sizes->past + sizes->sequence;
  return QOPT_OK;
}

qopt_status qopt_session_run(qopt_session *session, const qopt_tensor *inputs,
                             size_t num_inputs, qopt_tensor *outputs,
                             size_t num_outputs) {
  if (!session || (!inputs && num_inputs) || (!outputs && num_outputs))
    return qopt_fail(QOPT_ERROR_ARGUMENT, "qopt_session_run: %s is null",
                     !session                ? "session"
                     : !inputs && num_inputs ? "inputs"
                                             : "outputs");
  qopt_sizes sizes;
  qopt_status status = takeInputs(session, inputs, num_inputs, &sizes);
  if (status == QOPT_OK)
    status = checkTokens(session);
  if (status == QOPT_OK)
    status = qopt_session_pick_all(session, &sizes);
  if (status == QOPT_OK)
    status = takeOutputs(session, outputs, num_outputs, &sizes);
  if (status != QOPT_OK)
    return status;
  if (qopt_pool_start(session->pool))
    return qopt_session_fail_cancelled();
  status = session->table->num_caches ? runDecoder(session, &sizes)
                                      : qopt_session_execute(session, &sizes);
  if (status == QOPT_OK)
    giveOutputs(session, outputs, num_outputs);
  return status;
}

/*===- info.c - What a caller can know of a model ------------------------===*/

#include "runtime/cache.h"
#include "runtime/error.h"
#include "runtime/model.h"
#include "runtime/signature.h"

#include <stdlib.h>
#include <string.h>

static bool isConstant(const qopt_linear *linear) {
  for (int i = 0; i < QOPT_MAX_SYMBOLS; ++i)
    if (linear->coefficient[i] != 0)
      return false;
  return true;
}

static bool describe(const qopt_artifact_table *table,
                     const qopt_tensor_info *tensor, qopt_tensor_spec *spec) {
  spec->name = tensor->name;
  spec->dtype = tensor->dtype;
  spec->rank = tensor->rank;
  spec->role = tensor->role;
  spec->cache = tensor->cache;
  for (int32_t i = 0; i < tensor->rank; ++i) {
    char text[256];
    qopt_linear_text(table, &tensor->dims[i], text, sizeof text);
    spec->dim_texts[i] = strdup(text);
    if (!spec->dim_texts[i])
      return false;
    spec->dims[i] =
        isConstant(&tensor->dims[i]) ? tensor->dims[i].constant : -1;
  }
  return true;
}

static bool describeAll(const qopt_artifact_table *table,
                        const qopt_tensor_info *tensors, int32_t count,
                        const qopt_tensor_spec **result) {
  /* One more: an empty list is not a failure. */
  qopt_tensor_spec *specs = calloc((size_t)count + 1, sizeof *specs);
  *result = specs;
  bool ok = specs != NULL;
  for (int32_t i = 0; ok && i < count; ++i)
    ok = describe(table, &tensors[i], &specs[i]);
  return ok;
}

qopt_status qopt_info_create(qopt_model *model) {
  const qopt_artifact_table *table = model->table;
  qopt_model_info *info = &model->info;
  info->name = table->model_name;
  info->compiler_version = table->version;
  info->num_inputs = table->num_inputs;
  info->num_outputs = table->num_outputs;
  info->is_decoder = table->num_caches > 0;
  info->num_caches = table->num_caches;
  for (int32_t i = 0; i < table->num_caches; ++i) {
    const qopt_cache_info *cache = &table->caches[i];
    info->cache_bytes +=
        cache->heads *
        (qopt_cache_vector_bytes(cache->dtype, cache->key_dim) +
         qopt_cache_vector_bytes(cache->dtype, cache->value_dim));
  }
  info->max_context = table->max_context;
  info->vocabulary = table->vocabulary;
  info->max_candidates = table->has_candidates ? QOPT_MAX_CANDIDATES : 0;
  info->isa = model->variant->isa;
  info->num_isas = table->num_variants;
  info->weights = model->mapping;
  info->weights_bytes = table->weights_bytes;

  const char **isas = calloc((size_t)table->num_variants, sizeof *isas);
  info->isas = isas;
  for (int32_t i = 0; isas && i < table->num_variants; ++i)
    isas[i] = table->variants[i].isa;
  if (!isas ||
      !describeAll(table, table->inputs, table->num_inputs, &info->inputs) ||
      !describeAll(table, table->outputs, table->num_outputs, &info->outputs))
    return qopt_fail_memory(sizeof(qopt_tensor_spec), "the signature");
  return QOPT_OK;
}

static void freeSpecs(const qopt_tensor_spec *specs, int32_t count) {
  for (int32_t i = 0; specs && i < count; ++i)
    for (int32_t j = 0; j < specs[i].rank; ++j)
      free((void *)specs[i].dim_texts[j]);
  free((void *)specs);
}

void qopt_info_free(qopt_model_info *info) {
  freeSpecs(info->inputs, info->num_inputs);
  freeSpecs(info->outputs, info->num_outputs);
  free((void *)info->isas);
}

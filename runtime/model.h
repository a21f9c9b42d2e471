/*===- model.h - An opened artifact --------------------------------------===*/

#ifndef QOPT_RUNTIME_MODEL_H
#define QOPT_RUNTIME_MODEL_H

#include "qopt/artifact.h"
#include "qopt/runtime.h"

#include <stdatomic.h>

struct qopt_model {
  atomic_int holds; /* the caller's and one of each session */
  void *library;
  const qopt_artifact_table *table;
  const qopt_variant *variant;
  void *mapping; /* weights.safetensors */
  size_t mappingBytes;
  qopt_model_info info;
};

/** Takes one more hold; qopt_model_free gives it back. */
void qopt_model_hold(qopt_model *model);

/** Fills model->info from its other fields. */
qopt_status qopt_info_create(qopt_model *model);

void qopt_info_free(qopt_model_info *info);

#endif /* QOPT_RUNTIME_MODEL_H */

/*===- weights.h - The mapping of weights.safetensors --------------------===*/

#ifndef QOPT_RUNTIME_WEIGHTS_H
#define QOPT_RUNTIME_WEIGHTS_H

#include "runtime/model.h"

/** Maps the file at `path` and checks that it is the one of model->table. The
 * mapping is the model's, also after a failure. */
qopt_status qopt_weights_map(qopt_model *model, const char *path);

#endif /* QOPT_RUNTIME_WEIGHTS_H */

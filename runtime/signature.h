/*===- signature.h - Shapes and symbols of a call ------------------------===*/

#ifndef QOPT_RUNTIME_SIGNATURE_H
#define QOPT_RUNTIME_SIGNATURE_H

#include "qopt/artifact.h"
#include "qopt/runtime.h"

#include <stdbool.h>

/** Writes "past + 2*sequence - 1", cut where it is too long. */
void qopt_linear_text(const qopt_artifact_table *table,
                      const qopt_linear *linear, char *text, size_t bytes);

/** The value under `symbols`; false when it does not fit 64 bits. */
bool qopt_linear_value(const qopt_artifact_table *table,
                       const qopt_linear *linear, const int64_t *symbols,
                       int64_t *value);

/** Bytes of a tensor of these sizes; false when some size is negative or the
 * product does not fit. */
bool qopt_shape_bytes(int32_t dtype, int32_t rank, const int64_t *dims,
                      size_t *bytes);

/** Puts the inputs into the table's order: bound[i] is the one that is called
 * as table->inputs[i] is. Checks that each is there once and no other is. */
qopt_status qopt_bind_inputs(const qopt_artifact_table *table,
                             const qopt_tensor *inputs, size_t count,
                             const qopt_tensor **bound);

/** Finds the symbols from the inputs' dims and checks dtype, rank, dims and the
 * model's conditions; `bound` as above. */
qopt_status qopt_solve_shapes(const qopt_artifact_table *table,
                              const qopt_tensor *const *bound,
                              int64_t *symbols);

/** Sets name, dtype, rank, dims and bytes of output `index`, nothing else. */
qopt_status qopt_output_shape(const qopt_artifact_table *table, int32_t index,
                              const int64_t *symbols, qopt_tensor *output);

#endif /* QOPT_RUNTIME_SIGNATURE_H */

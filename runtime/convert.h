/*===- convert.h - Values of one dtype as another ------------------------===*/

#ifndef QOPT_RUNTIME_CONVERT_H
#define QOPT_RUNTIME_CONVERT_H

#include "qopt/runtime.h"

#include <stdbool.h>

/** float32, float16 and bfloat16: what caches and logits can be in a file. */
bool qopt_is_float_dtype(int32_t dtype);

/** Exact. `dtype` satisfies qopt_is_float_dtype, here and below. */
void qopt_to_float(float *result, const void *values, int32_t dtype,
                   size_t count);

/** Rounds to nearest even; too large becomes infinite; NaN stays NaN. */
void qopt_from_float(void *result, const float *values, int32_t dtype,
                     size_t count);

/** Stores `value` as element `index` of an array: integers, booleans, float32;
 * false for another dtype. */
bool qopt_store_integer(void *array, int32_t dtype, size_t index,
                        int64_t value);

/** Element `index` of an array of integers or booleans; of floats whether it is
 * not zero (as 1 or 0). */
int64_t qopt_load_integer(const void *array, int32_t dtype, size_t index);

#endif /* QOPT_RUNTIME_CONVERT_H */

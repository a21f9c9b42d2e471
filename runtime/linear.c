/*===- linear.c - Sizes over symbols -------------------------------------===*/

#include "runtime/signature.h"

#include <stdio.h>
#include <stdlib.h>

void qopt_linear_text(const qopt_artifact_table *table,
                      const qopt_linear *linear, char *text, size_t bytes) {
  size_t used = 0;
  text[0] = 0;
  for (int32_t i = 0; i <= table->num_symbols && used < bytes; ++i) {
    bool isConstant = i == table->num_symbols;
    long long value = isConstant ? linear->constant : linear->coefficient[i];
    if (value == 0)
      continue;
    const char *sign = value < 0 ? (used ? " - " : "-") : (used ? " + " : "");
    used += (size_t)snprintf(text + used, bytes - used, "%s", sign);
    if (used >= bytes)
      return;
    if (isConstant)
      used += (size_t)snprintf(text + used, bytes - used, "%lld", llabs(value));
    else if (llabs(value) == 1)
      used +=
          (size_t)snprintf(text + used, bytes - used, "%s", table->symbols[i]);
    else
      used += (size_t)snprintf(text + used, bytes - used, "%lld*%s",
                               llabs(value), table->symbols[i]);
  }
  if (used == 0)
    snprintf(text, bytes, "0");
}

bool qopt_linear_value(const qopt_artifact_table *table,
                       const qopt_linear *linear, const int64_t *symbols,
                       int64_t *value) {
  int64_t sum = linear->constant;
  for (int32_t i = 0; i < table->num_symbols; ++i) {
    int64_t product;
    if (__builtin_mul_overflow(linear->coefficient[i], symbols[i], &product) ||
        __builtin_add_overflow(sum, product, &sum))
      return false;
  }
  *value = sum;
  return true;
}

bool qopt_shape_bytes(int32_t dtype, int32_t rank, const int64_t *dims,
                      size_t *bytes) {
  bool isEmpty = false;
  for (int32_t i = 0; i < rank; ++i) {
    if (dims[i] < 0)
      return false;
    isEmpty |= dims[i] == 0;
  }
  int64_t product = isEmpty ? 0 : (int64_t)qopt_dtype_bytes(dtype);
  for (int32_t i = 0; i < rank; ++i)
    if (__builtin_mul_overflow(product, dims[i], &product))
      return false;
  *bytes = (size_t)product;
  return true;
}

/*===- convert.c - Values of one dtype as another ------------------------===*/

#include "runtime/convert.h"

#include <string.h>

size_t qopt_dtype_bytes(int32_t dtype) {
  switch (dtype) {
  case QOPT_UINT8:
  case QOPT_INT8:
  case QOPT_BOOL:
    return 1;
  case QOPT_UINT16:
  case QOPT_INT16:
  case QOPT_FLOAT16:
  case QOPT_BFLOAT16:
    return 2;
  case QOPT_FLOAT:
  case QOPT_INT32:
  case QOPT_UINT32:
    return 4;
  case QOPT_INT64:
  case QOPT_DOUBLE:
  case QOPT_UINT64:
    return 8;
  }
  return 0;
}

const char *qopt_dtype_name(int32_t dtype) {
  static const char *const names[] = {
      [QOPT_FLOAT] = "float32",     [QOPT_UINT8] = "uint8",
      [QOPT_INT8] = "int8",         [QOPT_UINT16] = "uint16",
      [QOPT_INT16] = "int16",       [QOPT_INT32] = "int32",
      [QOPT_INT64] = "int64",       [QOPT_BOOL] = "bool",
      [QOPT_FLOAT16] = "float16",   [QOPT_DOUBLE] = "float64",
      [QOPT_UINT32] = "uint32",     [QOPT_UINT64] = "uint64",
      [QOPT_BFLOAT16] = "bfloat16",
  };
  return qopt_dtype_bytes(dtype) ? names[dtype] : "unknown";
}

bool qopt_is_float_dtype(int32_t dtype) {
  return dtype == QOPT_FLOAT || dtype == QOPT_FLOAT16 || dtype == QOPT_BFLOAT16;
}

static uint32_t bitsOf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float floatOf(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static float halfToFloat(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  uint32_t exponent = half >> 10 & 31, mantissa = half & 1023;
  if (exponent == 0) /* mantissa * 2^-24 */
    return floatOf(bitsOf((float)mantissa * 0x1p-24f) | sign);
  if (exponent == 31)
    return floatOf(sign | 0x7f800000 | mantissa << 13 |
                   (mantissa ? 0x400000 : 0));
  return floatOf(sign | (exponent + 127 - 15) << 23 | mantissa << 13);
}

static uint16_t floatToHalf(float value) {
  uint32_t bits = bitsOf(value);
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  bits &= 0x7fffffff;
  if (bits > 0x7f800000)
    return (uint16_t)(sign | 0x7e00 | (bits >> 13 & 0x3ff));
  if (bits >= bitsOf(65520.0f)) /* halfway from the largest to 2^16 */
    return sign | 0x7c00;
  if (bits < bitsOf(0x1p-14f)) {
    /* A half's subnormals have the unit 2^-24, a float's of [0.5, 1): adding
     * 0.5 rounds to it and leaves the count in the low bits. */
    return (uint16_t)(sign | (bitsOf(floatOf(bits) + 0.5f) - bitsOf(0.5f)));
  }
  uint32_t odd = bits >> 13 & 1;
  return (uint16_t)(sign | ((bits - ((127u - 15) << 23) + 0xfff + odd) >> 13));
}

static uint16_t floatToBfloat(float value) {
  uint32_t bits = bitsOf(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void qopt_to_float(float *result, const void *values, int32_t dtype,
                   size_t count) {
  const char *bytes = values;
  if (dtype == QOPT_FLOAT) {
    if (count > 0) /* else there may be no memory */
      memcpy(result, values, count * sizeof(float));
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    uint16_t code;
    memcpy(&code, bytes + 2 * i, 2);
    result[i] = dtype == QOPT_FLOAT16 ? halfToFloat(code)
                                      : floatOf((uint32_t)code << 16);
  }
}

void qopt_from_float(void *result, const float *values, int32_t dtype,
                     size_t count) {
  char *bytes = result;
  if (dtype == QOPT_FLOAT) {
    if (count > 0) /* else there may be no memory */
      memcpy(result, values, count * sizeof(float));
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    uint16_t code = dtype == QOPT_FLOAT16 ? floatToHalf(values[i])
                                          : floatToBfloat(values[i]);
    memcpy(bytes + 2 * i, &code, 2);
  }
}

bool qopt_store_integer(void *array, int32_t dtype, size_t index,
                        int64_t value) {
  size_t size = qopt_dtype_bytes(dtype);
  char *element = (char *)array + size * index;
  switch (dtype) {
  case QOPT_FLOAT: {
    float converted = (float)value;
    memcpy(element, &converted, size);
    return true;
  }
  case QOPT_BOOL:
  case QOPT_UINT8:
  case QOPT_INT8:
  case QOPT_INT16:
  case QOPT_UINT16:
  case QOPT_INT32:
  case QOPT_UINT32:
  case QOPT_INT64:
  case QOPT_UINT64:
    memcpy(element, &value, size); /* little-endian: the low bytes */
    return true;
  }
  return false;
}

int64_t qopt_load_integer(const void *array, int32_t dtype, size_t index) {
  size_t size = qopt_dtype_bytes(dtype);
  const char *element = (const char *)array + size * index;
  uint64_t bits = 0;
  memcpy(&bits, element, size);
  switch (dtype) {
  case QOPT_INT8:
    return (int8_t)bits;
  case QOPT_INT16:
    return (int16_t)bits;
  case QOPT_INT32:
    return (int32_t)bits;
  case QOPT_FLOAT:
  case QOPT_FLOAT16:
  case QOPT_BFLOAT16:
  case QOPT_DOUBLE: /* without the sign: -0.0 is zero */
    return (bits & ~(1ull << (8 * size - 1))) != 0;
  }
  return (int64_t)bits;
}

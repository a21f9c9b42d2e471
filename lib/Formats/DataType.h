//===- DataType.h - Types of tensor elements --------------------*- C++ -*-===//

#ifndef QOPT_LIB_FORMATS_DATATYPE_H
#define QOPT_LIB_FORMATS_DATATYPE_H

#include <cstdint>

namespace qopt {

/// The element types of weights, as they lie in files.
enum class DataType { F32, F16, BF16, F64, I64, I32, I16, I8, U8, Bool };

inline int64_t bytesOf(DataType type) {
  switch (type) {
  case DataType::F64:
  case DataType::I64:
    return 8;
  case DataType::F32:
  case DataType::I32:
    return 4;
  case DataType::F16:
  case DataType::BF16:
  case DataType::I16:
    return 2;
  case DataType::I8:
  case DataType::U8:
  case DataType::Bool:
    return 1;
  }
  return 0;
}

inline bool isFloat(DataType type) {
  return type == DataType::F32 || type == DataType::F16 ||
         type == DataType::BF16 || type == DataType::F64;
}

/// As safetensors spells it: F32, BF16, I64, BOOL, ...
const char *safetensorsName(DataType type);

/// Writes `count` elements of `source` as `target`. Floats become any float
/// type, rounded as FloatTypes.h says; any other type only itself.
void convertElements(const void *source, DataType sourceType, void *target,
                     DataType targetType, int64_t count);

/// Whether convertElements knows the pair.
inline bool isConvertible(DataType source, DataType target) {
  return source == target || (isFloat(source) && isFloat(target));
}

} // namespace qopt

#endif // QOPT_LIB_FORMATS_DATATYPE_H

//===- DataType.cpp - Types of tensor elements ----------------------------===//

#include "lib/Formats/DataType.h"

#include "lib/Formats/FloatTypes.h"
#include <cassert>
#include <cstring>

namespace qopt {

const char *safetensorsName(DataType type) {
  switch (type) {
  case DataType::F32:
    return "F32";
  case DataType::F16:
    return "F16";
  case DataType::BF16:
    return "BF16";
  case DataType::F64:
    return "F64";
  case DataType::I64:
    return "I64";
  case DataType::I32:
    return "I32";
  case DataType::I16:
    return "I16";
  case DataType::I8:
    return "I8";
  case DataType::U8:
    return "U8";
  case DataType::Bool:
    return "BOOL";
  }
  return "";
}

namespace {

/// Files hold tensors at any offset: elements are read and written bytewise.
template <typename Source, typename Target, typename Convert>
void convertAll(const void *source, void *target, int64_t count,
                Convert convert) {
  const auto *from = static_cast<const char *>(source);
  auto *to = static_cast<char *>(target);
  for (int64_t i = 0; i < count; ++i) {
    Source value;
    std::memcpy(&value, from + i * int64_t(sizeof(Source)), sizeof(Source));
    Target result = convert(value);
    std::memcpy(to + i * int64_t(sizeof(Target)), &result, sizeof(Target));
  }
}

template <typename Source, typename ToF32, typename ToF16, typename ToBf16,
          typename ToF64>
void convertFrom(const void *source, void *target, DataType targetType,
                 int64_t count, ToF32 toF32, ToF16 toF16, ToBf16 toBf16,
                 ToF64 toF64) {
  if (targetType == DataType::F32)
    convertAll<Source, float>(source, target, count, toF32);
  else if (targetType == DataType::F16)
    convertAll<Source, uint16_t>(source, target, count, toF16);
  else if (targetType == DataType::BF16)
    convertAll<Source, uint16_t>(source, target, count, toBf16);
  else
    convertAll<Source, double>(source, target, count, toF64);
}

} // namespace

void convertElements(const void *source, DataType sourceType, void *target,
                     DataType targetType, int64_t count) {
  assert(isConvertible(sourceType, targetType) && "no such conversion");
  if (sourceType == targetType) {
    std::memcpy(target, source, size_t(count * bytesOf(sourceType)));
    return;
  }
  // Lambdas, not function pointers: they are inlined into the loops.
  if (sourceType == DataType::F32)
    convertFrom<float>(
        source, target, targetType, count, [](float x) { return x; },
        [](float x) { return f32ToF16(x); },
        [](float x) { return f32ToBf16(x); },
        [](float x) { return double(x); });
  else if (sourceType == DataType::F16)
    convertFrom<uint16_t>(
        source, target, targetType, count,
        [](uint16_t x) { return f16ToF32(x); }, [](uint16_t x) { return x; },
        [](uint16_t x) { return f16ToBf16(x); },
        [](uint16_t x) { return double(f16ToF32(x)); });
  else if (sourceType == DataType::BF16)
    convertFrom<uint16_t>(
        source, target, targetType, count,
        [](uint16_t x) { return bf16ToF32(x); },
        [](uint16_t x) { return bf16ToF16(x); }, [](uint16_t x) { return x; },
        [](uint16_t x) { return double(bf16ToF32(x)); });
  else
    convertFrom<double>(
        source, target, targetType, count, [](double x) { return float(x); },
        [](double x) { return f64ToF16(x); },
        [](double x) { return f64ToBf16(x); }, [](double x) { return x; });
}

} // namespace qopt

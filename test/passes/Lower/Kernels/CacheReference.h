//===- CacheReference.h - A cache by scalar code ----------------*- C++ -*-===//

#ifndef QOPT_TEST_PASSES_LOWER_KERNELS_CACHEREFERENCE_H
#define QOPT_TEST_PASSES_LOWER_KERNELS_CACHEREFERENCE_H

#include "lib/Formats/Activations.h"
#include "test/passes/Lower/Kernels/KernelHarness.h"
#include <algorithm>
#include <cmath>
#include <cstring>

namespace qopt {

/// Bytes of a row of the batch of `parts`, as AttentionOp says; `size` is that
/// of a value.
inline int64_t partsBytes(int64_t heads, int64_t keyHeads, int64_t size) {
  int64_t most = std::clamp<int64_t>(64 / keyHeads, 2, 16);
  int64_t part = (heads / keyHeads * (size + 2) + 15) / 16 * 16;
  return (16 + most * part) * 4;
}

/// A key or value cache as qopt_cache_info says, in guarded memory; what nobody
/// wrote is all ones.
class CacheReference {
public:
  /// `type` is f32, f16 or i8; `context` is the capacity in time steps.
  CacheReference(std::string type, bool isKey, int64_t batch, int64_t keyHeads,
                 int64_t context, int64_t size)
      : type(type), isKey(isKey), panels((context + 31) / 32), size(size),
        memory({batch * keyHeads * panels * 32 * stepBytes()}) {
    byteCount = memory.count();
    memory.sizes = {batch, keyHeads, panels};
    if (type == "i8")
      memory.sizes.push_back(32 * stepBytes());
    else
      for (int64_t each : {isKey ? size : 32, isKey ? 32 : size})
        memory.sizes.push_back(each);
  }

  /// For an argument of the function.
  static std::string memrefType(const std::string &type, bool isKey,
                                int64_t keyHeads, int64_t size) {
    std::string n = std::to_string(size);
    return "memref<?x" + std::to_string(keyHeads) + "x?x" +
           (type == "i8" ? std::to_string(32 * (size + 4))
            : isKey      ? n + "x32"
                         : "32x" + n) +
           "x" + type + ">";
  }
  Tensor<uint8_t> &argument() { return memory; }
  size_t bytes() const { return byteCount; }

  /// Rounds the vector of time step t of a head of all of the batch.
  void put(int64_t head, int64_t t, const float *values) {
    float inverse = 0;
    if (type == "i8") {
      float largest = 0;
      for (int64_t d = 0; d < size; ++d)
        largest = std::max(largest, std::fabs(values[d]));
      float scale = activationScale(largest);
      inverse = activationInverse(largest);
      memcpy(scalePlace(head, t), &scale, 4);
    }
    for (int64_t d = 0; d < size; ++d) {
      uint8_t *at = place(head, t, d);
      uint16_t half = f32ToF16(values[d]);
      if (type == "f32")
        memcpy(at, &values[d], 4);
      else if (type == "f16")
        memcpy(at, &half, 2);
      else
        *at = uint8_t(activationCode(values[d], inverse));
    }
  }

  float get(int64_t head, int64_t t, int64_t d) {
    const uint8_t *at = place(head, t, d);
    float value;
    uint16_t half;
    memcpy(&half, at, type == "f16" ? 2 : 0);
    if (type == "f16")
      return f16ToF32(half);
    memcpy(&value, type == "i8" ? scalePlace(head, t) : at, 4);
    return type == "i8" ? float(int8_t(*at)) * value : value;
  }

  bool operator==(CacheReference &other) {
    return byteCount == other.byteCount &&
           !memcmp(memory.data(), other.memory.data(), byteCount);
  }

private:
  int64_t elementBytes() const {
    return type == "f32" ? 4 : type == "f16" ? 2 : 1;
  }
  int64_t stepBytes() const {
    return size * elementBytes() + (type == "i8" ? 4 : 0);
  }
  uint8_t *headStart(int64_t head) {
    return memory.data() + head * panels * 32 * stepBytes();
  }
  uint8_t *place(int64_t head, int64_t t, int64_t d) {
    int64_t element = isKey ? (t / 32 * size + d) * 32 + t % 32 : t * size + d;
    return headStart(head) + element * elementBytes();
  }
  uint8_t *scalePlace(int64_t head, int64_t t) {
    return headStart(head) + panels * 32 * size + 4 * t;
  }

  std::string type;
  bool isKey;
  int64_t panels, size;
  Tensor<uint8_t> memory;
  size_t byteCount;
};

} // namespace qopt

#endif // QOPT_TEST_PASSES_LOWER_KERNELS_CACHEREFERENCE_H

//===- GuardedMemory.cpp - Memory that ends at a guard page ---------------===//

#include "test/passes/Lower/Kernels/KernelHarness.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using llvm::APFloat;
using llvm::APInt;

namespace qopt {

GuardedMemory::GuardedMemory(size_t bytes) {
  size_t page = sysconf(_SC_PAGESIZE);
  size_t used = llvm::alignTo(bytes, page);
  mappedBytes = used + 2 * page;
  mapping =
      mmap(nullptr, mappedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *first = static_cast<char *>(mapping) + page;
  if (mapping == MAP_FAILED ||
      (used && mprotect(first, used, PROT_READ | PROT_WRITE) != 0))
    llvm::report_fatal_error("no memory");
  madvise(first, used, MADV_HUGEPAGE);
  memset(first, 0xff, used);
  start = first + used - bytes;
}

GuardedMemory::GuardedMemory(GuardedMemory &&other)
    : mapping(other.mapping), mappedBytes(other.mappedBytes),
      start(other.start) {
  other.mapping = nullptr;
}

GuardedMemory::~GuardedMemory() {
  if (mapping)
    munmap(mapping, mappedBytes);
}

void fill(Tensor<float> &tensor, unsigned seed) {
  std::mt19937 random(seed);
  for (size_t i = 0; i < tensor.count(); ++i)
    tensor[i] = float(int32_t(random())) * 0x1p-31f;
}

uint16_t toBF16(float value) {
  APFloat number(value);
  bool lossy;
  number.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &lossy);
  return number.bitcastToAPInt().getZExtValue();
}

uint16_t toF16(float value) {
  APFloat number(value);
  bool lossy;
  number.convert(APFloat::IEEEhalf(), APFloat::rmNearestTiesToEven, &lossy);
  return number.bitcastToAPInt().getZExtValue();
}

static float widen(const llvm::fltSemantics &type, uint16_t bits) {
  APFloat number(type, APInt(16, bits));
  bool lossy;
  number.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &lossy);
  return number.convertToFloat();
}
float fromBF16(uint16_t bits) { return widen(APFloat::BFloat(), bits); }
float fromF16(uint16_t bits) { return widen(APFloat::IEEEhalf(), bits); }

} // namespace qopt

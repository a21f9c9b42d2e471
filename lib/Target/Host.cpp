//===- Host.cpp - What the CPU of this machine can do ---------------------===//

#include "lib/Target/Host.h"

#include "qopt/artifact.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;

namespace qopt {

uint64_t getHostFeatures() {
  StringMap<bool> host = sys::getHostCPUFeatures();
  auto hasAll = [&](std::initializer_list<StringRef> names) {
    return all_of(names, [&](StringRef name) { return host.lookup(name); });
  };
  uint64_t features = 0;
  if (hasAll({"cx16", "sahf", "popcnt", "sse3", "sse4.1", "sse4.2", "ssse3"}))
    features |= QOPT_CPU_X86_64_V2;
  if (hasAll({"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}))
    features |= QOPT_CPU_AVX2;
  if (hasAll({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}))
    features |= QOPT_CPU_AVX512;
  if (hasAll({"avx512vnni", "avx512bf16"}))
    features |= QOPT_CPU_AVX512_VNNI_BF16;
  if (hasAll({"avx512vnni", "avx512bf16", "amx-tile", "amx-int8", "amx-bf16"}))
    features |= QOPT_CPU_AMX_INT8_BF16;
  return features;
}

} // namespace qopt

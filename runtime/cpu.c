/*===- cpu.c - What this CPU can run -------------------------------------===*/

#include "runtime/cpu.h"

#include "runtime/error.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

/** Register states that the system saves (XCR0); 0 when it does not say. */
static uint64_t enabledStates(uint32_t leaf1Ecx) {
  if (!(leaf1Ecx & bit_OSXSAVE))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

/** Asks Linux for the large state that tiles have, for all threads of the
 * process; see Documentation/arch/x86/xstate.rst. */
static bool mayUseTiles(void) {
  const long requestPermission = 0x1023, tileData = 18;
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

uint64_t qopt_cpu_features(void) {
  uint32_t eax, ebx, ecx, edx;
  uint32_t ecx1 = 0, ebx7 = 0, ecx7 = 0, edx7 = 0, eax7 = 0, ecxExtended = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx))
    ecx1 = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
    ebx7 = ebx;
    ecx7 = ecx;
    edx7 = edx;
    if (eax >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx))
      eax7 = eax;
  }
  if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx))
    ecxExtended = ecx;

  const uint32_t v2 = bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 |
                      bit_SSE4_2 | bit_POPCNT;
  const uint32_t avx2 = bit_AVX | bit_F16C | bit_FMA | bit_MOVBE;
  const uint32_t avx2In7 = bit_BMI | bit_AVX2 | bit_BMI2;
  const uint32_t avx512In7 =
      bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL;
  const uint32_t lahf = 1u << 0, lzcnt = 1u << 5; /* of leaf 0x80000001, ecx */
  const uint32_t bf16 = 1u << 5;                  /* of leaf 7, 1, eax */
  const uint64_t ymm = 0x6;                       /* SSE and AVX state */
  const uint64_t zmm = ymm | 0xe0; /* opmask, low zmm halves, high zmm */

  uint64_t states = enabledStates(ecx1);
  uint64_t features = 0;
  if ((ecx1 & v2) == v2 && (ecxExtended & lahf))
    features |= QOPT_CPU_X86_64_V2;
  if ((ecx1 & avx2) == avx2 && (ebx7 & avx2In7) == avx2In7 &&
      (ecxExtended & lzcnt) && (states & ymm) == ymm)
    features |= QOPT_CPU_AVX2;
  if ((ebx7 & avx512In7) == avx512In7 && (states & zmm) == zmm)
    features |= QOPT_CPU_AVX512;
  if ((features & QOPT_CPU_AVX512) && (ecx7 & bit_AVX512VNNI) && (eax7 & bf16))
    features |= QOPT_CPU_AVX512_VNNI_BF16;
  /* of leaf 7, edx: amx-bf16, amx-tile, amx-int8 */
  const uint32_t amx = 1u << 22 | 1u << 24 | 1u << 25;
  const uint64_t tiles = 0x60000; /* their shapes and data */
  if ((features & QOPT_CPU_AVX512_VNNI_BF16) && (edx7 & amx) == amx &&
      (states & tiles) == tiles && mayUseTiles())
    features |= QOPT_CPU_AMX_INT8_BF16;
  return features;
}

int64_t qopt_cpu_prefetch_distance(void) {
  const uint32_t zen5 = 0x1a; /* family */
  uint32_t eax, ebx, ecx, edx;
  if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx))
    return 0;
  bool isIntel = ebx == signature_INTEL_ebx && ecx == signature_INTEL_ecx &&
                 edx == signature_INTEL_edx;
  bool isAMD = ebx == signature_AMD_ebx && ecx == signature_AMD_ecx &&
               edx == signature_AMD_edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
    return 0;
  uint32_t family = eax >> 8 & 0xf;
  if (family == 0xf)
    family += eax >> 20 & 0xff;
  return isIntel || (isAMD && family >= zen5) ? 8192 : 0;
}
#else
uint64_t qopt_cpu_features(void) { return 0; }
int64_t qopt_cpu_prefetch_distance(void) { return 0; }
#endif

int32_t qopt_cpu_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return 1;
  int count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}

/** The names of all variants, joined by ", ". */
static const char *listVariants(const qopt_artifact_table *table, char *text,
                                size_t bytes) {
  size_t used = 0;
  text[0] = 0;
  for (int32_t i = 0; i < table->num_variants && used < bytes; ++i)
    used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? ", " : "",
                             table->variants[i].isa);
  return text;
}

qopt_status qopt_choose_variant(const qopt_artifact_table *table,
                                uint64_t features, const char *name,
                                const char *path,
                                const qopt_variant **variant) {
  char all[256];
  bool named = name && *name;
  for (int32_t i = 0; i < table->num_variants; ++i) {
    const qopt_variant *candidate = &table->variants[i];
    if (named && strcmp(name, candidate->isa) != 0)
      continue;
    if ((candidate->features & ~features) == 0) {
      *variant = candidate;
      return QOPT_OK;
    }
    if (named)
      return qopt_fail(QOPT_ERROR_CPU,
                       "%s: QOPT_ISA asks for %s, which this CPU cannot run",
                       path, name);
  }
  listVariants(table, all, sizeof all);
  if (named)
    return qopt_fail(QOPT_ERROR_CPU,
                     "%s: QOPT_ISA expects a version of the code that the "
                     "artifact holds (%s), but got %s",
                     path, all, name);
  return qopt_fail(QOPT_ERROR_CPU,
                   "%s: this CPU cannot run any version of the code (%s)", path,
                   all);
}

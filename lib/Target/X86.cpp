//===- X86.cpp - ISA versions of x86 --------------------------------------===//

#include "lib/Target/X86.h"

#include "qopt/artifact.h"

namespace qopt {

constexpr uint64_t v3 = QOPT_CPU_X86_64_V2 | QOPT_CPU_AVX2,
                   v4 = v3 | QOPT_CPU_AVX512;

static const X86Isa isas[] = {
    {"x86-64-v4-amx", "x86-64-v4",
     "+avx512vnni,+avx512bf16,+amx-tile,+amx-int8,+amx-bf16",
     v4 | QOPT_CPU_AVX512_VNNI_BF16 | QOPT_CPU_AMX_INT8_BF16, 512, 32, true,
     true, true, true, true, true},
    {"x86-64-v4-vnni", "x86-64-v4", "+avx512vnni,+avx512bf16",
     v4 | QOPT_CPU_AVX512_VNNI_BF16, 512, 32, true, true, true, true, true,
     false},
    {"x86-64-v4", "x86-64-v4", "", v4, 512, 32, true, true, true, false, false,
     false},
    {"x86-64-v3", "x86-64-v3", "", v3, 256, 16, true, true, true, false, false,
     false},
    {"x86-64", "x86-64", "", 0, 128, 16, false, false, false, false, false,
     false},
};

llvm::ArrayRef<X86Isa> getX86Isas() { return isas; }

const X86Isa *findX86Isa(llvm::StringRef name) {
  for (const X86Isa &isa : isas)
    if (name == isa.name)
      return &isa;
  return nullptr;
}

} // namespace qopt

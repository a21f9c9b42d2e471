//===- X86.cpp - ISA versions of x86 --------------------------------------===//

#include "lib/Target/X86.h"

#include "qopt/artifact.h"

namespace qopt {

static const X86Isa isas[] = {
    {"x86-64-v4", QOPT_CPU_X86_64_V2 | QOPT_CPU_AVX2 | QOPT_CPU_AVX512, 512, 32,
     true, true, true},
    {"x86-64-v3", QOPT_CPU_X86_64_V2 | QOPT_CPU_AVX2, 256, 16, true, true,
     true},
    {"x86-64", 0, 128, 16, false, false, false},
};

llvm::ArrayRef<X86Isa> getX86Isas() { return isas; }

const X86Isa *findX86Isa(llvm::StringRef name) {
  for (const X86Isa &isa : isas)
    if (name == isa.name)
      return &isa;
  return nullptr;
}

} // namespace qopt

//===- X86.h - ISA versions of x86 ------------------------------*- C++ -*-===//

#ifndef QOPT_LIB_TARGET_X86_H
#define QOPT_LIB_TARGET_X86_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace qopt {

/// An ISA version is a set of features with what lowerings have to know of it.
struct X86Isa {
  const char *name;    ///< x86-64-v3, ...
  const char *cpu;     ///< its name for LLVM
  const char *extras;  ///< features beside, for LLVM: "+avx512vnni,..."
  uint64_t features;   ///< QOPT_CPU_* that the runtime asks for
  int vectorBits;      ///< width of the widest register
  int vectorRegisters; ///< number of them
  bool fma;            ///< mulf + addf with contract become one instruction
  bool f16c;           ///< f16 <-> f32 are instructions
  bool masks;          ///< masked loads and stores are instructions
  bool vnni;           ///< u8 x s8 products of four are added to i32
  bool bf16;           ///< products of two bf16 are added to f32
  bool amx;            ///< so are both of tiles, of u8 and s8 of either sign

  /// Lanes of 32 bits in a register.
  int lanes() const { return vectorBits / 32; }
};

/// All versions that qopt knows, the most demanding first.
llvm::ArrayRef<X86Isa> getX86Isas();

/// The version of this name, or null.
const X86Isa *findX86Isa(llvm::StringRef name);

} // namespace qopt

#endif // QOPT_LIB_TARGET_X86_H

//===- CodeGen.h - LLVM modules to text and objects -------------*- C++ -*-===//

#ifndef QOPT_PASSES_EMIT_CODEGEN_H
#define QOPT_PASSES_EMIT_CODEGEN_H

#include "passes/Emit/EmitModel.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>

namespace qopt {

/// An LLVM module with a context of its own, so that threads can work on
/// several; what LLVM has to say about it is kept, not printed.
class CodeModule {
public:
  /// `cpu` is LLVM's name for the ISA version.
  static llvm::Expected<std::unique_ptr<CodeModule>>
  create(llvm::StringRef name, const X86Isa &isa);

  llvm::LLVMContext &getContext() { return context; }
  const llvm::DataLayout &getDataLayout() const { return dataLayout; }

  /// Takes the module, which is in this context; sets its target, and of its
  /// functions the CPU and that no call to the C library may be invented.
  void setModule(std::unique_ptr<llvm::Module> newModule);
  llvm::Module &getModule() { return *module; }

  /// Verifies, and emits. Consumes the module. Most fatal errors of LLVM are
  /// errors here.
  llvm::Error emit(EmitKind kind, EmittedModule &result);

private:
  CodeModule(llvm::StringRef name, const X86Isa &isa) : name(name), isa(isa) {}
  void optimize();

  std::string name;
  const X86Isa &isa;
  std::string diagnostics;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::TargetMachine> machine;
  llvm::DataLayout dataLayout{""};
  std::unique_ptr<llvm::Module> module;
};

} // namespace qopt

#endif // QOPT_PASSES_EMIT_CODEGEN_H

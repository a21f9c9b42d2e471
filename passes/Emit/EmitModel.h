//===- EmitModel.h - Lowered modules to native code -------------*- C++ -*-===//

#ifndef QOPT_PASSES_EMIT_EMITMODEL_H
#define QOPT_PASSES_EMIT_EMITMODEL_H

#include "lib/Artifact/Table.h"
#include "lib/Target/X86.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace qopt {

/// The code of a model for one ISA version: a module in the LLVM dialect. For
/// each kind of entry that the model has (`main`, or `prefill` and `decode`) it
/// defines
/// `<kind>_run(!llvm.ptr)`, given a qopt_call, and
/// `<kind>_arena_bytes(!llvm.ptr) -> i64`, given the symbols. All else is
/// internal.
struct VariantModule {
  const X86Isa *isa = nullptr;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  int64_t scratchBytes = 0;
};

enum class EmitKind {
  LLVMIR,   ///< text, before LLVM's own passes
  Assembly, ///< text
  Object,   ///< ELF
};

/// One for each variant, named for its ISA version, then `table` and `support`.
struct EmittedModule {
  std::string name;
  llvm::SmallVector<char, 0> contents;
};

/// Translates the variants and generates their code, up to `threads` at a time.
/// The result does not depend on the number of threads. Consumes the modules.
llvm::Expected<std::vector<EmittedModule>>
emitModules(llvm::MutableArrayRef<VariantModule> variants,
            const ArtifactTable &table, EmitKind kind, unsigned threads);

/// The artifact's library: `qopt_artifact` (qopt/artifact.h) is its only
/// symbol, and it needs none.
llvm::Error emitShared(llvm::MutableArrayRef<VariantModule> variants,
                       const ArtifactTable &table, const std::string &path,
                       unsigned threads);

/// The same code as one object file, for other linkers.
llvm::Error emitObject(llvm::MutableArrayRef<VariantModule> variants,
                       const ArtifactTable &table, const std::string &path,
                       unsigned threads);

} // namespace qopt

#endif // QOPT_PASSES_EMIT_EMITMODEL_H

//===- TableModule.h - The artifact's table as constants --------*- C++ -*-===//

#ifndef QOPT_PASSES_EMIT_TABLEMODULE_H
#define QOPT_PASSES_EMIT_TABLEMODULE_H

#include "lib/Artifact/Table.h"
#include "lib/Target/X86.h"
#include "qopt/artifact.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include <array>
#include <memory>
#include <string>

namespace qopt {

/// What the table says of a variant. Entries that it has not have no names.
struct TableVariant {
  const X86Isa *isa = nullptr;
  int64_t scratchBytes = 0;
  std::array<std::string, QOPT_NUM_ENTRIES> run;
  std::array<std::string, QOPT_NUM_ENTRIES> arenaBytes;
};

/// A module that defines `qopt_artifact` and declares the functions it names.
/// An error when the table does not fit artifact.h.
llvm::Expected<std::unique_ptr<llvm::Module>>
buildTableModule(llvm::LLVMContext &context, const llvm::DataLayout &layout,
                 const ArtifactTable &table,
                 llvm::ArrayRef<TableVariant> variants);

} // namespace qopt

#endif // QOPT_PASSES_EMIT_TABLEMODULE_H

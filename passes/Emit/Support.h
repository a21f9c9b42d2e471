//===- Support.h - What generated code may call -----------------*- C++ -*-===//

#ifndef QOPT_PASSES_EMIT_SUPPORT_H
#define QOPT_PASSES_EMIT_SUPPORT_H

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace qopt {

/// memset, memcpy and memmove: LLVM makes calls to them of its own intrinsics,
/// and an artifact has no C library. Hidden: they are the artifact's alone.
llvm::Expected<std::unique_ptr<llvm::Module>>
buildSupportModule(llvm::LLVMContext &context);

} // namespace qopt

#endif // QOPT_PASSES_EMIT_SUPPORT_H

//===- CacheStorage.h - What key/value caches hold --------------*- C++ -*-===//

#ifndef QOPT_PASSES_QUANTIZE_CACHESTORAGE_H
#define QOPT_PASSES_QUANTIZE_CACHESTORAGE_H

#include "dialects/QOpt/QOpt.h"
#include "mlir/IR/BuiltinOps.h"

namespace qopt {

/// Sets the storage of all caches: f16, i8 for codes, or null for f32.
void setCacheStorage(mlir::ModuleOp module,
                     llvm::function_ref<mlir::Type(CacheOp)> storageOf);

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZE_CACHESTORAGE_H

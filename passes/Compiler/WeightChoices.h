//===- WeightChoices.h - What a recipe made of the model --------*- C++ -*-===//

#ifndef QOPT_PASSES_COMPILER_WEIGHTCHOICES_H
#define QOPT_PASSES_COMPILER_WEIGHTCHOICES_H

#include "dialects/QOpt/QOpt.h"
#include "lib/Artifact/WeightRecord.h"
#include "lib/Artifact/Weights.h"
#include "lib/Recipes/Recipe.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace qopt {

/// Who reads a weight: the fields of WeightRecord.
struct WeightReader {
  std::string node, role, path, tied;
  mlir::RankedTensorType input; ///< of a product; else null
};

/// The readers of all weights by the weights' names, in a raised module: later
/// its layers are one function and have no paths of their own.
llvm::StringMap<WeightReader> findReaders(mlir::ModuleOp module);

/// What became of each weight, in the order of `weights`.
std::vector<WeightRecord>
makeRecords(llvm::ArrayRef<PackedWeight> weights,
            const llvm::StringMap<WeightReader> &readers, const Recipe &recipe);

/// What a cache holds.
CacheRecord makeRecord(CacheOp cache);

} // namespace qopt

#endif // QOPT_PASSES_COMPILER_WEIGHTCHOICES_H

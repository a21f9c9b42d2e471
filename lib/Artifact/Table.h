//===- Table.h - The artifact's table while it is built ---------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_TABLE_H
#define QOPT_LIB_ARTIFACT_TABLE_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace qopt {

class DimExpr;

/// The structs below become those of the same meaning in qopt/artifact.h.

/// constant + sum over i of coefficients[i] * symbols[i]; missing ones are 0.
struct LinearSize {
  int64_t constant = 0;
  std::vector<int64_t> coefficients;
};

/// The expression over these symbols, or nothing when it has others or a
/// product.
std::optional<LinearSize> toLinearSize(const DimExpr &expression,
                                       llvm::ArrayRef<std::string> symbols);

struct TensorInfo {
  std::string name;
  int32_t dtype = 0; ///< qopt_dtype
  int32_t role = 0;  ///< qopt_role
  int32_t cache = -1;
  std::vector<LinearSize> dims;
};

struct CacheInfo {
  int64_t heads = 0;
  int64_t keyDim = 0;
  int64_t valueDim = 0;
  int32_t dtype = 0; ///< qopt_dtype
};

struct Condition {
  LinearSize expression;
  std::string message;
};

/// qopt_artifact_table without its variants.
struct ArtifactTable {
  std::string version;
  std::string modelName;
  int64_t weightsBytes = 0;
  int64_t weightsOffset = 0;
  int32_t batchSymbol = -1;
  int32_t sequenceSymbol = -1;
  int32_t pastSymbol = -1;
  int32_t rowsSymbol = -1;
  bool picksLogits = false;
  bool hasCandidates = false;
  int64_t maxContext = 0;
  int64_t vocabulary = 0;
  std::vector<std::string> symbols;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<CacheInfo> caches;
  std::vector<Condition> conditions;
  std::vector<std::string> messages;
};

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_TABLE_H

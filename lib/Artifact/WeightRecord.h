//===- WeightRecord.h - What became of weights and caches -------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_WEIGHTRECORD_H
#define QOPT_LIB_ARTIFACT_WEIGHTRECORD_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/JSON.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace qopt {

/// What was chosen for a weight, and what it costs.
struct WeightRecord {
  std::string name; ///< in weights.safetensors
  std::string node; ///< the ONNX node that reads it
  /// Of products and tables, which recipes speak about; else empty. Of a weight
  /// that both read, the product's.
  std::string role, path;
  std::string tied;           ///< the path of the table that it is, too
  std::vector<int64_t> shape; ///< [N, K] for a product
  std::string source;         ///< element type in the ONNX file: "f16"
  /// Along which dimensions constant factors of the graph are multiplied into
  /// the values: "rows" (N), "columns" (K), both or none.
  std::vector<std::string> factors;
  std::string stored; ///< element type, or the format of its codes as text
  std::string method; ///< of codes: the solver
  std::map<std::string, std::string> methodOptions;
  std::string activations; ///< of codes: what they are multiplied with
  int64_t sourceBytes = 0; ///< in the ONNX file; 0 for a second copy
  int64_t bytes = 0;       ///< in weights.safetensors

  /// Number of elements; 0 for a second copy.
  int64_t elements() const;
  /// A product that is neither embedding nor head.
  bool isLinear() const;
};

/// As an element of the manifest's `weights`; what is empty is left out.
llvm::json::Value toJSON(const WeightRecord &record);
/// Refuses sizes that are negative or beyond 2^42.
bool fromJSON(const llvm::json::Value &value, WeightRecord &record,
              llvm::json::Path path);

/// What a key/value cache holds, and what it costs.
struct CacheRecord {
  std::string path;   ///< of the attention that reads it
  std::string stored; ///< element type, or the format of its codes as text
  int64_t bytes = 0;  ///< of a time step of a row, keys and values
};

/// As an element of the manifest's `caches`.
llvm::json::Value toJSON(const CacheRecord &record);
bool fromJSON(const llvm::json::Value &value, CacheRecord &record,
              llvm::json::Path path);

/// Several weights together.
struct WeightTotals {
  int64_t weights = 0, elements = 0, sourceBytes = 0, bytes = 0;

  void add(const WeightRecord &record);
  /// 8 * bytes / elements; 0 if there are none.
  double bitsPerWeight() const;
};

/// Where the bytes are.
struct WeightSummary {
  /// Weights of one role that became the same.
  struct Row {
    std::string role, stored, activations;
    bool isTied = false; ///< embedding and head are one
    WeightTotals totals;
  };
  /// In the order of first use, those that no recipe speaks about last.
  std::vector<Row> rows;
  WeightTotals linears; ///< products but embedding and head
  WeightTotals all;
};
WeightSummary summarise(llvm::ArrayRef<WeightRecord> records);

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_WEIGHTRECORD_H

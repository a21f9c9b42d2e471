//===- Costs.h - Predicted times of a model's products ----------*- C++ -*-===//

#ifndef QOPT_PASSES_COMPILER_COSTS_H
#define QOPT_PASSES_COMPILER_COSTS_H

#include "lib/Artifact/WeightRecord.h"
#include "lib/Target/CostModel.h"
#include "llvm/Support/raw_ostream.h"

namespace qopt {

/// What the cost model says of all products of a model on an ISA version, one
/// thread of the machine that it assumes: decoding a token, and a prompt of
/// `prefillRows`.
class CostTable {
public:
  static constexpr int64_t prefillRows = 512;

  /// Of a decoder, a prompt has the logits of its last token alone.
  static llvm::Expected<CostTable> make(llvm::ArrayRef<WeightRecord> records,
                                        const X86Isa &isa, bool isDecoder);

  void print(llvm::raw_ostream &os) const;
  friend llvm::json::Value toJSON(const CostTable &table);

private:
  /// Some rows of one product.
  struct Run {
    int64_t rows;
    ProductPlan plan;
    ProductCost cost;
  };
  /// Equal products of all layers.
  struct Product {
    std::string path; ///< with a star for the layer
    const WeightRecord *record;
    int64_t number = 0;
    Run decode, prefill;
  };
  explicit CostTable(const X86Isa &isa) : isa(isa) {}

  static llvm::json::Value toJson(const Run &run);
  double seconds(Run Product::*run) const;

  const X86Isa &isa;
  std::vector<Product> products;
};

} // namespace qopt

#endif // QOPT_PASSES_COMPILER_COSTS_H

//===- Epilogue.h - What follows a product, on vectors ----------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_EPILOGUE_H
#define QOPT_PASSES_LOWER_KERNELS_EPILOGUE_H

#include "dialects/QOpt/QOpt.h"
#include "passes/Lower/Kernels/Candidates.h"
#include "passes/Lower/Kernels/CodedItems.h"

namespace qopt {

/// The epilogue of a product, and the stores of its results, or the candidates
/// among them that are wanted instead.
class Epilogue {
public:
  Epilogue(KernelBuilder &b, MatmulOp op);

  /// What follows is of an item's part; buffers of its own are there alone.
  void setPart(const CodedItems::Part &its) { part = its; }

  /// Computes and stores a tile: `columns` columns from `column` on of some
  /// rows of the result. Rows may be the same more than once; all of the tile's
  /// extras are read before anything is stored, so the result may lie where an
  /// extra does.
  void emit(llvm::ArrayRef<mlir::Value> rows, mlir::Value column,
            int64_t columns, llvm::ArrayRef<mlir::Value> accumulators);

  /// Fetches what `emit` of such a tile reads.
  void prefetch(llvm::ArrayRef<mlir::Value> rows, mlir::Value column,
                int64_t columns);

  /// To be emitted in front of the product's loop.
  void begin();

private:
  struct Extra {
    mlir::Value flat;
    bool perColumn;
  };

  mlir::Value place(mlir::Value flat, mlir::Value row, mlir::Value column);
  /// As the result's type.
  mlir::Value apply(mlir::Value accumulator,
                    llvm::ArrayRef<mlir::Value> extras);

  KernelBuilder &b;
  MatmulOp op;
  const int64_t N;
  mlir::Value out;
  llvm::SmallVector<Extra> extras;
  std::optional<CandidateLists> candidates;
  std::optional<CodedItems::Part> part;
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_EPILOGUE_H

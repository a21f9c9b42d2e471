//===- CodedItems.h - How a product of codes is divided ---------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_CODEDITEMS_H
#define QOPT_PASSES_LOWER_KERNELS_CODEDITEMS_H

#include "dialects/QOpt/QOpt.h"
#include "lib/Target/CostModel.h"
#include "passes/Lower/Kernels/KernelBuilder.h"

namespace qopt {

/// Whether a buffer is scratch, made for one item, or a view of it.
bool isLocal(mlir::Value buffer);

/// What the cost model knows of a product with a weight of codes.
ProductShape shapeOf(MatmulOp op);

/// The items of a product with a weight of codes. Of few rows an item is a
/// group of panels, read in order; of many it is some panels and a block of
/// rows. What quantizes the result in the same loop wants whole blocks of
/// columns: then items have at least as many panels as a block.
class CodedItems {
public:
  using Value = mlir::Value;

  CodedItems(KernelBuilder &b, MatmulOp op);

  /// What an item computes; panels beyond the last one are none.
  struct Part {
    Value beginPanel, endPanel;
    Value firstRow, rows;
    int64_t columns; ///< of all panels
  };
  Value fewCount();
  Part few(Value item);
  Value manyCount();
  Part many(Value item);
  /// Elements of a result that only its item reads, dense in its scratch.
  int64_t localElements() const;

  /// The place of an element of a result [M, N], or, where the buffer is
  /// scratch, of [rows][columns] of the part, which is there then.
  static Value place(KernelBuilder &b, const std::optional<Part> &part,
                     Value flat, Value row, Value column, int64_t N);

  /// A parallel loop; items of many rows may be another schedule's.
  void forall(Value manyCount, llvm::function_ref<void(Value item)> few,
              llvm::function_ref<void(Value item)> many);

  const int64_t onePassRows; ///< at most, of one pass over the weight
  const ProductPlan plan;    ///< of many rows
  const int64_t panels;
  const int64_t panelsOfMany; ///< of an item of many rows

private:
  Value rowBlocks();

  KernelBuilder &b;
  Value M;
  int64_t panelsOfFew;
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_CODEDITEMS_H

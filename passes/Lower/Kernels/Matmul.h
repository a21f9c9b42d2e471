//===- Matmul.h - The parts of a product's kernel ---------------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_KERNELS_MATMUL_H
#define QOPT_PASSES_LOWER_KERNELS_MATMUL_H

#include "passes/Lower/Kernels/Codes.h"
#include "passes/Lower/Kernels/Epilogue.h"
#include "passes/Lower/Kernels/MicroKernel.h"

namespace qopt {

/// A product with flat buffers; values of the host function.
struct Product {
  Product(KernelBuilder &b, MatmulOp op);

  bool packed; ///< weight in panels, else [N, K]
  int64_t K, N, panels;
  int64_t weightBytes; ///< of one element
  mlir::Value M, input, weight;
  std::optional<Codes> codes; ///< of a weight of codes
  Epilogue epilogue;

  /// Bytes of a panel.
  int64_t panelBytes() const { return K * panelColumns * weightBytes; }
};

/// M = 1: an item is a group of panels that are read once, in order.
class RowProduct {
public:
  RowProduct(KernelBuilder &b, Product &product);
  mlir::Value items();
  void emit(mlir::Value item);

private:
  void emitPanel(mlir::Value panel, int64_t columns);

  KernelBuilder &b;
  Product &product;
  int64_t panelsPerItem;
};

/// An item is a block of rows times a group of strips. A strip is as wide as a
/// tile: a panel or a part of one.
class BlockedProduct {
public:
  /// One pass over a packed weight for a few rows, `few`, or blocks that stay
  /// in the caches for any number of them.
  BlockedProduct(KernelBuilder &b, Product &product, bool few);
  mlir::Value items();
  void emit(mlir::Value item);

private:
  struct Block; // of one item and one range of K

  void emitBlock(Block &block);
  int64_t copyStride() const { return kBlock + b.lanes + 1; }
  void copyInput(Block &block);
  void emitStrip(Block &block, mlir::Value strip, int64_t columns);
  void copyWeight(Block &block, mlir::Value strip);
  mlir::Value weightPlace(mlir::Value panel, mlir::Value k);
  void prefetchWeight(const Block &block, mlir::Value strip, mlir::Value tile,
                      mlir::Value tiles);
  void emitTiles(Block &block, mlir::Value strip, int64_t columns);
  void emitRest(Block &block, mlir::Value strip, int64_t columns,
                mlir::Value row, mlir::Value rest);
  void emitTile(Block &block, mlir::Value strip, int64_t columns,
                mlir::Value row, int64_t height, bool whole);

  KernelBuilder &b;
  Product &product;
  const bool few;
  const int64_t stripColumns, stripsPerPanel;
  const llvm::SmallVector<int64_t, 3> heights; ///< of tiles
  int64_t maxRows, maxStrips;                  ///< of an item; 0 when few
  int64_t kBlock;
  bool copiesInput, copiesWeight;
  mlir::Value rowBlocks, rowsPerBlock, stripsPerItem;
  mlir::Value inputCopy, weightCopy, partial; ///< scratch of the item
};

} // namespace qopt

#endif // QOPT_PASSES_LOWER_KERNELS_MATMUL_H

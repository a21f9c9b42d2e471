//===- CodedItems.cpp - How a product of codes is divided -----------------===//

#include "passes/Lower/Kernels/CodedItems.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace qopt {

bool isLocal(Value buffer) {
  while (auto view = buffer.getDefiningOp<memref::ReinterpretCastOp>())
    buffer = view.getSource();
  return bool(buffer.getDefiningOp<ScratchOp>());
}

Value CodedItems::place(KernelBuilder &b, const std::optional<Part> &part,
                        Value flat, Value row, Value column, int64_t N) {
  if (!isLocal(flat))
    return b.add(b.mul(row, N), column);
  return b.add(b.mul(b.sub(row, part->firstRow), part->columns),
               b.sub(column, b.mul(part->beginPanel, panelColumns)));
}

ProductShape shapeOf(MatmulOp op) {
  PanelLayout layout = op.getQuantizedWeight().getPanels();
  ProductShape shape;
  shape.N = layout.N;
  shape.K = layout.K;
  shape.codes = layout.format;
  shape.hasCodedInput = bool(op.getInputScales());
  shape.hasBF16Input =
      cast<MemRefType>(op.getInput().getType()).getElementType().isBF16();
  return shape;
}

/// Panels that a block of what quantizes the result reaches over.
static int64_t panelsOfBlocks(MatmulOp op) {
  auto fused = dyn_cast<FusedOp>(op->getParentOp());
  if (!fused)
    return 1;
  int64_t panels = 1;
  for (auto quantize : fused.getOps<QuantizeOp>())
    panels = std::max<int64_t>(
        panels, llvm::divideCeil(quantize.getBlock(), panelColumns));
  return panels;
}

CodedItems::CodedItems(KernelBuilder &b, MatmulOp op)
    : onePassRows(fewRowsOf(shapeOf(op), b.isa)),
      plan(planProduct(shapeOf(op), b.isa, onePassRows + 1)),
      panels(op.getQuantizedWeight().getPanels().panels()),
      panelsOfMany(llvm::alignTo(plan.blockPanels, panelsOfBlocks(op))), b(b),
      M(b.rows(op.getInput())) {
  int64_t panelBytes = op.getQuantizedWeight().getPanels().panelBytes();
  panelsOfFew =
      llvm::alignTo(streamedPanels(panels, panelBytes), panelsOfBlocks(op));
}

Value CodedItems::fewCount() {
  return b.index(llvm::divideCeil(panels, panelsOfFew));
}

CodedItems::Part CodedItems::few(Value item) {
  Value begin = b.mul(item, panelsOfFew);
  return {begin, b.add(begin, panelsOfFew), b.index(0), M,
          panelsOfFew * panelColumns};
}

Value CodedItems::rowBlocks() { return b.ceilDiv(M, b.index(plan.blockRows)); }

Value CodedItems::manyCount() {
  return b.mul(rowBlocks(), b.index(llvm::divideCeil(panels, panelsOfMany)));
}

CodedItems::Part CodedItems::many(Value item) {
  // Neighbouring items read the same panels; blocks have about as many rows.
  auto [group, block] = b.split(item, rowBlocks());
  Value begin = b.mul(group, panelsOfMany);
  Value height = b.index(plan.tileRows);
  Value rows = b.mul(b.ceilDiv(b.ceilDiv(M, rowBlocks()), height), height);
  Value first = b.min(b.mul(block, rows), M);
  return {begin, b.add(begin, panelsOfMany), first,
          b.min(b.sub(M, first), rows), panelsOfMany * panelColumns};
}

int64_t CodedItems::localElements() const {
  return panelColumns *
         std::max(onePassRows * panelsOfFew, plan.blockRows * panelsOfMany);
}

void CodedItems::forall(Value manyCount,
                        llvm::function_ref<void(Value item)> few,
                        llvm::function_ref<void(Value item)> many) {
  auto constant = getConstantIntValue(M);
  Value isFew = b.less(M, b.index(onePassRows + 1));
  Value count = b.choose(isFew, fewCount(), manyCount);
  count = b.choose(b.equal(M, b.index(0)), b.index(0), count);
  b.forall(count, [&](Value item) {
    if (constant)
      return *constant <= onePassRows ? few(item) : many(item);
    b.when(
        isFew, [&] { few(item); }, [&] { many(item); });
  });
}

} // namespace qopt

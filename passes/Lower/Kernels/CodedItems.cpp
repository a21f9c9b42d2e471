//===- CodedItems.cpp - How a product of codes is divided -----------------===//

#include "passes/Lower/Kernels/CodedItems.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace qopt {

/// Rows of an item of many.
static constexpr int64_t blockRows = blockRowsOfCodes;

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
    : panels(op.getQuantizedWeight().getPanels().panels()),
      panelsTogether(panelsOfBlocks(op)), b(b), M(b.rows(op.getInput())) {
  int64_t panelBytes = op.getQuantizedWeight().getPanels().panelBytes();
  panelsOfFew =
      llvm::alignTo(streamedPanels(panels, panelBytes), panelsTogether);
}

Value CodedItems::fewCount() {
  return b.index(llvm::divideCeil(panels, panelsOfFew));
}

CodedItems::Part CodedItems::few(Value item) {
  Value begin = b.mul(item, panelsOfFew);
  return {begin, b.add(begin, panelsOfFew), b.index(0), M};
}

Value CodedItems::manyCount() {
  return b.mul(b.ceilDiv(M, b.index(blockRows)),
               b.index(llvm::divideCeil(panels, panelsTogether)));
}

CodedItems::Part CodedItems::many(Value item) {
  // Neighbouring items read the same panels.
  auto [group, block] = b.split(item, b.ceilDiv(M, b.index(blockRows)));
  Value begin = b.mul(group, panelsTogether);
  Value first = b.mul(block, blockRows);
  return {begin, b.add(begin, panelsTogether), first,
          b.min(b.sub(M, first), b.index(blockRows))};
}

void CodedItems::forall(Value manyCount,
                        llvm::function_ref<void(Value item)> few,
                        llvm::function_ref<void(Value item)> many) {
  auto constant = getConstantIntValue(M);
  Value isFew = b.less(M, b.index(fewRows + 1));
  Value count = b.choose(isFew, fewCount(), manyCount);
  count = b.choose(b.equal(M, b.index(0)), b.index(0), count);
  b.forall(count, [&](Value item) {
    if (constant)
      return *constant <= fewRows ? few(item) : many(item);
    b.when(
        isFew, [&] { few(item); }, [&] { many(item); });
  });
}

} // namespace qopt

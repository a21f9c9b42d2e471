//===- Matmul.cpp - Products with a weight --------------------------------===//

#include "passes/Lower/Kernels/Matmul.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/Lower/Kernels/CodedProduct.h"
#include "passes/Lower/Kernels/Kernels.h"

using namespace mlir;

namespace qopt {

Product::Product(KernelBuilder &b, MatmulOp op)
    : M(b.rows(op.getInput())), input(b.flatten(op.getInput())),
      weight(b.flatten(op.getWeight())), epilogue(b, op) {
  auto type = cast<MemRefType>(op.getWeight().getType());
  N = cast<MemRefType>(op.getOut().getType()).getShape().back();
  panels = llvm::divideCeil(N, panelColumns);
  if (QTensorType quantized = op.getQuantizedWeight()) {
    codes.emplace(b, quantized.getPanels(), weight);
    packed = true;
    K = quantized.getK();
    weightBytes = 1;
    return;
  }
  packed = type.getRank() == 3;
  K = type.getDimSize(1);
  weightBytes = type.getElementTypeBitWidth() / 8;
}

//===-- One row -----------------------------------------------------------===//

RowProduct::RowProduct(KernelBuilder &b, Product &product)
    : b(b), product(product) {
  panelsPerItem = streamedPanels(product.panels, product.panelBytes());
}

Value RowProduct::items() {
  return b.index(llvm::divideCeil(product.panels, panelsPerItem));
}

void RowProduct::emit(Value item) {
  int64_t whole = product.N / panelColumns, rest = product.N % panelColumns;
  Value begin = b.mul(item, panelsPerItem);
  Value end = b.add(begin, panelsPerItem);
  b.loop(begin, b.min(end, b.index(whole)), 1,
         [&](Value panel) { emitPanel(panel, panelColumns); });
  if (rest)
    b.when(b.less(b.index(whole), end),
           [&] { emitPanel(b.index(whole), rest); });
}

void RowProduct::emitPanel(Value panel, int64_t columns) {
  int64_t vectors = panelColumns / b.lanes;
  TileShape shape = {1, vectors, std::max<int64_t>(1, 8 / vectors)};
  TileOperands operands = {
      product.input,  {b.index(0)},
      product.weight, b.mul(panel, product.K * panelColumns),
      panelColumns,   panelColumns};
  SmallVector<Value> row = emitTile(b, shape, operands, b.index(product.K));
  product.epilogue.emit({b.index(0)}, b.mul(panel, panelColumns), columns, row);
}

//===-- Weights of codes --------------------------------------------------===//

static LogicalResult lowerCodedMatmul(MatmulOp op, const X86Isa &isa) {
  bool isCoded = bool(op.getInputScales());
  if ((!isCoded && failed(expectStored(op, op.getInput()))) ||
      failed(expectStored(op, op.getOut())) ||
      failed(expectStored(op, op.getExtras())))
    return failure();
  KernelBuilder b(op, isa);
  CodedProduct product(b, op);
  bool isUnpacked = isCoded || product.unpacksBF16();
  if (!isUnpacked &&
      cast<MemRefType>(op.getInput().getType()).getElementType().isBF16())
    op.emitRemark(product.multipliesBF16()
                      ? "many rows of bf16 are widened: the products are "
                        "those of f32"
                      : "inputs of bf16 are widened: the products are "
                        "those of f32");
  product.begin();
  // Blocks of float inputs run as products with values of a strip.
  std::optional<Product> values;
  std::optional<BlockedProduct> blocked;
  if (!isUnpacked) {
    values.emplace(b, op);
    blocked.emplace(b, *values, /*few=*/false);
  }
  if (isUnpacked)
    product.items.forall(
        product.items.manyCount(), [&](Value item) { product.emitFew(item); },
        [&](Value item) { product.emitMany(item); });
  else
    product.items.forall(
        blocked->items(), [&](Value item) { product.emitFew(item); },
        [&](Value item) { blocked->emit(item); });
  return success();
}

//===-- The op ------------------------------------------------------------===//

LogicalResult lowerMatmul(MatmulOp op, const X86Isa &isa) {
  if (op.getQuantizedWeight())
    return lowerCodedMatmul(op, isa);
  if (failed(expectStored(op, op.getInput())) ||
      failed(expectStored(op, op.getOut())) ||
      failed(expectStored(op, op.getWeight())) ||
      failed(expectStored(op, op.getExtras())))
    return failure();
  auto weight = cast<MemRefType>(op.getWeight().getType());
  auto out = cast<MemRefType>(op.getOut().getType());
  if (!weight.hasStaticShape() || ShapedType::isDynamic(out.getShape().back()))
    return op.emitOpError("cannot be lowered to a kernel: expects constant K "
                          "and N, but got ")
           << weight << " and " << out;
  KernelBuilder b(op, isa);
  Product product(b, op);
  if (!product.packed)
    op.emitRemark("weight is not packed in panels: every use packs it again");

  product.epilogue.begin();

  // Which schedule runs depends on the number of rows alone.
  auto constant = getConstantIntValue(product.M);
  RowProduct row(b, product);
  BlockedProduct few(b, product, /*few=*/true), many(b, product, /*few=*/false);
  Value isRow = b.equal(product.M, b.index(1));
  Value isFew = b.less(product.M, b.index(fewRows + 1));
  if (!product.packed) {
    Value items =
        b.choose(b.equal(product.M, b.index(0)), b.index(0), many.items());
    b.forall(items, [&](Value item) { many.emit(item); });
    return success();
  }
  Value items = many.items();
  items = b.choose(isFew, few.items(), items);
  items = b.choose(isRow, row.items(), items);
  items = b.choose(b.equal(product.M, b.index(0)), b.index(0), items);
  b.forall(items, [&](Value item) {
    if (constant)
      return *constant == 1         ? row.emit(item)
             : *constant <= fewRows ? few.emit(item)
                                    : many.emit(item);
    b.when(
        isRow, [&] { row.emit(item); },
        [&] {
          b.when(
              isFew, [&] { few.emit(item); }, [&] { many.emit(item); });
        });
  });
  return success();
}

} // namespace qopt

//===- TileRegisters.cpp - The tile registers of AMX ----------------------===//

#include "passes/Lower/Kernels/TileRegisters.h"

#include "dialects/QOpt/QOpt.h"
#include "lib/Formats/PanelLayout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/Dots.h"

using namespace mlir;

namespace qopt {

TileRegisters::TileRegisters(KernelBuilder &b, int64_t depth,
                             int64_t elementBytes)
    : b(b), elementBytes(elementBytes),
      shapes(ScratchOp::create(b, MemRefType::get({64}, b.getI8Type()))) {
  SmallVector<int8_t> bytes(64, 0);
  bytes[0] = 1; // the palette
  for (int64_t tile = 0; tile < 8; ++tile) {
    bytes[16 + 2 * tile] = isInput(tile) ? int8_t(depth * elementBytes) : 64;
    bytes[48 + tile] = tile >= 6 ? int8_t(depth * elementBytes / 4) : rows;
  }
  auto type = VectorType::get({64}, b.getI8Type());
  Value all = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, ArrayRef<int8_t>(bytes)));
  vector::StoreOp::create(b, all, shapes, b.index(0));
}

void TileRegisters::setRows(Value rows) {
  Value byte = arith::IndexCastOp::create(b, b.getI8Type(), rows);
  for (int64_t tile : {0, 1, 4})
    memref::StoreOp::create(b, byte, shapes, b.index(48 + tile));
  call("ldtilecfg", {pointer(shapes, b.index(0))});
}

void TileRegisters::release() { call("tilerelease", {}); }

void TileRegisters::clear(int64_t row, int64_t column) {
  call("tilezero", {number(sum(row, column))});
}

void TileRegisters::loadInputs(int64_t row, Value bytes, Value at,
                               int64_t stride) {
  call("tileloadd64", {number(4 + row), pointer(bytes, at), word(stride)});
}

void TileRegisters::loadCodes(int64_t column, Value bytes, Value at) {
  call("tileloadd64",
       {number(6 + column), pointer(bytes, at), word(4 * panelColumns)});
}

void TileRegisters::add(int64_t row, int64_t column, bool isSigned) {
  call(elementBytes == 2 ? "tdpbf16ps"
       : isSigned        ? "tdpbssd"
                         : "tdpbsud",
       {number(sum(row, column)), number(4 + row), number(6 + column)});
}

void TileRegisters::load(int64_t row, int64_t column, Value words, Value at) {
  move("tileloadd64", row, column, words, at);
}

void TileRegisters::store(int64_t row, int64_t column, Value words, Value at) {
  move("tilestored64", row, column, words, at);
}

void TileRegisters::move(StringRef name, int64_t row, int64_t column,
                         Value words, Value at) {
  Value byte = b.mul(b.add(at, rows * (row * panelColumns + column)), 4);
  call(name, {number(sum(row, column)), pointer(words, byte),
              word(4 * panelColumns)});
}

void TileRegisters::call(StringRef name, ValueRange operands) {
  callIntrinsic(b, ("llvm.x86." + name).str(), nullptr, operands);
}

Value TileRegisters::number(int64_t tile) {
  return LLVM::ConstantOp::create(b, b.getI8Type(), b.getI8IntegerAttr(tile));
}

Value TileRegisters::word(int64_t value) {
  return LLVM::ConstantOp::create(b, b.getI64Type(),
                                  b.getI64IntegerAttr(value));
}

Value TileRegisters::pointer(Value flat, Value byte) {
  Value start = memref::ExtractAlignedPointerAsIndexOp::create(b, flat);
  Value address =
      arith::IndexCastOp::create(b, b.getI64Type(), b.add(start, byte));
  return LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext()),
                                  address);
}

} // namespace qopt

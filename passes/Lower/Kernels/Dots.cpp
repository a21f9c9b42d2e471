//===- Dots.cpp - Sums of products of codes -------------------------------===//

#include "passes/Lower/Kernels/Dots.h"

#include "lib/Target/CostModel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace qopt {

Value callIntrinsic(KernelBuilder &b, StringRef name, Type type,
                    ValueRange operands) {
  StringAttr intrinsic = b.getStringAttr(name);
  if (!type) {
    LLVM::CallIntrinsicOp::create(b, b.getLoc(), intrinsic, operands);
    return nullptr;
  }
  return LLVM::CallIntrinsicOp::create(b, b.getLoc(), type, intrinsic, operands)
      .getResult(0);
}

Value asElements(KernelBuilder &b, Value words, unsigned width) {
  auto type = VectorType::get({b.lanes * 32 / width}, b.getIntegerType(width));
  if (words.getType() == type)
    return words;
  return vector::BitCastOp::create(b, type, words);
}

Value splatElements(KernelBuilder &b, unsigned width, uint64_t value) {
  auto type = VectorType::get({b.lanes * 32 / width}, b.getIntegerType(width));
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, APInt(width, value)));
}

Value multiplyWords(KernelBuilder &b, Value x, Value y) {
  StringRef name = b.lanes == 16  ? "llvm.x86.avx512.pmaddw.d.512"
                   : b.lanes == 8 ? "llvm.x86.avx2.pmadd.wd"
                                  : "llvm.x86.sse2.pmadd.wd";
  return callIntrinsic(b, name, VectorType::get({b.lanes}, b.getI32Type()),
                       {x, y});
}

Value addPairs(KernelBuilder &b, Value sum, Value x, Value y) {
  if (b.isa.vnni)
    return callIntrinsic(b, "llvm.x86.avx512.vpdpwssd.512", sum.getType(),
                         {sum, x, y});
  return arith::AddIOp::create(b, sum, multiplyWords(b, x, y));
}

Value addQuads(KernelBuilder &b, Value sum, Value codes, Value inputs,
               unsigned bits) {
  if (chooseDotUnit(b.isa, bits) == Unit::Vpdpbusd)
    return callIntrinsic(
        b, "llvm.x86.avx512.vpdpbusd.512", sum.getType(),
        {sum, asElements(b, codes, 8), asElements(b, inputs, 8)});
  Value codes16 = asElements(b, codes, 16),
        inputs16 = asElements(b, inputs, 16);
  Value eight = splatElements(b, 16, 8);
  Value even = arith::AndIOp::create(b, codes16, splatElements(b, 16, 0xff));
  Value odd = arith::ShRUIOp::create(b, codes16, eight);
  Value evenInputs = arith::ShRSIOp::create(
      b, arith::ShLIOp::create(b, inputs16, eight), eight);
  Value oddInputs = arith::ShRSIOp::create(b, inputs16, eight);
  return addPairs(b, addPairs(b, sum, even, evenInputs), odd, oddInputs);
}

Value multiplyPairs(KernelBuilder &b, Value codes, Value inputs) {
  StringRef name = b.lanes == 16 ? "llvm.x86.avx512.pmaddubs.w.512"
                                 : "llvm.x86.avx2.pmadd.ub.sw";
  return callIntrinsic(b, name, VectorType::get({b.lanes * 2}, b.getI16Type()),
                       {asElements(b, codes, 8), asElements(b, inputs, 8)});
}

Value widenPairs(KernelBuilder &b, Value sum, Value pairs) {
  return addPairs(b, sum, pairs, splatElements(b, 16, 1));
}

Value addBF16(KernelBuilder &b, Value sum, Value x, Value y) {
  auto type = VectorType::get({b.lanes * 2}, b.getBF16Type());
  return callIntrinsic(b, "llvm.x86.avx512bf16.dpbf16ps.512", sum.getType(),
                       {sum, vector::BitCastOp::create(b, type, x),
                        vector::BitCastOp::create(b, type, y)});
}

} // namespace qopt

//===- CodedRows.cpp - Where codes of activations lie ---------------------===//

#include "passes/Lower/Kernels/CodedRows.h"

#include "lib/Target/CostModel.h"

using namespace mlir;

namespace qopt {

CodedRows::CodedRows(KernelBuilder &b, int64_t K, int64_t groups, Value rows,
                     bool hasUnsignedMany)
    : b(b), paddedK(paddedCodes(K)), groups(groups),
      areManyUnsigned(hasUnsignedMany && hasUnsignedInputs(b.isa)), rows(rows) {
  if (!b.isa.amx)
    isTiled = false;
}

Value CodedRows::offset() {
  if (!areManyUnsigned)
    return nullptr;
  Value areFew = b.less(rows, b.index(fewRowsOfCodes(b.isa) + 1));
  return b.choose(areFew, b.toI32(b.index(0)), b.toI32(b.index(128)));
}

Value CodedRows::code(Value row, Value k) {
  if (!isTiled.value_or(true))
    return b.add(b.mul(row, paddedK), k);
  Value chunkStride = b.mul(rows, codesInChunk);
  Value rowStride = b.index(codesInChunk);
  if (!isTiled) {
    Value areFew = b.less(rows, b.index(fewRows + 1));
    chunkStride = b.choose(areFew, rowStride, chunkStride);
    rowStride = b.choose(areFew, b.index(paddedK), rowStride);
  }
  auto [chunk, inside] = b.split(k, b.index(codesInChunk));
  return b.add(b.add(b.mul(chunk, chunkStride), b.mul(row, rowStride)), inside);
}

Value CodedRows::factor(Value row, Value group) {
  Value ofRow = b.add(b.mul(row, groups), group);
  if (!isTiled.value_or(true))
    return ofRow;
  Value ofTile = b.add(b.mul(group, rows), row);
  return isTiled ? ofTile
                 : b.choose(b.less(rows, b.index(fewRows + 1)), ofRow, ofTile);
}

} // namespace qopt

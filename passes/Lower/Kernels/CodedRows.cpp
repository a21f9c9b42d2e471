//===- CodedRows.cpp - Where codes of activations lie ---------------------===//

#include "passes/Lower/Kernels/CodedRows.h"

#include "lib/Target/CostModel.h"

using namespace mlir;

namespace qopt {

CodedRows::CodedRows(KernelBuilder &b, int64_t K, int64_t groups, Value rows)
    : b(b), paddedK(paddedCodes(K)), groups(groups), rows(rows) {
  if (!b.isa.amx)
    isFew = true;
}

Value CodedRows::code(Value row, Value k) {
  if (isFew.value_or(false))
    return b.add(b.mul(row, paddedK), k);
  Value chunkStride = b.mul(rows, codesInChunk);
  Value rowStride = b.index(codesInChunk);
  if (!isFew) {
    Value areFew = b.less(rows, b.index(fewRows + 1));
    chunkStride = b.choose(areFew, rowStride, chunkStride);
    rowStride = b.choose(areFew, b.index(paddedK), rowStride);
  }
  auto [chunk, inside] = b.split(k, b.index(codesInChunk));
  return b.add(b.add(b.mul(chunk, chunkStride), b.mul(row, rowStride)), inside);
}

Value CodedRows::factor(Value row, Value group) {
  Value ofFew = b.add(b.mul(row, groups), group);
  if (isFew.value_or(false))
    return ofFew;
  Value ofMany = b.add(b.mul(group, rows), row);
  return isFew ? ofMany
               : b.choose(b.less(rows, b.index(fewRows + 1)), ofFew, ofMany);
}

} // namespace qopt

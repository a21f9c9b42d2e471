//===- CodedRows.cpp - Where codes of activations lie ---------------------===//

#include "passes/Lower/Kernels/CodedRows.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace qopt {

CodedRows::CodedRows(KernelBuilder &b, int64_t K, int64_t groups, Value rows)
    : paddedK(paddedCodes(K)), b(b), groups(groups), rows(rows),
      isTiled(b.isa.amx && getConstantIntValue(rows) != 1) {}

Value CodedRows::code(Value row, Value k) {
  if (!isTiled)
    return b.add(b.mul(row, paddedK), k);
  auto [chunk, inside] = b.split(k, b.index(codesInChunk));
  return b.add(b.mul(b.add(b.mul(chunk, rows), row), codesInChunk), inside);
}

Value CodedRows::factor(Value row, Value group) {
  return isTiled ? b.add(b.mul(group, rows), row)
                 : b.add(b.mul(row, groups), group);
}

} // namespace qopt

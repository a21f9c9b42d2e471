//===- Weights.cpp - Ranges of files, and their factors -------------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace qopt;

LogicalResult WeightOp::verify() {
  if (getFile().has_value() == getValue().has_value())
    return emitOpError("expects either a file range or a value");
  auto type = cast<RankedTensorType>(getType());
  if (!type.hasStaticShape())
    return emitOpError("expects a static shape, but got ") << type;
  if (getFile() && uint64_t(getLength()) !=
                       uint64_t(type.getNumElements()) *
                           std::max(1u, type.getElementTypeBitWidth() / 8))
    return emitOpError("expects as many bytes as ")
           << type << " has, but got " << getLength();
  if (getTransposed() && type.getRank() < 2)
    return emitOpError("expects a matrix to be transposed, but got ") << type;
  if (getColumnFactor() && type.getRank() < 1)
    return emitOpError("expects a vector for its column_factor, but got ")
           << type;
  if (getRowFactor() && type.getRank() < 2)
    return emitOpError("expects a matrix for its row_factor, but got ") << type;
  return success();
}

/// The factor is there, and there is one value for each of `size` elements.
static LogicalResult verifyFactor(WeightOp weight, FlatSymbolRefAttr symbol,
                                  int64_t size,
                                  SymbolTableCollection &symbols) {
  auto factor = symbols.lookupNearestSymbolFrom<WeightOp>(weight, symbol);
  if (!factor)
    return weight.emitOpError("expects a qopt.weight as factor, but got ")
           << symbol;
  auto type = cast<RankedTensorType>(factor.getType());
  bool fits =
      type.hasStaticShape() && (type.getNumElements() == 1 ||
                                type.getShape() == ArrayRef<int64_t>(size));
  if (!fits || !isa<FloatType>(type.getElementType()) ||
      !isa<FloatType>(getElementTypeOrSelf(weight.getType())))
    return weight.emitOpError("expects a factor of one float, or of ")
           << size << ", for floats, but got " << symbol << " : " << type;
  if (factor.getRowFactor())
    return weight.emitOpError("expects a factor without row_factor, but got ")
           << symbol;
  llvm::SmallPtrSet<Operation *, 4> chain = {weight};
  for (; factor; factor = factor.getColumnFactorAttr()
                              ? symbols.lookupNearestSymbolFrom<WeightOp>(
                                    factor, factor.getColumnFactorAttr())
                              : nullptr)
    if (!chain.insert(factor).second)
      return weight.emitOpError("expects factors without a cycle, but got ")
             << symbol;
  return success();
}

LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &symbols) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(getType()).getShape();
  if (getColumnFactor() &&
      failed(verifyFactor(*this, getColumnFactorAttr(), shape.back(), symbols)))
    return failure();
  return getRowFactor() ? verifyFactor(*this, getRowFactorAttr(),
                                       shape[shape.size() - 2], symbols)
                        : success();
}

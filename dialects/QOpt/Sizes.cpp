//===- Sizes.cpp - Sizes of tensors as expressions ------------------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace qopt;

LogicalResult
DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                         function_ref<InFlightDiagnostic()> emitError) const {
  if (getSizes().size() != shape.size())
    return emitError() << "expects a size in #qopt.dims for each of "
                       << shape.size() << " dimensions, but got "
                       << getSizes().size();
  for (auto [text, size] : llvm::zip(getSizes(), shape)) {
    auto expression = DimExpr::parse(text.getValue());
    if (!expression && text.getValue() != "?")
      return emitError() << "expects sizes in #qopt.dims that are expressions "
                            "over symbols, but got "
                         << text;
    if (!ShapedType::isDynamic(size) &&
        (!expression || expression->constant() != size))
      return emitError() << "expects the size " << size
                         << " in #qopt.dims too, but got " << text;
  }
  return success();
}

RankedTensorType qopt::getTensorType(ArrayRef<DimExpr> sizes,
                                     Type elementType) {
  MLIRContext *context = elementType.getContext();
  SmallVector<int64_t> shape;
  SmallVector<StringAttr> names;
  bool isStatic = true;
  for (const DimExpr &size : sizes) {
    shape.push_back(size.constant().value_or(ShapedType::kDynamic));
    names.push_back(StringAttr::get(context, size.str()));
    isStatic &= size.isConstant();
  }
  return RankedTensorType::get(shape, elementType,
                               isStatic ? Attribute()
                                        : DimsAttr::get(context, names));
}

std::optional<SmallVector<DimExpr>> qopt::getSizes(RankedTensorType type) {
  SmallVector<DimExpr> sizes;
  auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    if (!ShapedType::isDynamic(size)) {
      sizes.push_back(size);
      continue;
    }
    if (!dims || dims.getSizes().size() != type.getShape().size())
      return std::nullopt;
    auto expression = DimExpr::parse(dims.getSizes()[i].getValue());
    if (!expression)
      return std::nullopt;
    sizes.push_back(*expression);
  }
  return sizes;
}

Value qopt::materialize(OpBuilder &builder, Location loc, const DimExpr &size) {
  if (auto constant = size.constant())
    return arith::ConstantIndexOp::create(builder, loc, *constant);
  return DimOp::create(builder, loc, builder.getIndexType(), size.str());
}

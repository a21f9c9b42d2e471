//===- PromoteFloats.cpp - Compute in f32 ---------------------------------===//

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/Raise/Matchers.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_PROMOTEFLOATS
#include "passes/Passes.h.inc"

namespace {

/// ONNX's numbers of element types.
enum ElementNumber { FloatNumber = 1, Float16Number = 10, BFloat16Number = 16 };

bool isHalf(Type type) { return type.isF16() || type.isBF16(); }

/// The type with f32 in place of half precision.
Type promoted(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !isHalf(tensor.getElementType()))
    return type;
  return tensor.clone(Float32Type::get(type.getContext()));
}

DenseElementsAttr promoted(DenseElementsAttr elements) {
  if (!elements || !isHalf(elements.getElementType()))
    return elements;
  auto f32 = Float32Type::get(elements.getContext());
  return cast<DenseFPElementsAttr>(elements).mapValues(
      f32, [](const APFloat &value) {
        APFloat wide = value;
        bool losesInfo;
        wide.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
        return wide.bitcastToAPInt();
      });
}

Value makeCast(OpBuilder &builder, Value value, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  Type element = tensor.getElementType();
  int64_t number = element.isF16()    ? Float16Number
                   : element.isBF16() ? BFloat16Number
                                      : FloatNumber;
  return makeNode(
      builder, value.getLoc(), "Cast", value, tensor,
      builder.getNamedAttr("to", builder.getI64IntegerAttr(number)));
}

void promoteNode(onnx::NodeOp node) {
  Builder builder(node.getContext());
  NamedAttrList parameters(node.getParameters());
  for (NamedAttribute parameter : node.getParameters())
    if (auto elements = dyn_cast<DenseElementsAttr>(parameter.getValue()))
      parameters.set(parameter.getName(), promoted(elements));
  if (node.is("Cast")) {
    int64_t to = node.intAttribute("to", 0);
    if (to == Float16Number || to == BFloat16Number)
      parameters.set("to", builder.getI64IntegerAttr(FloatNumber));
  }
  node.setParametersAttr(parameters.getDictionary(node.getContext()));
}

void promoteFunction(func::FuncOp function) {
  SmallVector<Operation *> casts;
  function.walk([&](Operation *op) {
    for (Value result : op->getResults())
      result.setType(promoted(result.getType()));
    for (Region &region : op->getRegions())
      for (Block &block : region)
        if (op != function)
          for (Value argument : block.getArguments())
            argument.setType(promoted(argument.getType()));
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      if (auto elements = dyn_cast<DenseElementsAttr>(constant.getValue()))
        constant.setValueAttr(promoted(elements));
    if (auto node = dyn_cast<onnx::NodeOp>(op)) {
      promoteNode(node);
      if (node.is("Cast") || node.is("CastLike"))
        casts.push_back(op);
    }
  });
  OpBuilder builder(function.getContext());
  for (BlockArgument argument : function.getArguments()) {
    if (promoted(argument.getType()) == argument.getType())
      continue;
    builder.setInsertionPointToStart(&function.front());
    Value cast = makeCast(builder, argument, promoted(argument.getType()));
    argument.replaceAllUsesExcept(cast, cast.getDefiningOp());
  }
  function.walk([&](func::ReturnOp end) {
    builder.setInsertionPoint(end);
    for (auto [operand, type] :
         llvm::zip(end->getOpOperands(), function.getResultTypes()))
      if (operand.get().getType() != type)
        operand.set(makeCast(builder, operand.get(), type));
  });
  for (Operation *cast : casts)
    if (cast->getOperand(0).getType() == cast->getResult(0).getType()) {
      cast->getResult(0).replaceAllUsesWith(cast->getOperand(0));
      cast->erase();
    }
}

struct PromoteFloats final : impl::PromoteFloatsBase<PromoteFloats> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration())
        promoteFunction(function);
  }
};

} // namespace
} // namespace qopt

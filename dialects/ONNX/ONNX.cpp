//===- ONNX.cpp - Any ONNX graph, one generic op --------------------------===//

#include "dialects/ONNX/ONNX.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace qopt::onnx;

#include "dialects/ONNX/ONNXDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/ONNX/ONNXOps.cpp.inc"

void ONNXDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/ONNX/ONNXOps.cpp.inc"
      >();
}

LogicalResult NodeOp::verify() {
  if (getOpset() < 1)
    return emitOpError("expects an opset of at least 1, but got ")
           << getOpset();
  if (getSubgraphs().size() != getBodies().size())
    return emitOpError("expects one name for each of its ")
           << getBodies().size() << " subgraphs, but got "
           << getSubgraphs().size();
  return success();
}

int64_t NodeOp::intAttribute(StringRef name, int64_t otherwise) {
  auto attribute = getParameters().getAs<IntegerAttr>(name);
  return attribute ? attribute.getInt() : otherwise;
}

double NodeOp::floatAttribute(StringRef name, double otherwise) {
  auto attribute = getParameters().getAs<FloatAttr>(name);
  return attribute ? attribute.getValueAsDouble() : otherwise;
}

std::optional<SmallVector<int64_t>> NodeOp::intsAttribute(StringRef name) {
  auto attribute = getParameters().getAs<ArrayAttr>(name);
  if (!attribute)
    return std::nullopt;
  SmallVector<int64_t> values;
  for (Attribute element : attribute) {
    auto value = dyn_cast<IntegerAttr>(element);
    if (!value)
      return std::nullopt;
    values.push_back(value.getInt());
  }
  return values;
}

StringRef NodeOp::stringAttribute(StringRef name, StringRef otherwise) {
  auto attribute = getParameters().getAs<StringAttr>(name);
  return attribute ? attribute.getValue() : otherwise;
}

Value NodeOp::input(unsigned i) {
  if (i >= getInputs().size() || isa<NoneType>(getInputs()[i].getType()))
    return nullptr;
  return getInputs()[i];
}

void NodeOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  static const StringRef random[] = {"RandomNormal",  "RandomNormalLike",
                                     "RandomUniform", "RandomUniformLike",
                                     "Multinomial",   "Bernoulli"};
  if (is_contained(random, getOpType()))
    effects.emplace_back(MemoryEffects::Write::get());
}

//===- Types.cpp - ONNX types in MLIR -------------------------------------===//

#include "passes/Import/Types.h"

#include "dialects/QOpt/QOpt.h"
#include "lib/Symbols/DimExpr.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using qopt::onnxfile::TypeInfo;
using Kind = qopt::onnxfile::ElementType;

Type qopt::getElementType(Kind type, MLIRContext *context) {
  auto integer = [&](unsigned width) {
    return IntegerType::get(context, width);
  };
  auto isUnsigned = [&](unsigned width) {
    return IntegerType::get(context, width, IntegerType::Unsigned);
  };
  switch (type) {
  case Kind::Float:
    return Float32Type::get(context);
  case Kind::Float16:
    return Float16Type::get(context);
  case Kind::BFloat16:
    return BFloat16Type::get(context);
  case Kind::Double:
    return Float64Type::get(context);
  case Kind::Int8:
    return integer(8);
  case Kind::Int16:
    return integer(16);
  case Kind::Int32:
    return integer(32);
  case Kind::Int64:
    return integer(64);
  case Kind::UInt8:
    return isUnsigned(8);
  case Kind::UInt16:
    return isUnsigned(16);
  case Kind::UInt32:
    return isUnsigned(32);
  case Kind::UInt64:
    return isUnsigned(64);
  case Kind::Bool:
    return integer(1);
  case Kind::Int4:
    return integer(4);
  case Kind::UInt4:
    return isUnsigned(4);
  case Kind::Int2:
    return integer(2);
  case Kind::UInt2:
    return isUnsigned(2);
  case Kind::Float8E4M3FN:
    return Float8E4M3FNType::get(context);
  case Kind::Float8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case Kind::Float8E5M2:
    return Float8E5M2Type::get(context);
  case Kind::Float8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case Kind::Float8E8M0:
    return Float8E8M0FNUType::get(context);
  case Kind::Float4E2M1:
    return Float4E2M1FNType::get(context);
  case Kind::Undefined:
  case Kind::String:
  case Kind::Complex64:
  case Kind::Complex128:
    break;
  }
  return nullptr;
}

Type qopt::getType(const TypeInfo &type, MLIRContext *context) {
  if (!type.notTensor.empty())
    return nullptr;
  if (type.element == Kind::Undefined)
    return NoneType::get(context);
  Type element = getElementType(type.element, context);
  if (!element)
    return nullptr;
  if (!type.isRanked)
    return UnrankedTensorType::get(element);
  SmallVector<int64_t> shape;
  for (const onnxfile::Dim &dim : type.dims)
    shape.push_back(dim.value.value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element);
}

Type qopt::getInterfaceType(const TypeInfo &type, MLIRContext *context) {
  auto plain = dyn_cast_or_null<RankedTensorType>(getType(type, context));
  if (!plain || plain.hasStaticShape())
    return getType(type, context);
  SmallVector<StringAttr> sizes;
  bool isNamed = false;
  for (const onnxfile::Dim &dim : type.dims) {
    std::optional<DimExpr> size =
        dim.value ? DimExpr(*dim.value) : DimExpr::parse(dim.text);
    isNamed |= size && !dim.value;
    sizes.push_back(StringAttr::get(context, size ? size->str() : "?"));
  }
  if (!isNamed)
    return plain;
  return RankedTensorType::get(plain.getShape(), plain.getElementType(),
                               DimsAttr::get(context, sizes));
}

std::string qopt::explainType(const TypeInfo &type) {
  if (!type.notTensor.empty())
    return "is a " + type.notTensor;
  return "has the element type " + onnxfile::getName(type.element);
}

/// Elements of 2 or 4 bits stand packed in ONNX, one in a byte in an attribute.
static std::vector<char> unpack(StringRef bytes, unsigned width,
                                int64_t numElements) {
  std::vector<char> elements;
  unsigned perByte = 8 / width;
  for (int64_t i = 0; i < numElements; ++i) {
    unsigned shift = unsigned(i % perByte) * width;
    elements.push_back(
        char(uint8_t(bytes[i / perByte]) >> shift & ((1u << width) - 1)));
  }
  return elements;
}

DenseElementsAttr qopt::getElements(StringRef bytes, RankedTensorType type) {
  unsigned width = type.getElementTypeBitWidth();
  if (type.getNumElements() == 0)
    return DenseElementsAttr::get(type, ArrayRef<Attribute>());
  if (width == 1) {
    SmallVector<bool> values;
    for (char byte : bytes)
      values.push_back(byte != 0);
    return DenseElementsAttr::get(type, ArrayRef<bool>(values));
  }
  if (width < 8)
    return DenseElementsAttr::getFromRawBuffer(
        type, unpack(bytes, width, type.getNumElements()));
  return DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef<char>(bytes.data(), bytes.size()));
}

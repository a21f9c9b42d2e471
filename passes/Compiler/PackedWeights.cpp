//===- PackedWeights.cpp - Weights to be written --------------------------===//

#include "passes/Compiler/PackedWeights.h"

#include "dialects/QOpt/QOpt.h"

using namespace mlir;

namespace qopt {

static std::optional<DataType> dataType(Type type) {
  if (type.isF32())
    return DataType::F32;
  if (type.isF16())
    return DataType::F16;
  if (type.isBF16())
    return DataType::BF16;
  if (type.isF64())
    return DataType::F64;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  switch (integer.getWidth()) {
  case 1:
    return DataType::Bool;
  case 8:
    return integer.isUnsigned() ? DataType::U8 : DataType::I8;
  case 16:
    return DataType::I16;
  case 32:
    return DataType::I32;
  case 64:
    return DataType::I64;
  default:
    return std::nullopt;
  }
}

/// The bytes of a constant as a file would hold them; truth values are bytes.
static std::vector<char> bytesOf(DenseElementsAttr elements) {
  std::vector<char> bytes;
  if (elements.getElementType().isInteger(1)) {
    for (bool value : elements.getValues<bool>())
      bytes.push_back(value);
    return bytes;
  }
  ArrayRef<char> raw = elements.getRawData();
  int64_t copies = elements.isSplat() ? elements.getNumElements() : 1;
  for (int64_t i = 0; i < copies; ++i)
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  return bytes;
}

FailureOr<std::vector<PackedWeight>> collectWeights(ModuleOp module) {
  std::vector<PackedWeight> weights;
  for (auto op : module.getOps<WeightOp>()) {
    auto type = cast<RankedTensorType>(op.getType());
    auto packed = dyn_cast<RankedTensorType>(*op.getPacked());
    auto codes = dyn_cast<QTensorType>(*op.getPacked());
    auto source = dataType(type.getElementType());
    auto stored = codes ? DataType::U8 : dataType(packed.getElementType());
    if (!source || !stored)
      return op.emitError("has an element type that no artifact holds: ")
             << type.getElementType();
    PackedWeight weight;
    weight.name = op.getSymName().str();
    if (auto file = op.getFile()) {
      weight.file = file->str();
      weight.offset = op.getOffset();
      weight.length = op.getLength();
    } else {
      weight.bytes = bytesOf(cast<DenseElementsAttr>(*op.getValue()));
    }
    weight.source = *source;
    weight.dims.assign(type.getShape().begin(), type.getShape().end());
    weight.transposed = op.getTransposed();
    weight.stored = *stored;
    if (codes) {
      weight.layout = WeightLayout::Codes;
      weight.format = codes.getFormat().getValue();
      weight.method = op.getMethod().value_or("rtn").str();
      if (auto options = op.getMethodOptions())
        for (NamedAttribute option : *options)
          weight.methodOptions[option.getName()] =
              cast<StringAttr>(option.getValue()).str();
    } else {
      weight.layout = type.getRank() == packed.getRank() ? WeightLayout::Dense
                                                         : WeightLayout::Panels;
    }
    weight.destOffset = op.getPackedOffset();
    weights.push_back(std::move(weight));
  }
  llvm::sort(weights, [](const PackedWeight &a, const PackedWeight &b) {
    return a.destOffset < b.destOffset;
  });
  return weights;
}

} // namespace qopt

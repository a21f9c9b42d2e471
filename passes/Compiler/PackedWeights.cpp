//===- PackedWeights.cpp - Weights to be written --------------------------===//

#include "passes/Compiler/PackedWeights.h"

#include "dialects/QOpt/QOpt.h"
#include "lib/Artifact/MappedFile.h"
#include "llvm/ADT/StringMap.h"

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

namespace {

/// Reads factors of weights, which are small, from where they are.
class FactorReader {
public:
  explicit FactorReader(ModuleOp module) : symbols(module) {}

  /// One factor for each of `size` elements; none without a symbol.
  FailureOr<std::vector<float>> read(std::optional<StringRef> symbol,
                                     int64_t size);

private:
  /// The elements as the file has them.
  FailureOr<std::vector<float>> readSource(WeightOp weight, DataType source);

  SymbolTable symbols;
  llvm::StringMap<MappedFile> files;
};

FailureOr<std::vector<float>>
FactorReader::read(std::optional<StringRef> symbol, int64_t size) {
  if (!symbol)
    return std::vector<float>();
  auto weight = symbols.lookup<WeightOp>(*symbol);
  auto type = cast<RankedTensorType>(weight.getType());
  auto source = dataType(type.getElementType());
  if (!source || !isFloat(*source))
    return weight.emitError("is a factor, but has the element type ")
           << type.getElementType();
  auto values = readSource(weight, *source);
  auto factors = read(weight.getColumnFactor(), type.getNumElements());
  if (failed(values) || failed(factors))
    return failure();
  for (size_t i = 0; i < factors->size(); ++i)
    (*values)[i] *= (*factors)[i];
  if (values->size() == 1)
    values->resize(size_t(size), values->front());
  return values;
}

FailureOr<std::vector<float>> FactorReader::readSource(WeightOp weight,
                                                       DataType source) {
  int64_t count = cast<RankedTensorType>(weight.getType()).getNumElements();
  std::vector<float> values(static_cast<size_t>(count));
  if (!weight.getFile()) {
    std::vector<char> bytes =
        bytesOf(cast<DenseElementsAttr>(*weight.getValue()));
    convertElements(bytes.data(), source, values.data(), DataType::F32, count);
    return values;
  }
  std::string path = weight.getFile()->str();
  auto found = files.find(path);
  if (found == files.end()) {
    auto opened = MappedFile::open(path);
    if (!opened)
      return weight.emitError() << toString(opened.takeError());
    found = files.try_emplace(path, std::move(*opened)).first;
  }
  StringRef bytes = found->second.bytes();
  if (uint64_t(weight.getOffset()) > bytes.size() ||
      uint64_t(weight.getLength()) > bytes.size() - weight.getOffset())
    return weight.emitError("expects ")
           << weight.getLength() << " bytes at " << weight.getOffset()
           << " of '" << path << "', but it has " << bytes.size() << " bytes";
  convertElements(bytes.data() + weight.getOffset(), source, values.data(),
                  DataType::F32, count);
  return values;
}

} // namespace

static LogicalResult readFactors(WeightOp op, FactorReader &reader,
                                 PackedWeight &weight) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getType()).getShape();
  auto rows =
      reader.read(op.getRowFactor(), shape.size() < 2 ? 1 : *(shape.end() - 2));
  auto columns =
      reader.read(op.getColumnFactor(), shape.empty() ? 1 : shape.back());
  if (failed(rows) || failed(columns))
    return failure();
  weight.rowFactor = std::move(*rows);
  weight.columnFactor = std::move(*columns);
  return success();
}

FailureOr<std::vector<PackedWeight>> collectWeights(ModuleOp module) {
  FactorReader reader(module);
  std::vector<PackedWeight> weights;
  for (auto op : module.getOps<WeightOp>()) {
    if (!op.getPacked())
      continue; // a factor of others
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
    if (failed(readFactors(op, reader, weight)))
      return failure();
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

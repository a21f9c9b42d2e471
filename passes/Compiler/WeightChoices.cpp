//===- WeightChoices.cpp - What a recipe made of the model ----------------===//

#include "passes/Compiler/WeightChoices.h"

#include "passes/Compiler/Diagnostics.h"
#include "passes/Quantize/Activations.h"

using namespace mlir;

namespace qopt {

static std::string textOf(Operation *op, StringRef name) {
  auto attribute = op->getAttrOfType<StringAttr>(name);
  return attribute ? attribute.getValue().str() : "";
}

static std::string firstNode(Operation *op) {
  std::vector<std::string> names = nodeNames(op->getLoc());
  return names.empty() ? "" : names.front();
}

llvm::StringMap<WeightReader> findReaders(ModuleOp module) {
  llvm::StringMap<WeightReader> readers;
  auto readerOf = [&](Value weight) -> WeightReader * {
    auto get = weight.getDefiningOp<GetWeightOp>();
    return get ? &readers[get.getWeight()] : nullptr;
  };
  auto speakFor = [](WeightReader &reader, Operation *op) {
    reader.node = firstNode(op);
    reader.role = textOf(op, "role");
    reader.path = textOf(op, "path");
  };
  // A product speaks for its weight, then a table, then any other op.
  module.walk([&](MatmulOp op) {
    if (WeightReader *reader = readerOf(op.getWeight()))
      if (reader->role.empty()) {
        speakFor(*reader, op);
        reader->input = cast<RankedTensorType>(op.getInput().getType());
      }
  });
  module.walk([&](EmbeddingOp op) {
    WeightReader *reader = readerOf(op.getTable());
    if (reader && reader->role.empty())
      speakFor(*reader, op);
    else if (reader && textOf(op, "path") != reader->path)
      reader->tied = textOf(op, "path");
  });
  module.walk([&](GetWeightOp get) {
    WeightReader &reader = readers[get.getWeight()];
    if (reader.node.empty() && !get->use_empty())
      reader.node = firstNode(*get->user_begin());
  });
  return readers;
}

std::vector<WeightRecord>
makeRecords(ArrayRef<PackedWeight> weights,
            const llvm::StringMap<WeightReader> &readers,
            const Recipe &recipe) {
  auto name = [](DataType type) {
    return StringRef(safetensorsName(type)).lower();
  };
  std::vector<WeightRecord> records;
  for (const PackedWeight &weight : weights) {
    WeightRecord record;
    record.name = weight.name;
    record.shape = weight.dims;
    record.source = name(weight.source);
    record.stored = weight.format ? weight.format->str() : name(weight.stored);
    record.bytes = weight.storedBytes();
    if (!weight.rowFactor.empty())
      record.factors.push_back("rows");
    if (!weight.columnFactor.empty())
      record.factors.push_back("columns");
    RankedTensorType input; // of a product
    // A weight that nobody read by this name is a copy of one.
    if (auto found = readers.find(weight.name); found != readers.end()) {
      const WeightReader &reader = found->second;
      record.node = reader.node;
      record.role = reader.role;
      record.path = reader.path;
      record.tied = reader.tied;
      input = reader.input;
      record.sourceBytes =
          weight.file.empty() ? int64_t(weight.bytes.size()) : weight.length;
    }
    if (weight.format) {
      record.method = weight.method;
      for (const auto &option : weight.methodOptions)
        record.methodOptions[option.getKey().str()] = option.getValue();
      auto rule = recipe.find(record.role, record.path);
      if (!rule && !record.tied.empty())
        rule = recipe.find("embedding", record.tied);
      if (rule) {
        StringRef wanted =
            activationsName(recipe.rules[*rule].choice.activations);
        record.activations =
            input ? compiledActivations(input, *weight.format,
                                        weight.dims.back(), wanted)
                  : wanted;
      }
    }
    records.push_back(std::move(record));
  }
  return records;
}

CacheRecord makeRecord(CacheOp cache) {
  Type element = cache.getElementType();
  return {cache.getPath().value_or("").str(),
          element.isInteger() ? cacheFormat().str()
          : element.isF16()   ? "f16"
                              : "f32",
          cache.getStepBytes()};
}

} // namespace qopt

//===- InspectOnnx.cpp - What is in an ONNX file --------------------------===//

#include "lib/Onnx/Model.h"
#include "tools/qopt/Inspect.h"
#include <map>

using namespace llvm;

namespace qopt {

static std::vector<InspectedValue>
convert(const std::vector<onnxfile::Value> &values) {
  std::vector<InspectedValue> result;
  for (const onnxfile::Value &value : values) {
    InspectedValue inspected;
    inspected.name = value.name;
    inspected.type = value.type.notTensor.empty()
                         ? onnxfile::getName(value.type.element)
                         : value.type.notTensor;
    for (const onnxfile::Dim &dim : value.type.dims)
      inspected.dims.push_back(dim.value          ? std::to_string(*dim.value)
                               : dim.text.empty() ? "?"
                                                  : dim.text);
    result.push_back(std::move(inspected));
  }
  return result;
}

/// Nodes of a graph and of the graphs inside it.
static void countOperators(const onnxfile::Graph &graph,
                           std::map<std::string, uint64_t> &counts) {
  for (const onnxfile::Node &node : graph.nodes) {
    ++counts[(node.domain.empty() ? "" : node.domain + ".") + node.opType];
    for (const onnxfile::Attribute &attribute : node.attributes)
      if (auto *inner =
              std::get_if<std::shared_ptr<onnxfile::Graph>>(&attribute.value))
        countOperators(**inner, counts);
  }
}

Expected<Inspection> inspectOnnx(StringRef path) {
  Expected<onnxfile::Model> model = onnxfile::readModel(path);
  if (!model)
    return model.takeError();
  Inspection inspection;
  inspection.path = path.str();
  inspection.facts = {{"producer", model->producer},
                      {"IR version", std::to_string(model->irVersion)}};
  for (const auto &[domain, version] : model->opsets)
    inspection.facts.emplace_back("opset" +
                                      (domain.empty() ? "" : " of " + domain),
                                  std::to_string(version));
  inspection.inputs = convert(model->graph.inputs);
  inspection.outputs = convert(model->graph.outputs);

  std::map<std::string, uint64_t> counts;
  countOperators(model->graph, counts);
  for (const auto &[name, count] : counts)
    inspection.operators.push_back({name, count});
  llvm::sort(inspection.operators,
             [](const InspectedFile &a, const InspectedFile &b) {
               return std::tie(b.bytes, a.name) < std::tie(a.bytes, b.name);
             });

  for (const onnxfile::Tensor &tensor : model->graph.initializers) {
    // The others are shapes and scalars.
    if (tensor.numElements() <= onnxfile::maxSmallElements)
      continue;
    inspection.weights.push_back(
        {tensor.name, onnxfile::getName(tensor.type), tensor.dims,
         onnxfile::getByteSize(tensor.type, tensor.dims).value_or(0)});
  }
  return inspection;
}

} // namespace qopt

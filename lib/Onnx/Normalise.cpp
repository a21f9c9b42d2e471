//===- Normalise.cpp - One form for all schema versions -------------------===//

#include "lib/Onnx/Normalise.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
using namespace qopt::onnxfile;

namespace {

class Normaliser {
public:
  void collectNames(const Graph &graph);
  void run(Graph &graph);

private:
  void normalise(Node &node);
  void attributeToInput(Node &node, StringRef attribute, unsigned input);
  void floatToInput(Node &node, StringRef attribute, unsigned input);
  void setInput(Node &node, unsigned input, StringRef purpose, Tensor tensor);
  ElementType getElement(const std::string &value) const;

  StringSet<> names;
  /// The graphs around the current one, innermost last.
  std::vector<Graph *> scopes;
};

} // namespace

void Normaliser::collectNames(const Graph &graph) {
  for (const Value &value : graph.inputs)
    names.insert(value.name);
  for (const Tensor &tensor : graph.initializers)
    names.insert(tensor.name);
  for (const Node &node : graph.nodes) {
    for (const std::string &output : node.outputs)
      names.insert(output);
    for (const Attribute &attribute : node.attributes)
      if (auto *body = std::get_if<std::shared_ptr<Graph>>(&attribute.value))
        collectNames(**body);
  }
}

ElementType Normaliser::getElement(const std::string &value) const {
  for (const Graph *graph : reverse(scopes)) {
    for (const Value &input : graph->inputs)
      if (input.name == value)
        return input.type.element;
    for (const Tensor &tensor : graph->initializers)
      if (tensor.name == value)
        return tensor.type;
    auto found = graph->types.find(value);
    if (found != graph->types.end())
      return found->second.element;
  }
  return ElementType::Undefined;
}

void Normaliser::setInput(Node &node, unsigned input, StringRef purpose,
                          Tensor tensor) {
  std::string base = node.outputs.empty() ? node.name : node.outputs[0];
  base += "." + purpose.str();
  tensor.name = base;
  for (unsigned i = 1; !names.insert(tensor.name).second; ++i)
    tensor.name = base + "_" + std::to_string(i);
  tensor.node = node.name;
  if (node.inputs.size() <= input)
    node.inputs.resize(input + 1);
  node.inputs[input] = tensor.name;
  scopes.back()->initializers.push_back(std::move(tensor));
}

static std::optional<Attribute> take(Node &node, StringRef name) {
  auto found = find_if(node.attributes, [&](const Attribute &attribute) {
    return attribute.name == name;
  });
  if (found == node.attributes.end())
    return std::nullopt;
  Attribute attribute = std::move(*found);
  node.attributes.erase(found);
  return attribute;
}

template <typename T>
static void setDefault(Node &node, StringRef name, T value) {
  if (!node.find(name))
    node.attributes.push_back({name.str(), value});
}

template <typename T> static std::string bytesOf(ArrayRef<T> values) {
  return std::string(reinterpret_cast<const char *>(values.data()),
                     values.size() * sizeof(T));
}

/// Integers become a list, one integer a list of one, floats a list of floats.
void Normaliser::attributeToInput(Node &node, StringRef name, unsigned input) {
  std::optional<Attribute> attribute = take(node, name);
  if (!attribute)
    return;
  Tensor tensor;
  tensor.type = ElementType::Int64;
  if (auto *ints = std::get_if<std::vector<int64_t>>(&attribute->value)) {
    tensor.dims = {int64_t(ints->size())};
    tensor.data = bytesOf(ArrayRef(*ints));
  } else if (auto *integer = std::get_if<int64_t>(&attribute->value)) {
    tensor.dims = {1};
    tensor.data = bytesOf(ArrayRef(*integer));
  } else if (auto *floats =
                 std::get_if<std::vector<float>>(&attribute->value)) {
    tensor.type = ElementType::Float;
    tensor.dims = {int64_t(floats->size())};
    tensor.data = bytesOf(ArrayRef(*floats));
  } else {
    return;
  }
  setInput(node, input, name, std::move(tensor));
}

static std::string encode(float value, const fltSemantics &semantics,
                          unsigned width) {
  APFloat number(value);
  bool losesInfo = false;
  number.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  uint64_t bits = number.bitcastToAPInt().getZExtValue();
  return std::string(reinterpret_cast<const char *>(&bits), width);
}

/// A float becomes a scalar of the element type of the node's first input.
void Normaliser::floatToInput(Node &node, StringRef name, unsigned input) {
  std::optional<Attribute> attribute = take(node, name);
  if (!attribute || node.inputs.empty())
    return;
  const float *value = std::get_if<float>(&attribute->value);
  if (!value)
    return;
  Tensor tensor;
  tensor.type = getElement(node.inputs[0]);
  switch (tensor.type) {
  case ElementType::Float16:
    tensor.data = encode(*value, APFloat::IEEEhalf(), 2);
    break;
  case ElementType::BFloat16:
    tensor.data = encode(*value, APFloat::BFloat(), 2);
    break;
  case ElementType::Double:
    tensor.data = encode(*value, APFloat::IEEEdouble(), 8);
    break;
  default:
    tensor.type = ElementType::Float;
    tensor.data = encode(*value, APFloat::IEEEsingle(), 4);
    break;
  }
  setInput(node, input, name, std::move(tensor));
}

static bool isReduction(StringRef opType) {
  return StringSwitch<bool>(opType)
      .Cases({"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp"}, true)
      .Cases({"ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"}, true)
      .Cases({"ReduceSum", "ReduceSumSquare"}, true)
      .Default(false);
}

static void renameString(Node &node, StringRef attribute, StringRef from,
                         StringRef to) {
  for (Attribute &each : node.attributes)
    if (auto *text = std::get_if<std::string>(&each.value))
      if (each.name == attribute && *text == from)
        *text = to.str();
}

void Normaliser::normalise(Node &node) {
  if (!node.domain.empty())
    return;
  StringRef type = node.opType;
  if (type == "Squeeze" || type == "Unsqueeze" || isReduction(type)) {
    attributeToInput(node, "axes", 1);
  } else if (type == "Slice") {
    attributeToInput(node, "starts", 1);
    attributeToInput(node, "ends", 2);
    attributeToInput(node, "axes", 3);
  } else if (type == "Clip") {
    floatToInput(node, "min", 1);
    floatToInput(node, "max", 2);
  } else if (type == "Pad" && node.opset < 11) {
    attributeToInput(node, "pads", 1);
    floatToInput(node, "value", 2);
  } else if (type == "Split") {
    attributeToInput(node, "split", 1);
    if (node.inputs.size() < 2 || node.inputs[1].empty())
      setDefault(node, "num_outputs", int64_t(node.outputs.size()));
  } else if (type == "TopK") {
    attributeToInput(node, "k", 1);
  } else if (type == "Dropout") {
    floatToInput(node, "ratio", 1);
  } else if (type == "Upsample" || (type == "Resize" && node.opset < 11)) {
    if (type == "Upsample") {
      attributeToInput(node, "scales", 1);
      setDefault(node, "nearest_mode", std::string("floor"));
    }
    node.inputs.resize(3);
    node.inputs[2] = std::move(node.inputs[1]);
    node.inputs[1].clear();
    setDefault(node, "coordinate_transformation_mode",
               std::string("asymmetric"));
    node.opType = "Resize";
  } else if (type == "Softmax" || type == "LogSoftmax" || type == "Hardmax") {
    if (node.opset < 13)
      setDefault(node, "axis", int64_t(1));
  } else if (type == "GridSample") {
    renameString(node, "mode", "bilinear", "linear");
    renameString(node, "mode", "bicubic", "cubic");
  } else if (type == "RoiAlign" && node.opset < 16) {
    setDefault(node, "coordinate_transformation_mode",
               std::string("output_half_pixel"));
  }
}

void Normaliser::run(Graph &graph) {
  scopes.push_back(&graph);
  for (Node &node : graph.nodes) {
    normalise(node);
    for (Attribute &attribute : node.attributes)
      if (auto *body = std::get_if<std::shared_ptr<Graph>>(&attribute.value))
        run(**body);
  }
  scopes.pop_back();
}

void qopt::onnxfile::normaliseNodes(Graph &graph) {
  Normaliser normaliser;
  normaliser.collectNames(graph);
  normaliser.run(graph);
}

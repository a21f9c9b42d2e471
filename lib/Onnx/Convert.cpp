//===- Convert.cpp - From protobuf messages to structs --------------------===//

#include "lib/Onnx/Convert.h"

#include "lib/Onnx/Messages.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include <onnx/onnx_pb.h>

using namespace llvm;
using namespace qopt::onnxfile;
using ::onnx::AttributeProto;
using ::onnx::NodeProto;
using ::onnx::TypeProto;

static TypeInfo convertType(const TypeProto &proto) {
  TypeInfo type;
  switch (proto.value_case()) {
  case TypeProto::kTensorType:
    break;
  case TypeProto::VALUE_NOT_SET:
    return type;
  case TypeProto::kSequenceType:
    type.notTensor = "sequence";
    return type;
  case TypeProto::kMapType:
    type.notTensor = "map";
    return type;
  case TypeProto::kOptionalType:
    type.notTensor = "optional";
    return type;
  case TypeProto::kSparseTensorType:
    type.notTensor = "sparse tensor";
    return type;
  default:
    type.notTensor = "opaque";
    return type;
  }
  type.element = ElementType(proto.tensor_type().elem_type());
  type.isRanked = proto.tensor_type().has_shape();
  for (const auto &dim : proto.tensor_type().shape().dim()) {
    Dim &result = type.dims.emplace_back();
    // Some exporters write -1 for a size that they do not know.
    if (dim.has_dim_value() && dim.dim_value() >= 0)
      result.value = dim.dim_value();
    else
      result.text = dim.dim_param();
  }
  return type;
}

/// The innermost module of "['', 'm', 'm.layers.0', 'add_3']": the last name is
/// the operation's own.
static std::string getScope(const NodeProto &node) {
  for (const auto &entry : node.metadata_props()) {
    if (entry.key() != "pkg.torch.onnx.name_scopes")
      continue;
    SmallVector<StringRef> names;
    StringRef(entry.value()).trim("[]").split(names, ", ");
    if (names.size() < 2)
      return "";
    StringRef scope = names[names.size() - 2].trim("'\"");
    // What the exporter writes for an operation outside of any module.
    if (scope.starts_with("_empty_nn_module_stack"))
      return "";
    return scope.str();
  }
  return "";
}

namespace {

class Converter {
public:
  Converter(const Opsets &opsets, TensorReader &tensors)
      : opsets(opsets), tensors(tensors) {}

  Expected<Graph> graph(const ::onnx::GraphProto &proto);

private:
  Error node(const NodeProto &proto, Graph &graph);
  Expected<Attribute> attribute(const AttributeProto &proto);
  Expected<bool> constant(const NodeProto &proto, Graph &graph);

  const Opsets &opsets;
  TensorReader &tensors;
};

} // namespace

template <typename Range> static std::string bytesOf(const Range &values) {
  std::string data;
  for (auto value : values)
    data.append(reinterpret_cast<const char *>(&value), sizeof(value));
  return data;
}

/// Makes an initializer of a Constant node; false when it holds strings.
Expected<bool> Converter::constant(const NodeProto &proto, Graph &graph) {
  if (proto.attribute_size() != 1 || proto.output_size() != 1)
    return createStringError("expects one attribute and one output");
  const AttributeProto &value = proto.attribute(0);
  Tensor tensor;
  if (value.name() == "value") {
    Expected<Tensor> read = tensors.read(value.t(), proto.output(0));
    if (!read)
      return read.takeError();
    tensor = std::move(*read);
  } else if (value.name() == "value_int") {
    tensor.type = ElementType::Int64;
    tensor.data = bytesOf(ArrayRef<int64_t>(value.i()));
  } else if (value.name() == "value_float") {
    tensor.type = ElementType::Float;
    tensor.data = bytesOf(ArrayRef<float>(value.f()));
  } else if (value.name() == "value_ints") {
    tensor.type = ElementType::Int64;
    tensor.dims = {value.ints_size()};
    tensor.data = bytesOf(value.ints());
  } else if (value.name() == "value_floats") {
    tensor.type = ElementType::Float;
    tensor.dims = {value.floats_size()};
    tensor.data = bytesOf(value.floats());
  } else if (value.name() == "sparse_value") {
    return createStringError("holds a sparse tensor, which is not supported");
  } else {
    return false;
  }
  tensor.name = proto.output(0);
  tensor.node = proto.name();
  graph.initializers.push_back(std::move(tensor));
  return true;
}

Expected<Attribute> Converter::attribute(const AttributeProto &proto) {
  Attribute result;
  result.name = proto.name();
  switch (proto.type()) {
  case AttributeProto::INT:
    result.value = int64_t(proto.i());
    return result;
  case AttributeProto::FLOAT:
    result.value = proto.f();
    return result;
  case AttributeProto::STRING:
    result.value = proto.s();
    return result;
  case AttributeProto::INTS:
    result.value =
        std::vector<int64_t>(proto.ints().begin(), proto.ints().end());
    return result;
  case AttributeProto::FLOATS:
    result.value =
        std::vector<float>(proto.floats().begin(), proto.floats().end());
    return result;
  case AttributeProto::STRINGS:
    result.value = std::vector<std::string>(proto.strings().begin(),
                                            proto.strings().end());
    return result;
  case AttributeProto::TENSOR: {
    Expected<Tensor> tensor = tensors.read(proto.t(), proto.name());
    if (!tensor)
      return tensor.takeError();
    result.value = std::move(*tensor);
    return result;
  }
  case AttributeProto::GRAPH: {
    Expected<Graph> body = graph(proto.g());
    if (!body)
      return body.takeError();
    result.value = std::make_shared<Graph>(std::move(*body));
    return result;
  }
  default:
    return createStringError("has the attribute '" + proto.name() +
                             "' of type " +
                             AttributeProto::AttributeType_Name(proto.type()) +
                             ", which is not supported");
  }
}

Error Converter::node(const NodeProto &proto, Graph &graph) {
  if (proto.op_type() == "Constant" && proto.domain().empty()) {
    Expected<bool> isDone = constant(proto, graph);
    if (!isDone)
      return isDone.takeError();
    if (*isDone)
      return Error::success();
  }
  Node node;
  node.name = proto.name();
  node.opType = proto.op_type();
  node.domain = proto.domain();
  node.opset = opsets.get(&proto).at(proto.domain());
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  node.scope = getScope(proto);
  for (const AttributeProto &each : proto.attribute()) {
    Expected<Attribute> converted = attribute(each);
    if (!converted)
      return converted.takeError();
    node.attributes.push_back(std::move(*converted));
  }
  graph.nodes.push_back(std::move(node));
  return Error::success();
}

Expected<Graph> Converter::graph(const ::onnx::GraphProto &proto) {
  Graph graph;
  graph.name = proto.name();
  StringSet<> initializers;
  for (const auto &each : proto.initializer()) {
    Expected<Tensor> tensor = tensors.read(each, "");
    if (!tensor)
      return tensor.takeError();
    initializers.insert(tensor->name);
    graph.initializers.push_back(std::move(*tensor));
  }
  for (const auto &value : proto.input())
    if (!initializers.contains(value.name()))
      graph.inputs.push_back({value.name(), convertType(value.type())});
  for (const auto &value : proto.output())
    graph.outputs.push_back({value.name(), convertType(value.type())});
  for (const auto &value : proto.value_info())
    graph.types[value.name()] = convertType(value.type());
  for (const Value &value : graph.outputs)
    graph.types.try_emplace(value.name, value.type);
  for (const NodeProto &each : proto.node())
    if (Error error = node(each, graph))
      return nodeError(each, toString(std::move(error)));
  return graph;
}

Expected<Graph> qopt::onnxfile::convertGraph(const ::onnx::GraphProto &proto,
                                             const Opsets &opsets,
                                             TensorReader &tensors) {
  return Converter(opsets, tensors).graph(proto);
}

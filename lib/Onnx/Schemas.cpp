//===- Schemas.cpp - What the ONNX library knows of operators -------------===//
//
// The only file that calls what may throw: nothing escapes from here.

#include "lib/Onnx/Schemas.h"

#include "lib/Onnx/Messages.h"
#include "lib/Onnx/Model.h"
#include "llvm/ADT/STLExtras.h"
#include <deque>
#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>

using namespace llvm;
using namespace qopt::onnxfile;
namespace inference = ::onnx::shape_inference;

static const ::onnx::OpSchema *findSchema(const std::string &opType,
                                          const std::string &domain,
                                          int64_t opset) {
  return ::onnx::OpSchemaRegistry::Schema(opType, int(opset), domain);
}

static bool isKnownDomain(const std::string &domain) {
  // Operators of this domain are compiled without ONNX's help.
  if (domain == "com.microsoft")
    return true;
  return ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().count(
      domain);
}

std::optional<std::string> qopt::onnxfile::unknownOperator(StringRef opType,
                                                           StringRef domain,
                                                           int64_t opset) {
  try {
    if (findSchema(opType.str(), domain.str(), opset))
      return std::nullopt;
    if (!isKnownDomain(domain.str()))
      return "unknown domain '" + domain.str() + "'";
  } catch (const std::exception &) {
    // Reported as unknown.
  }
  std::string place =
      domain.empty() ? "the standard domain" : "domain '" + domain.str() + "'";
  return "unknown operator '" + opType.str() + "' in " + place + " at opset " +
         std::to_string(opset);
}

/// ONNX's text without its prefixes and line breaks.
static std::string getText(const std::exception &exception) {
  StringRef text = StringRef(exception.what()).trim();
  if (text.consume_front("["))
    text = text.split("] ").second;
  std::string result = text.str();
  for (size_t i = 0; (i = result.find('\n', i)) != std::string::npos;)
    result.replace(i, 1, " ");
  return result;
}

/// Sizes beyond which inference would build lists as long as a hostile file
/// says.
static bool
hasHugeShapeOperand(const inference::InferenceContextImpl &context) {
  for (size_t i = 0; i < context.getNumInputs(); ++i) {
    const ::onnx::TypeProto *type = context.getInputType(i);
    if (type && type->has_tensor_type() && type->tensor_type().has_shape() &&
        type->tensor_type().shape().dim_size() == 1 &&
        type->tensor_type().elem_type() == ::onnx::TensorProto::INT64 &&
        type->tensor_type().shape().dim(0).dim_value() > 1 << 20)
      return true;
  }
  return false;
}

/// Completes what inference found by what the file declares; see `inferTypes`.
static ::onnx::TypeProto merge(const ::onnx::TypeProto &inferred,
                               const ::onnx::TypeProto *declared) {
  if (!declared)
    return inferred;
  if (!inferred.has_tensor_type() || !declared->has_tensor_type())
    return inferred.value_case() == ::onnx::TypeProto::VALUE_NOT_SET ? *declared
                                                                     : inferred;
  ::onnx::TypeProto result = inferred;
  auto &tensor = *result.mutable_tensor_type();
  const auto &other = declared->tensor_type();
  if (tensor.elem_type() == 0)
    tensor.set_elem_type(other.elem_type());
  if (!other.has_shape())
    return result;
  if (!tensor.has_shape()) {
    *tensor.mutable_shape() = other.shape();
    return result;
  }
  if (tensor.shape().dim_size() != other.shape().dim_size())
    return result;
  for (int i = 0; i < other.shape().dim_size(); ++i) {
    const auto &dim = other.shape().dim(i);
    bool isSaid = dim.has_dim_value() || !dim.dim_param().empty();
    if (!tensor.shape().dim(i).has_dim_value() && isSaid)
      *tensor.mutable_shape()->mutable_dim(i) = dim;
  }
  return result;
}

static std::string describe(const ::onnx::TypeProto *type) {
  if (!type || !type->has_tensor_type())
    return "?";
  std::string text = getName(ElementType(type->tensor_type().elem_type()));
  if (!type->tensor_type().has_shape())
    return text;
  text += "[";
  for (const auto &dim : type->tensor_type().shape().dim()) {
    if (text.back() != '[')
      text += ", ";
    text += dim.has_dim_value()       ? std::to_string(dim.dim_value())
            : dim.dim_param().empty() ? "?"
                                      : dim.dim_param();
  }
  return text + "]";
}

namespace {

class Inference {
public:
  Inference(::onnx::GraphProto &graph, const Opsets &opsets)
      : graph(graph), opsets(opsets) {}

  void declare();
  Error visit(::onnx::NodeProto &node);
  void writeBack();

private:
  using TypeMap = std::unordered_map<std::string, ::onnx::TypeProto *>;

  void setType(const std::string &name, ::onnx::TypeProto type);
  void noteConstant(const ::onnx::NodeProto &node);
  void noteValues(const std::string &name, ArrayRef<int64_t> values,
                  bool isScalar);
  void propagateData(const ::onnx::OpSchema &schema, ::onnx::NodeProto &node);
  inference::GraphInferenceContext &getContext(const OpsetMap &map);

  ::onnx::GraphProto &graph;
  const Opsets &opsets;
  std::unordered_map<std::string, ::onnx::TypeProto> declared;
  std::deque<::onnx::TypeProto> storage;
  TypeMap types;
  std::vector<std::string> order;
  std::unordered_map<std::string, const ::onnx::TensorProto *> data;
  std::deque<::onnx::TensorProto> constants;
  inference::DataValueMap shapeData;
  std::map<const OpsetMap *, std::unique_ptr<inference::GraphInferenceContext>>
      contexts;
  /// Contradictions inside subgraphs are left to the file's word.
  ::onnx::ShapeInferenceOptions options{/*check_type=*/true,
                                        /*error_mode=*/0, /*data_prop=*/true};
};

} // namespace

void Inference::setType(const std::string &name, ::onnx::TypeProto type) {
  auto found = declared.find(name);
  storage.push_back(
      merge(type, found == declared.end() ? nullptr : &found->second));
  if (storage.back().value_case() != ::onnx::TypeProto::VALUE_NOT_SET) {
    types[name] = &storage.back();
    order.push_back(name);
  }
}

void Inference::declare() {
  for (const auto &value : graph.input())
    types[value.name()] = &storage.emplace_back(value.type());
  for (const auto &tensor : graph.initializer()) {
    auto &type = *storage.emplace_back().mutable_tensor_type();
    type.set_elem_type(tensor.data_type());
    type.mutable_shape();
    for (int64_t dim : tensor.dims())
      type.mutable_shape()->add_dim()->set_dim_value(dim);
    types[tensor.name()] = &storage.back();
    data[tensor.name()] = &tensor;
  }
  for (const auto &value : graph.output())
    if (value.has_type())
      declared[value.name()] = value.type();
  for (const auto &value : graph.value_info())
    if (value.has_type())
      declared[value.name()] = value.type();
}

inference::GraphInferenceContext &Inference::getContext(const OpsetMap &map) {
  auto &context = contexts[&map];
  if (!context) {
    std::unordered_map<std::string, int> imports;
    for (const auto &[domain, version] : map)
      imports[domain] = int(version);
    context = std::make_unique<inference::GraphInferenceContext>(
        std::as_const(types), imports, nullptr,
        inference::ModelLocalFunctionsMap(),
        ::onnx::OpSchemaRegistry::Instance(), &shapeData);
  }
  return *context;
}

void Inference::noteValues(const std::string &name, ArrayRef<int64_t> values,
                           bool isScalar) {
  auto &tensor = constants.emplace_back();
  tensor.set_data_type(::onnx::TensorProto::INT64);
  if (!isScalar)
    tensor.add_dims(values.size());
  for (int64_t value : values)
    tensor.add_int64_data(value);
  data[name] = &tensor;
}

/// The integers and tensors of Constant nodes are data of later shapes.
void Inference::noteConstant(const ::onnx::NodeProto &node) {
  if (node.op_type() != "Constant" || !node.domain().empty() ||
      node.output_size() != 1)
    return;
  for (const auto &attribute : node.attribute()) {
    if (attribute.name() == "value" && attribute.has_t())
      data[node.output(0)] = &attribute.t();
    else if (attribute.name() == "value_int")
      noteValues(node.output(0), {attribute.i()}, /*isScalar=*/true);
    else if (attribute.name() == "value_ints")
      noteValues(node.output(0),
                 std::vector<int64_t>(attribute.ints().begin(),
                                      attribute.ints().end()),
                 /*isScalar=*/false);
  }
}

/// Integers whose values follow from shapes. Only an optimisation of what is
/// known: whatever goes wrong is left.
void Inference::propagateData(const ::onnx::OpSchema &schema,
                              ::onnx::NodeProto &node) {
  if (!schema.has_data_propagation_function())
    return;
  for (const std::string &input : node.input()) {
    auto found = types.find(input);
    if (found == types.end() || !found->second->has_tensor_type())
      continue;
    const auto &shape = found->second->tensor_type().shape();
    if (shape.dim_size() == 1 && shape.dim(0).dim_value() > maxSmallElements)
      return;
  }
  try {
    inference::DataPropagationContextImpl context(node, types, data, shapeData);
    schema.GetDataPropagationFunction()(context);
  } catch (const std::exception &) {
  }
}

/// Inference visits the nodes of subgraphs by itself and checks no schema
/// there.
static Error verifySubgraphs(const ::onnx::NodeProto &node,
                             const Opsets &opsets) {
  for (const auto &attribute : node.attribute())
    for (const auto &inner : attribute.g().node()) {
      const ::onnx::OpSchema *schema =
          findSchema(inner.op_type(), inner.domain(),
                     opsets.get(&inner).at(inner.domain()));
      try {
        if (schema)
          schema->Verify(inner);
      } catch (const std::exception &exception) {
        return nodeError(inner, getText(exception));
      }
      if (Error error = verifySubgraphs(inner, opsets))
        return error;
    }
  return Error::success();
}

Error Inference::visit(::onnx::NodeProto &node) {
  const OpsetMap &map = opsets.get(&node);
  int64_t opset = map.at(node.domain());
  const ::onnx::OpSchema *schema =
      findSchema(node.op_type(), node.domain(), opset);
  if (Error error = verifySubgraphs(node, opsets))
    return error;
  if (!schema) {
    for (const std::string &output : node.output())
      if (!output.empty())
        setType(output, {});
    return Error::success();
  }
  try {
    schema->Verify(node);
  } catch (const std::exception &exception) {
    return nodeError(node, getText(exception));
  }

  inference::InferenceContextImpl context(node, types, data, {}, options,
                                          &shapeData, &getContext(map));
  std::string error;
  try {
    if (hasHugeShapeOperand(context))
      return nodeError(node, "has a list of more than a million sizes");
    if (schema->has_type_and_shape_inference_function())
      schema->GetTypeAndShapeInferenceFunction()(context);
    else if (const auto *function = schema->GetFunction(int(opset)))
      inference::InferShapeForFunctionNode(
          *function, ::onnx::OpSchemaRegistry::Instance(), context, options, {},
          nullptr, &shapeData);
  } catch (const ::onnx::InferenceError &exception) {
    error = getText(exception);
  } catch (const std::exception &) {
    // Not a finding about the file: no type is inferred.
  }
  try {
    if (error.empty())
      schema->CheckInputOutputType(context);
  } catch (const std::exception &exception) {
    error = getText(exception);
  }
  // Data that was left in the file and inputs of unknown type are no fault.
  bool isKnown = llvm::all_of(node.input(), [&](const std::string &input) {
    return input.empty() || types.count(input);
  });
  if (!error.empty() && isKnown &&
      !StringRef(error).contains("Cannot parse data")) {
    std::string inputs;
    for (const std::string &input : node.input())
      inputs += (inputs.empty() ? "" : ", ") +
                describe(input.empty() ? nullptr : types.at(input));
    return nodeError(node, error + " (inputs: " + inputs + ")");
  }
  for (int i = 0; i < node.output_size(); ++i)
    if (!node.output(i).empty())
      setType(node.output(i),
              error.empty() ? *context.getOutputType(i) : ::onnx::TypeProto());
  noteConstant(node);
  propagateData(*schema, node);
  return Error::success();
}

void Inference::writeBack() {
  for (auto &value : *graph.mutable_output())
    if (auto found = types.find(value.name()); found != types.end())
      *value.mutable_type() = *found->second;
  graph.clear_value_info();
  for (const std::string &name : order) {
    auto *value = graph.add_value_info();
    value->set_name(name);
    *value->mutable_type() = *types.at(name);
  }
}

Error qopt::onnxfile::inferTypes(::onnx::GraphProto &graph,
                                 const Opsets &opsets) {
  try {
    Inference inference(graph, opsets);
    inference.declare();
    for (auto &node : *graph.mutable_node())
      if (Error error = inference.visit(node))
        return error;
    inference.writeBack();
  } catch (const std::exception &exception) {
    return createStringError(getText(exception));
  }
  return Error::success();
}

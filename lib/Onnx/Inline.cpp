//===- Inline.cpp - Expand model-local functions --------------------------===//

#include "lib/Onnx/Inline.h"

#include "lib/Onnx/Messages.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <functional>
#include <onnx/onnx_pb.h>
#include <tuple>

using namespace llvm;
using namespace qopt::onnxfile;
using ::onnx::AttributeProto;
using ::onnx::FunctionProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;

/// Functions that call each other can expand without limit.
constexpr size_t maxNodes = 4'000'000;

namespace {

using FunctionKey = std::tuple<std::string, std::string, std::string>;
using Nodes = google::protobuf::RepeatedPtrField<NodeProto>;

/// Names of a function body seen from the graph that it is copied into.
struct Renaming {
  StringMap<std::string> values;
  const FunctionProto *function = nullptr;
  /// The attributes of the call, by name.
  StringMap<const AttributeProto *> attributes;
  std::string prefix;
};

class Inliner {
public:
  Inliner(ModelProto &model, Opsets &opsets) : model(model), opsets(opsets) {}
  Error run();

private:
  void collectNames(const GraphProto &graph);
  std::string makeUnique(const std::string &name);
  Error expandGraph(GraphProto &graph, std::shared_ptr<const OpsetMap> map);
  Error expandNode(NodeProto *node, std::shared_ptr<const OpsetMap> map,
                   Nodes &out, GraphProto &graph);
  Error expandCall(const NodeProto &call, const FunctionProto &function,
                   Nodes &out, GraphProto &graph);
  void renameNode(NodeProto &node, const Renaming &renaming);
  void renameGraph(GraphProto &graph, const Renaming &outer);
  void bindAttributes(NodeProto &node, const Renaming &renaming);
  void bindOutputs(const NodeProto &call, const FunctionProto &function,
                   Renaming &renaming, Nodes &identities);

  ModelProto &model;
  Opsets &opsets;
  std::map<FunctionKey, const FunctionProto *> functions;
  StringSet<> names;
  StringMap<unsigned> counters;
  std::vector<const FunctionProto *> active;
  size_t numNodes = 0;
};

} // namespace

static std::string withoutAlias(const std::string &domain) {
  return domain == "ai.onnx" ? "" : domain;
}

void Inliner::collectNames(const GraphProto &graph) {
  for (const auto &value : graph.input())
    names.insert(value.name());
  for (const auto &tensor : graph.initializer())
    names.insert(tensor.name());
  for (const auto &node : graph.node()) {
    for (const std::string &output : node.output())
      names.insert(output);
    for (const auto &attribute : node.attribute()) {
      if (attribute.has_g())
        collectNames(attribute.g());
      for (const auto &body : attribute.graphs())
        collectNames(body);
    }
  }
}

std::string Inliner::makeUnique(const std::string &name) {
  std::string candidate = name;
  while (!names.insert(candidate).second)
    candidate = name + "_" + std::to_string(++counters[name]);
  return candidate;
}

static std::string lookUp(const Renaming &renaming, const std::string &name) {
  auto found = renaming.values.find(name);
  return found == renaming.values.end() ? name : found->second;
}

/// Puts the call's attributes, or the function's defaults, in place of
/// references to them; a reference to an attribute that nobody gives is
/// dropped.
void Inliner::bindAttributes(NodeProto &node, const Renaming &renaming) {
  google::protobuf::RepeatedPtrField<AttributeProto> bound;
  for (AttributeProto &attribute : *node.mutable_attribute()) {
    if (attribute.ref_attr_name().empty()) {
      bound.Add()->Swap(&attribute);
      continue;
    }
    const AttributeProto *value =
        renaming.attributes.lookup(attribute.ref_attr_name());
    for (const AttributeProto &other : renaming.function->attribute_proto())
      if (!value && other.name() == attribute.ref_attr_name())
        value = &other;
    if (!value)
      continue;
    AttributeProto *copy = bound.Add();
    *copy = *value;
    copy->set_name(attribute.name());
  }
  node.mutable_attribute()->Swap(&bound);
}

void Inliner::renameGraph(GraphProto &graph, const Renaming &outer) {
  Renaming inner = outer;
  auto define = [&](std::string *name) {
    if (!name->empty())
      inner.values[*name] = makeUnique(outer.prefix + *name);
    *name = lookUp(inner, *name);
  };
  for (auto &value : *graph.mutable_input())
    define(value.mutable_name());
  for (auto &tensor : *graph.mutable_initializer()) {
    auto found = inner.values.find(tensor.name());
    bool isInput = llvm::any_of(graph.input(), [&](const auto &value) {
      return found != inner.values.end() && value.name() == found->second;
    });
    if (isInput)
      tensor.set_name(found->second);
    else
      define(tensor.mutable_name());
  }
  for (auto &node : *graph.mutable_node()) {
    for (const std::string &output : node.output())
      if (!output.empty())
        inner.values[output] = makeUnique(outer.prefix + output);
    renameNode(node, inner);
  }
  for (auto &value : *graph.mutable_output())
    value.set_name(lookUp(inner, value.name()));
  for (auto &value : *graph.mutable_value_info())
    value.set_name(lookUp(inner, value.name()));
}

void Inliner::renameNode(NodeProto &node, const Renaming &renaming) {
  for (auto *list : {node.mutable_input(), node.mutable_output()})
    for (std::string &name : *list)
      name = lookUp(renaming, name);
  node.set_name(renaming.prefix +
                (node.name().empty() ? node.op_type() : node.name()));
  for (auto &attribute : *node.mutable_attribute()) {
    if (attribute.has_g())
      renameGraph(*attribute.mutable_g(), renaming);
    for (auto &body : *attribute.mutable_graphs())
      renameGraph(body, renaming);
  }
  // A graph that the call gives as attribute sees the caller's names.
  bindAttributes(node, renaming);
}

/// Outputs of a function stand for the values of the call, except where a value
/// is an input or already another output: then a copy is made.
void Inliner::bindOutputs(const NodeProto &call, const FunctionProto &function,
                          Renaming &renaming, Nodes &identities) {
  for (int i = 0; i < function.output_size() && i < call.output_size(); ++i) {
    const std::string &actual = call.output(i);
    if (actual.empty())
      continue;
    auto [entry, isNew] =
        renaming.values.try_emplace(function.output(i), actual);
    if (isNew)
      continue;
    NodeProto *copy = identities.Add();
    copy->set_op_type("Identity");
    copy->set_name(renaming.prefix + "output_" + std::to_string(i));
    copy->add_input(entry->second);
    copy->add_output(actual);
  }
}

Error Inliner::expandCall(const NodeProto &call, const FunctionProto &function,
                          Nodes &out, GraphProto &graph) {
  if (is_contained(active, &function))
    return nodeError(call, "calls the function '" + function.name() +
                               "' that it is part of");
  if (call.input_size() > function.input_size() ||
      call.output_size() > function.output_size())
    return nodeError(call, "has more inputs or outputs than the function '" +
                               function.name() + "'");
  Renaming renaming;
  renaming.function = &function;
  renaming.prefix =
      makeUnique(call.name().empty() ? call.op_type() : call.name()) + "/";
  for (const auto &attribute : call.attribute())
    renaming.attributes[attribute.name()] = &attribute;
  for (int i = 0; i < function.input_size(); ++i)
    renaming.values[function.input(i)] =
        i < call.input_size() ? call.input(i) : "";
  Nodes identities;
  bindOutputs(call, function, renaming, identities);
  for (const auto &node : function.node())
    for (const std::string &output : node.output())
      if (!output.empty() && !renaming.values.count(output))
        renaming.values[output] = makeUnique(renaming.prefix + output);

  for (const auto &value : function.value_info())
    if (renaming.values.count(value.name())) {
      auto *copy = graph.add_value_info();
      *copy = value;
      copy->set_name(renaming.values[value.name()]);
    }
  auto map = std::make_shared<OpsetMap>(opsets.model);
  for (const auto &import : function.opset_import())
    (*map)[withoutAlias(import.domain())] = import.version();
  std::shared_ptr<const OpsetMap> nodeMap =
      *map == opsets.model ? nullptr : map;

  active.push_back(&function);
  for (const auto &node : function.node()) {
    auto *copy = new NodeProto(node);
    renameNode(*copy, renaming);
    // Exporters describe the module at the call, when the body does not.
    if (copy->metadata_props_size() == 0)
      *copy->mutable_metadata_props() = call.metadata_props();
    if (Error error = expandNode(copy, nodeMap, out, graph))
      return error;
  }
  active.pop_back();
  while (!identities.empty())
    out.AddAllocated(identities.ReleaseLast());
  return Error::success();
}

/// Takes the node over.
Error Inliner::expandNode(NodeProto *node, std::shared_ptr<const OpsetMap> map,
                          Nodes &out, GraphProto &graph) {
  std::unique_ptr<NodeProto> owned(node);
  if (++numNodes > maxNodes)
    return createStringError("its functions expand to more than " +
                             Twine(maxNodes) + " nodes");
  node->set_domain(withoutAlias(node->domain()));
  auto found =
      functions.find({node->domain(), node->op_type(), node->overload()});
  if (found != functions.end())
    return expandCall(*node, *found->second, out, graph);
  for (auto &attribute : *node->mutable_attribute()) {
    if (attribute.has_g())
      if (Error error = expandGraph(*attribute.mutable_g(), map))
        return error;
    for (auto &body : *attribute.mutable_graphs())
      if (Error error = expandGraph(body, map))
        return error;
  }
  if (map)
    opsets.ofNodes[node] = map;
  out.AddAllocated(owned.release());
  return Error::success();
}

Error Inliner::expandGraph(GraphProto &graph,
                           std::shared_ptr<const OpsetMap> map) {
  Nodes out, in;
  in.Swap(graph.mutable_node());
  out.Reserve(in.size());
  std::vector<NodeProto *> nodes(in.size());
  in.ExtractSubrange(0, in.size(), nodes.data());
  size_t position = 0;
  Error error = Error::success();
  for (; position < nodes.size() && !error; ++position)
    error = expandNode(nodes[position], map, out, graph);
  for (; position < nodes.size(); ++position)
    delete nodes[position];
  graph.mutable_node()->Swap(&out);
  return error;
}

Error Inliner::run() {
  for (const auto &function : model.functions())
    if (!functions
             .try_emplace({withoutAlias(function.domain()), function.name(),
                           function.overload()},
                          &function)
             .second)
      return createStringError("function '" + function.name() +
                               "' is defined twice");
  collectNames(model.graph());
  if (Error error = expandGraph(*model.mutable_graph(), nullptr))
    return error;
  model.clear_functions();
  return Error::success();
}

Error qopt::onnxfile::inlineFunctions(ModelProto &model, Opsets &opsets) {
  return Inliner(model, opsets).run();
}

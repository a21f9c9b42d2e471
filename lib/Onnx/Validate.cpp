//===- Validate.cpp - Check the names of a graph --------------------------===//

#include "lib/Onnx/Validate.h"

#include "lib/Onnx/Messages.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <onnx/onnx_pb.h>

using namespace llvm;
using namespace qopt::onnxfile;
using ::onnx::GraphProto;
using ::onnx::NodeProto;

namespace {

/// The names that a graph has defined so far, and those around it.
struct Scope {
  const Scope *outer;
  StringSet<> names;

  bool defines(StringRef name) const {
    for (const Scope *scope = this; scope; scope = scope->outer)
      if (scope->names.contains(name))
        return true;
    return false;
  }
};

class Validator {
public:
  explicit Validator(const Opsets &opsets) : opsets(opsets) {}
  Error check(const GraphProto &graph, const Scope *outer, StringRef place);

private:
  Error define(Scope &scope, const std::string &name, const Twine &what);
  Error checkNode(const GraphProto &graph, const NodeProto &node, Scope &scope);
  Error undefined(const GraphProto &graph, const NodeProto &node,
                  const std::string &name);

  const Opsets &opsets;
};

} // namespace

/// Names that a node reads: its inputs and what its subgraphs read from
/// outside.
static void collectUses(const NodeProto &node, const Scope *inner,
                        SmallVectorImpl<std::string> &uses) {
  for (const std::string &input : node.input())
    if (!input.empty() && !(inner && inner->defines(input)))
      uses.push_back(input);
  for (const auto &attribute : node.attribute()) {
    if (!attribute.has_g())
      continue;
    Scope scope{inner, {}};
    for (const auto &value : attribute.g().input())
      scope.names.insert(value.name());
    for (const auto &tensor : attribute.g().initializer())
      scope.names.insert(tensor.name());
    for (const auto &other : attribute.g().node())
      for (const std::string &output : other.output())
        scope.names.insert(output);
    for (const auto &other : attribute.g().node())
      collectUses(other, &scope, uses);
  }
}

/// A cycle through `start`, as text: "a -> b -> a"; empty when there is none.
static std::string findCycle(const GraphProto &graph, const NodeProto &start) {
  StringMap<const NodeProto *> producers;
  for (const NodeProto &node : graph.node())
    for (const std::string &output : node.output())
      producers[output] = &node;
  // Backwards from the start, breadth first; how each node was reached.
  std::map<const NodeProto *, const NodeProto *> reader;
  std::vector<const NodeProto *> queue = {&start};
  for (size_t i = 0; i < queue.size(); ++i) {
    SmallVector<std::string> uses;
    collectUses(*queue[i], nullptr, uses);
    for (const std::string &name : uses) {
      const NodeProto *producer = producers.lookup(name);
      if (!producer || !reader.try_emplace(producer, queue[i]).second)
        continue;
      if (producer != &start) {
        queue.push_back(producer);
        continue;
      }
      std::string text = describeNode(start);
      const NodeProto *node = &start;
      do {
        node = reader.at(node);
        text += " -> " + describeNode(*node);
      } while (node != &start);
      return text;
    }
  }
  return "";
}

Error Validator::undefined(const GraphProto &graph, const NodeProto &node,
                           const std::string &name) {
  for (const NodeProto &other : graph.node()) {
    if (!is_contained(other.output(), name))
      continue;
    std::string cycle = findCycle(graph, node);
    if (!cycle.empty())
      return createStringError("the graph is cyclic: " + cycle);
    return nodeError(node, "reads the value '" + name + "' before " +
                               describeNode(other) + " defines it");
  }
  return nodeError(node, "reads the value '" + name +
                             "', which no node, input or initializer defines");
}

Error Validator::define(Scope &scope, const std::string &name,
                        const Twine &what) {
  if (!scope.names.insert(name).second)
    return createStringError(what + " defines the value '" + name +
                             "', which is already defined");
  return Error::success();
}

Error Validator::checkNode(const GraphProto &graph, const NodeProto &node,
                           Scope &scope) {
  if (node.op_type().empty())
    return nodeError(node, "has no operator type");
  if (!opsets.get(&node).count(node.domain()))
    return nodeError(node, "is of the domain '" + node.domain() +
                               "', for which the file names no opset");
  SmallVector<std::string> uses;
  collectUses(node, nullptr, uses);
  for (const std::string &name : uses)
    if (!scope.defines(name))
      return undefined(graph, node, name);
  for (const auto &attribute : node.attribute()) {
    if (!attribute.ref_attr_name().empty())
      return nodeError(node,
                       "refers to an attribute of a function from outside "
                       "of one");
    if (attribute.has_g())
      if (Error error = check(attribute.g(), &scope, describeNode(node)))
        return error;
  }
  for (const std::string &output : node.output())
    if (!output.empty())
      if (Error error = define(scope, output, describeNode(node)))
        return error;
  return Error::success();
}

Error Validator::check(const GraphProto &graph, const Scope *outer,
                       StringRef place) {
  Scope scope{outer, {}};
  for (const auto &value : graph.input()) {
    if (value.name().empty())
      return createStringError(place + " has an input without a name");
    if (Error error = define(scope, value.name(), "an input of " + place))
      return error;
  }
  if (graph.sparse_initializer_size())
    return createStringError(place + " has the sparse initializer '" +
                             graph.sparse_initializer(0).values().name() +
                             "', which is not supported");
  StringSet<> initializers;
  for (const auto &tensor : graph.initializer()) {
    if (tensor.name().empty())
      return createStringError(place + " has an initializer without a name");
    if (!initializers.insert(tensor.name()).second)
      return createStringError("an initializer of " + place +
                               " defines the value '" + tensor.name() +
                               "', which is already defined");
    scope.names.insert(tensor.name());
  }
  for (const NodeProto &node : graph.node())
    if (Error error = checkNode(graph, node, scope))
      return error;
  StringSet<> outputs;
  for (const auto &value : graph.output()) {
    if (!scope.defines(value.name()))
      return createStringError("the output '" + value.name() + "' of " + place +
                               " is defined by no node, input or initializer");
    if (!outer && !outputs.insert(value.name()).second)
      return createStringError("the output '" + value.name() + "' of " + place +
                               " is listed twice");
  }
  return Error::success();
}

Error qopt::onnxfile::validateNames(const GraphProto &graph,
                                    const Opsets &opsets) {
  return Validator(opsets).check(graph, nullptr, "the graph");
}

//===- Render.cpp - Runs the statements of a template ---------------------===//

#include "lib/Text/Jinja/Render.h"

using namespace llvm;

namespace qopt::text::jinja {

using Kind = Node::Kind;

void Renderer::refuse(const Twine &message) {
  if (failed())
    return;
  problem = message.str();
  problemAt = current;
}

void Renderer::spend(size_t work) {
  spent += work;
  if (spent > 30'000'000)
    refuse("the template takes too long");
}

Value Renderer::takeText(std::string text) {
  if (text.size() > 64'000'000)
    refuse("a text is larger than 64 MB");
  spend(text.size() / 16);
  return failed() ? Value() : Value(std::move(text));
}

bool Renderer::render(const Node &node) {
  run(node);
  return !failed();
}

Renderer::Flow Renderer::run(const Node &node) {
  current = node.at;
  spend(1);
  if (failed())
    return Flow::Break;
  switch (node.kind) {
  case Kind::Sequence:
    for (const NodePtr &child : node.children)
      if (Flow flow = run(*child); flow != Flow::Next)
        return flow;
    return Flow::Next;
  case Kind::Text:
    output += node.text;
    break;
  case Kind::Output:
    output += toText(evaluate(*node.children[0]));
    break;
  case Kind::If:
    return runIf(node);
  case Kind::For:
    return runFor(node);
  case Kind::Set: {
    Value value = evaluate(*node.children[0]);
    scopes.back().set(node.names[0], std::move(value));
    break;
  }
  case Kind::SetField:
    runSetField(node);
    break;
  case Kind::Break:
  case Kind::Continue:
    if (scopes.size() == 1)
      refuse("expects 'break' and 'continue' inside of a loop only");
    return node.kind == Kind::Break ? Flow::Break : Flow::Continue;
  default:
    llvm_unreachable("an expression is no statement");
  }
  if (output.size() > 64'000'000)
    refuse("the result is larger than 64 MB");
  return failed() ? Flow::Break : Flow::Next;
}

Renderer::Flow Renderer::runIf(const Node &node) {
  size_t i = 0;
  for (; i + 1 < node.children.size(); i += 2) {
    bool isTrue = evaluate(*node.children[i]).isTrue();
    if (failed())
      return Flow::Break;
    if (isTrue)
      return run(*node.children[i + 1]);
  }
  return i < node.children.size() ? run(*node.children[i]) : Flow::Next;
}

/// Sets the names of a loop to an item, or to the parts of one.
bool Renderer::bind(const Node &node, const Value &item) {
  if (node.names.size() == 1) {
    scopes.back().set(node.names[0], item);
    return true;
  }
  const List *parts = item.list();
  if (!parts || parts->size() != node.names.size()) {
    refuse("expects an item of " + Twine(node.names.size()) +
           " parts, but got " + item.describe());
    return false;
  }
  for (size_t i = 0; i < parts->size(); ++i)
    scopes.back().set(node.names[i], (*parts)[i]);
  return true;
}

List Renderer::loopItems(const Node &node) {
  List items = iterate(evaluate(*node.children[0]));
  const Node *condition = node.children[1].get();
  if (!condition)
    return items;
  List kept;
  scopes.emplace_back();
  for (Value &item : items)
    if (bind(node, item) && evaluate(*condition).isTrue())
      kept.push_back(std::move(item));
  scopes.pop_back();
  return kept;
}

Map Renderer::loopVariable(size_t index, const List &items) {
  auto at = static_cast<int64_t>(index);
  auto length = static_cast<int64_t>(items.size());
  Map loop;
  loop.entries = {
      {"index", Value(at + 1)},         {"index0", Value(at)},
      {"revindex", Value(length - at)}, {"revindex0", Value(length - at - 1)},
      {"first", Value(at == 0)},        {"last", Value(at + 1 == length)},
      {"length", Value(length)}};
  if (at > 0)
    loop.set("previtem", items[index - 1]);
  if (at + 1 < length)
    loop.set("nextitem", items[index + 1]);
  return loop;
}

Renderer::Flow Renderer::runFor(const Node &node) {
  List items = loopItems(node);
  if (failed())
    return Flow::Break;
  if (items.empty())
    return node.children[3] ? run(*node.children[3]) : Flow::Next;
  for (size_t i = 0; i < items.size(); ++i) {
    spend(20);
    scopes.emplace_back();
    scopes.back().set("loop", Value(loopVariable(i, items)));
    Flow flow = bind(node, items[i]) ? run(*node.children[2]) : Flow::Break;
    scopes.pop_back();
    if (flow == Flow::Break)
      break;
  }
  return failed() ? Flow::Break : Flow::Next;
}

void Renderer::runSetField(const Node &node) {
  Value value = evaluate(*node.children[0]);
  Value target;
  for (const Map &scope : scopes)
    if (const Value *found = scope.find(node.names[0]))
      target = *found;
  current = node.at;
  if (!target.map() || !target.map()->isNamespace)
    return refuse("expects '" + node.names[0] +
                  "' to be a namespace, but got " + target.describe());
  if (value.map() && value.map()->isNamespace)
    return refuse("a namespace inside of a namespace is not supported");
  target.map()->set(node.text, std::move(value));
}

} // namespace qopt::text::jinja

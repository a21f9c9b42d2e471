//===- Evaluate.cpp - Evaluates the expressions of a template -------------===//

#include "lib/Text/Jinja/Render.h"
#include "lib/Text/Unicode.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace qopt::text::jinja {

using Kind = Node::Kind;

const Value *Arguments::find(size_t position, StringRef name) const {
  if (position < positional())
    return &values[position];
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name)
      return &values[positional() + i];
  return nullptr;
}

Arguments Renderer::arguments(const Node &node, size_t first) {
  Arguments all;
  all.names = node.argumentNames;
  for (size_t i = first; i < node.children.size(); ++i)
    all.values.push_back(evaluate(*node.children[i]));
  current = node.at;
  return all;
}

Value Renderer::lookUp(const Node &node) {
  for (const Map &scope : llvm::reverse(scopes))
    if (const Value *value = scope.find(node.text))
      return *value;
  return Value();
}

Value Renderer::evaluate(const Node &node) {
  current = node.at;
  spend(1);
  if (failed())
    return Value();
  switch (node.kind) {
  case Kind::Literal:
    return node.value;
  case Kind::Name:
    return lookUp(node);
  case Kind::List: {
    List items;
    for (const NodePtr &child : node.children)
      items.push_back(evaluate(*child));
    return Value(std::move(items));
  }
  case Kind::Map: {
    Map map;
    for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
      Value key = evaluate(*node.children[i]);
      if (!key.text())
        refuse("expects a text as key, but got " + key.describe());
      else
        map.set(*key.text(), evaluate(*node.children[i + 1]));
    }
    return Value(std::move(map));
  }
  case Kind::Attribute:
    return attribute(evaluate(*node.children[0]), node);
  case Kind::Index: {
    Value object = evaluate(*node.children[0]);
    Value key = evaluate(*node.children[1]);
    current = node.at;
    return index(object, key);
  }
  case Kind::Slice:
    return slice(node);
  case Kind::Call:
    return call(node);
  case Kind::Filter:
    return filter(node);
  case Kind::Test: {
    Value input = evaluate(*node.children[0]);
    return Value(test(node.text, input, arguments(node, 1)));
  }
  case Kind::Not:
    return Value(!evaluate(*node.children[0]).isTrue());
  case Kind::Negate: {
    Value operand = evaluate(*node.children[0]);
    if (!operand.isInteger())
      refuse("expects an integer behind '-', but got " + operand.describe());
    return failed() ? Value() : arithmetic("-", 0, operand.integer());
  }
  case Kind::Binary:
    return binary(node);
  case Kind::Conditional:
    if (evaluate(*node.children[1]).isTrue())
      return evaluate(*node.children[0]);
    return node.children[2] ? evaluate(*node.children[2]) : Value();
  default:
    llvm_unreachable("a statement is no expression");
  }
}

Value Renderer::attribute(const Value &object, const Node &node) {
  current = node.at;
  if (object.isUndefined())
    refuse("'" + node.text + "' of an undefined value");
  if (!object.map())
    return Value();
  const Value *value = object.map()->find(node.text);
  return value ? *value : Value();
}

Value Renderer::index(const Value &object, const Value &key) {
  if (object.isUndefined())
    refuse("an item of an undefined value");
  if (object.map()) {
    const Value *value = key.text() ? object.map()->find(*key.text()) : nullptr;
    return value ? *value : Value();
  }
  if (!key.isInteger())
    return Value();
  List items = object.list() || object.text() ? iterate(object) : List();
  int64_t at = key.integer();
  auto size = static_cast<int64_t>(items.size());
  at += at < 0 ? size : 0;
  return at >= 0 && at < size ? items[at] : Value();
}

Value Renderer::slice(const Node &node) {
  Value object = evaluate(*node.children[0]);
  current = node.at;
  if (!object.list() && !object.text())
    refuse("expects a list or a text to slice, but got " + object.describe());
  List items = failed() ? List() : iterate(object);
  auto size = static_cast<int64_t>(items.size());
  auto bound = [&](size_t child, int64_t otherwise) {
    if (!node.children[child])
      return otherwise;
    Value value = evaluate(*node.children[child]);
    if (value.isNone())
      return otherwise;
    if (!value.isInteger())
      refuse("expects an integer in a slice, but got " + value.describe());
    int64_t at = value.isInteger() ? value.integer() : 0;
    return std::clamp<int64_t>(at < 0 ? std::max(-size, at) + size : at, 0,
                               size);
  };
  int64_t begin = bound(1, 0), end = std::max(begin, bound(2, size));
  if (failed())
    return Value();
  List part(items.begin() + begin, items.begin() + end);
  if (node.text == "reversed")
    std::reverse(part.begin(), part.end());
  if (object.list())
    return Value(std::move(part));
  std::string text;
  for (const Value &character : part)
    text += *character.text();
  return takeText(std::move(text));
}

Value Renderer::binary(const Node &node) {
  StringRef name = node.text;
  Value left = evaluate(*node.children[0]);
  if (name == "and" || name == "or")
    return left.isTrue() == (name == "or") ? left : evaluate(*node.children[1]);
  Value right = evaluate(*node.children[1]);
  current = node.at;
  if (failed())
    return Value();
  if (name == "==")
    return Value(left == right);
  if (name == "!=")
    return Value(!(left == right));
  if (name == "in")
    return Value(isIn(left, right));
  if (name == "~")
    return takeText(toText(left) + toText(right));
  if (name == "+" && left.text() && right.text())
    return takeText(*left.text() + *right.text());
  if (name == "+" && left.list() && right.list()) {
    List both = *left.list();
    both.insert(both.end(), right.list()->begin(), right.list()->end());
    spend(16 * both.size());
    return failed() ? Value() : Value(std::move(both));
  }
  if (name.starts_with("<") || name.starts_with(">"))
    return compare(name, left, right);
  if (left.isInteger() && right.isInteger())
    return arithmetic(name, left.integer(), right.integer());
  refuse("'" + name + "' of " + left.describe() + " and " + right.describe() +
         " is not supported");
  return Value();
}

/// Python's division rounds down; its integers have no end.
Value Renderer::arithmetic(StringRef name, int64_t left, int64_t right) {
  int64_t result = 0;
  bool overflows = false;
  if (name == "+")
    overflows = AddOverflow(left, right, result);
  else if (name == "-")
    overflows = SubOverflow(left, right, result);
  else if (name == "*")
    overflows = MulOverflow(left, right, result);
  else if (name == "/")
    refuse("the operator '/' is not supported");
  else if (right == 0)
    refuse("a division by zero");
  else if (right == -1)
    overflows = name == "//" && SubOverflow<int64_t>(0, left, result);
  else
    result = name == "//" ? divideFloorSigned(left, right)
                          : left - right * divideFloorSigned(left, right);
  if (overflows)
    refuse("an integer is too large");
  return Value(result);
}

Value Renderer::compare(StringRef name, const Value &left, const Value &right) {
  int order = 0;
  if (left.isInteger() && right.isInteger())
    order =
        (left.integer() > right.integer()) - (left.integer() < right.integer());
  else if (left.text() && right.text())
    order = left.text()->compare(*right.text());
  else
    refuse("'" + name + "' of " + left.describe() + " and " + right.describe() +
           " is not supported");
  return Value(name == "<"    ? order < 0
               : name == "<=" ? order <= 0
               : name == ">"  ? order > 0
                              : order >= 0);
}

bool Renderer::isIn(const Value &item, const Value &container) {
  if (container.text()) {
    if (!item.text())
      refuse("expects a text before 'in', but got " + item.describe());
    return item.text() && StringRef(*container.text()).contains(*item.text());
  }
  if (container.map())
    return item.text() && container.map()->find(*item.text());
  if (container.list())
    return llvm::any_of(*container.list(),
                        [&](const Value &other) { return item == other; });
  if (!container.isUndefined())
    refuse("expects a list, a dictionary or a text behind 'in', but got " +
           container.describe());
  return false;
}

std::string Renderer::toText(const Value &value) {
  if (value.text())
    return *value.text();
  if (value.isBool())
    return value.boolean() ? "True" : "False";
  if (value.isNone())
    return "None";
  if (value.isUndefined())
    return "";
  if (value.isInteger())
    return std::to_string(value.integer());
  refuse("to write " + value.describe() + " as text is not supported");
  return "";
}

List Renderer::iterate(const Value &value) {
  List items;
  if (value.list()) {
    items = *value.list();
  } else if (value.map()) {
    for (const auto &[key, item] : value.map()->entries)
      items.push_back(Value(key));
  } else if (value.text()) {
    StringRef text = *value.text();
    for (size_t at = 0; at < text.size();) {
      size_t begin = at;
      nextCharacter(text, at);
      items.push_back(Value(text.slice(begin, at).str()));
    }
  } else if (!value.isUndefined()) {
    refuse("expects a list, but got " + value.describe());
  }
  spend(16 * items.size());
  return items;
}

} // namespace qopt::text::jinja

//===- Filters.cpp - Filters and tests of a template ----------------------===//

#include "lib/Text/Jinja/Cases.h"
#include "lib/Text/Jinja/Render.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace qopt::text::jinja {

Value Renderer::join(const Value &input, const Arguments &arguments) {
  std::string text, separator;
  if (arguments.positional() > 0)
    separator = textArgument(arguments, 0);
  bool isFirst = true;
  for (const Value &item : iterate(input)) {
    text += isFirst ? "" : separator;
    text += toText(item);
    isFirst = false;
    if (text.size() > 64'000'000)
      refuse("a text is larger than 64 MB");
    if (failed())
      break;
  }
  return takeText(std::move(text));
}

/// The value behind "a" of an item, for the filters that look at one.
static Value field(const Value &item, StringRef name) {
  const Value *found = item.map() ? item.map()->find(name) : nullptr;
  return found ? *found : Value();
}

/// selectattr and rejectattr: items whose field is true or passes a test.
Value Renderer::select(const Value &input, const Arguments &arguments,
                       bool wanted) {
  std::string name = textArgument(arguments, 0);
  Arguments more;
  if (arguments.positional() > 2)
    more.values.assign(arguments.values.begin() + 2, arguments.values.end());
  List kept;
  for (const Value &item : iterate(input)) {
    Value value = field(item, name);
    bool passes = arguments.positional() > 1
                      ? test(textArgument(arguments, 1), value, more)
                      : value.isTrue();
    if (passes == wanted)
      kept.push_back(item);
  }
  return Value(std::move(kept));
}

Value Renderer::mapItems(const Value &input, const Arguments &arguments) {
  const Value *name = arguments.find(SIZE_MAX, "attribute");
  if (!name || !name->text() || arguments.values.size() != 1) {
    refuse("the filter 'map' without 'attribute' is not supported");
    return Value();
  }
  List fields;
  for (const Value &item : iterate(input))
    fields.push_back(field(item, *name->text()));
  return Value(std::move(fields));
}

Value Renderer::filterText(const std::string &text, StringRef name,
                           const Arguments &arguments) {
  if (name == "trim" && arguments.values.size() <= 1) {
    std::string set;
    if (!arguments.values.empty())
      set = textArgument(arguments, 0);
    return takeText(
        trimText(text, arguments.values.empty() ? nullptr : &set, true, true)
            .str());
  }
  if (name == "replace")
    return replace(text, arguments, 0);
  if (name == "title" && arguments.values.empty())
    return takeText(titleWords(text));
  if (arguments.values.empty())
    if (std::optional<std::string> changed = changeCase(text, name))
      return takeText(std::move(*changed));
  refuse("the filter '" + name + "' with these arguments is not supported");
  return Value();
}

Value Renderer::filter(const Node &node) {
  StringRef name = node.text;
  Value input = evaluate(*node.children[0]);
  Arguments all = arguments(node, 1);
  if (failed())
    return Value();
  if (name == "default" || name == "d") {
    const Value *otherwise = all.find(0, "default_value");
    const Value *orFalse = all.find(1, "boolean");
    bool isMissing = input.isUndefined() ||
                     (orFalse && orFalse->isTrue() && !input.isTrue());
    return !isMissing ? input : otherwise ? *otherwise : Value(std::string());
  }
  if (name == "length" || name == "count")
    return Value(static_cast<int64_t>(iterate(input).size()));
  if (name == "list")
    return Value(iterate(input));
  if (name == "first" || name == "last") {
    List items = iterate(input);
    return items.empty()     ? Value()
           : name == "first" ? items.front()
                             : items.back();
  }
  if (name == "join")
    return join(input, all);
  if (name == "selectattr" || name == "rejectattr")
    return select(input, all, name == "selectattr");
  if (name == "map")
    return mapItems(input, all);
  if (name == "items" && input.map())
    return callMapMethod(*input.map(), "items", all);
  if (name == "string")
    return takeText(toText(input));
  if (name == "safe")
    return input;
  if (name == "tojson") {
    const Value *indent = all.find(SIZE_MAX, "indent");
    if (input.isUndefined())
      refuse("the filter 'tojson' of an undefined value");
    return takeText(toJson(input, indent && indent->isInteger()
                                      ? static_cast<int>(std::clamp<int64_t>(
                                            indent->integer(), 0, 16))
                                      : -1));
  }
  static const StringSet<> ofTexts = {"trim",  "upper",      "lower",
                                      "title", "capitalize", "replace"};
  if (!ofTexts.contains(name)) {
    refuse("the filter '" + name + "' is not supported");
    return Value();
  }
  return filterText(toText(input), name, all);
}

bool Renderer::test(StringRef name, const Value &input,
                    const Arguments &arguments) {
  if (name == "defined")
    return !input.isUndefined();
  if (name == "undefined")
    return input.isUndefined();
  if (name == "none")
    return input.isNone();
  if (name == "string")
    return input.text();
  if (name == "mapping")
    return input.map();
  if (name == "sequence" || name == "iterable")
    return input.text() || input.list() || input.map();
  if (name == "boolean")
    return input.isBool();
  if (name == "integer")
    return input.isInteger() && !input.isBool();
  if (name == "number")
    return input.isInteger();
  if (name == "true" || name == "false")
    return input.isBool() && input.boolean() == (name == "true");
  if (name == "odd" || name == "even") {
    if (!input.isInteger())
      refuse("expects an integer, but got " + input.describe());
    return input.isInteger() && (input.integer() % 2 != 0) == (name == "odd");
  }
  const Value *other = arguments.find(0, "");
  if (other && (name == "eq" || name == "equalto"))
    return input == *other;
  if (other && name == "ne")
    return !(input == *other);
  if (other && name == "in")
    return isIn(input, *other);
  refuse("the test '" + name + "' with these arguments is not supported");
  return false;
}

} // namespace qopt::text::jinja

//===- Calls.cpp - Functions and methods of a template --------------------===//

#include "lib/Text/Jinja/Cases.h"
#include "lib/Text/Jinja/Render.h"
#include "lib/Text/JsonCursor.h"

using namespace llvm;

namespace qopt::text::jinja {

using Kind = Node::Kind;

std::string Renderer::textArgument(const Arguments &arguments,
                                   size_t position) {
  const Value *value = arguments.find(position, "");
  if (value && value->text())
    return *value->text();
  refuse("expects a text as argument " + Twine(position + 1) + ", but got " +
         (value ? value->describe() : "none"));
  return "";
}

Value Renderer::call(const Node &node) {
  const Node &function = *node.children[0];
  if (function.kind == Kind::Name) {
    Arguments all = arguments(node, 1);
    return failed() ? Value() : callFunction(function.text, all);
  }
  if (function.kind != Kind::Attribute) {
    refuse("a call of what is no name is not supported");
    return Value();
  }
  Value object = evaluate(*function.children[0]);
  Arguments all = arguments(node, 1);
  return failed() ? Value() : callMethod(object, function.text, all);
}

Value Renderer::callFunction(StringRef name, const Arguments &arguments) {
  if (name == "raise_exception") {
    refuse("the template says: " + textArgument(arguments, 0));
    return Value();
  }
  if (name == "namespace" && arguments.positional() == 0) {
    Map map;
    map.isNamespace = true;
    for (size_t i = 0; i < arguments.names.size(); ++i)
      map.set(arguments.names[i], arguments.values[i]);
    return Value(std::move(map));
  }
  if (name == "range" && arguments.positional() >= 1 &&
      arguments.values.size() <= 2) {
    const Value &last = arguments.values.back();
    Value first =
        arguments.values.size() == 2 ? arguments.values[0] : Value(int64_t(0));
    List items;
    if (!first.isInteger() || !last.isInteger())
      refuse("expects integers in range()");
    for (int64_t i = failed() ? 0 : first.integer();
         !failed() && i < last.integer(); ++i) {
      items.push_back(Value(i));
      spend(16);
    }
    return Value(std::move(items));
  }
  refuse("the function " + name + "() with these arguments is not supported");
  return Value();
}

Value Renderer::callMethod(const Value &object, StringRef name,
                           const Arguments &arguments) {
  if (object.isUndefined())
    refuse("the method " + name + "() of an undefined value");
  else if (object.text() && arguments.names.empty())
    return callTextMethod(*object.text(), name, arguments);
  else if (object.map() && !object.map()->isNamespace)
    return callMapMethod(*object.map(), name, arguments);
  else
    refuse("the method " + name + "() of " + object.describe() +
           " is not supported");
  return Value();
}

/// startswith and endswith: a text, or a list of them.
bool Renderer::endsLike(StringRef text, const Value *parts, bool atStart) {
  if (parts && parts->list())
    return llvm::any_of(*parts->list(), [&](const Value &part) {
      return endsLike(text, &part, atStart);
    });
  if (!parts || !parts->text()) {
    refuse("expects a text to compare with");
    return false;
  }
  return atStart ? text.starts_with(*parts->text())
                 : text.ends_with(*parts->text());
}

Value Renderer::split(StringRef text, const Arguments &arguments) {
  List parts;
  const Value *most = arguments.find(1, "maxsplit");
  int64_t left = most && most->isInteger() ? most->integer() : -1;
  if (arguments.positional() == 0) { // at runs of white space
    for (text = trimText(text, nullptr, true, false); !text.empty();) {
      StringRef word =
          left == 0 ? trimText(text, nullptr, false, true) : firstWord(text);
      parts.push_back(Value(word.str()));
      text = trimText(text.drop_front(word.size()), nullptr, true, false);
      left -= left > 0;
    }
    return Value(std::move(parts));
  }
  std::string separator = textArgument(arguments, 0);
  if (separator.empty())
    refuse("expects a text to split at that is not empty");
  for (size_t at = 0;
       !failed() && left != 0 && (at = text.find(separator)) != StringRef::npos;
       left -= left > 0) {
    parts.push_back(Value(text.take_front(at).str()));
    text = text.drop_front(at + separator.size());
    spend(16);
  }
  parts.push_back(Value(text.str()));
  return Value(std::move(parts));
}

Value Renderer::replace(const std::string &text, const Arguments &arguments,
                        size_t first) {
  std::string old = textArgument(arguments, first);
  std::string with = textArgument(arguments, first + 1);
  if (old.empty() || arguments.values.size() != first + 2)
    refuse("expects replace() with a text that is not empty and another one");
  std::string result;
  StringRef rest = text;
  for (size_t at; !failed() && (at = rest.find(old)) != StringRef::npos;) {
    result += rest.take_front(at);
    result += with;
    rest = rest.drop_front(at + old.size());
    if (result.size() > 64'000'000)
      refuse("a text is larger than 64 MB");
  }
  return takeText(result + rest.str());
}

Value Renderer::callTextMethod(const std::string &text, StringRef name,
                               const Arguments &arguments) {
  bool strips = name == "strip" || name == "lstrip" || name == "rstrip";
  if (strips && arguments.positional() <= 1) {
    std::string set;
    bool hasSet = arguments.positional() == 1 && !arguments.values[0].isNone();
    if (hasSet)
      set = textArgument(arguments, 0);
    return takeText(trimText(text, hasSet ? &set : nullptr, name != "rstrip",
                             name != "lstrip")
                        .str());
  }
  if (name == "startswith" || name == "endswith")
    return Value(endsLike(text, arguments.find(0, ""), name == "startswith"));
  if (name == "split")
    return split(text, arguments);
  if (name == "replace")
    return replace(text, arguments, 0);
  if (arguments.values.empty())
    if (std::optional<std::string> changed = changeCase(text, name))
      return takeText(std::move(*changed));
  refuse("the method " + name + "() of a text is not supported");
  return Value();
}

Value Renderer::callMapMethod(const Map &map, StringRef name,
                              const Arguments &arguments) {
  if (name == "get" && arguments.positional() >= 1) {
    const Value *found = map.find(textArgument(arguments, 0));
    const Value *otherwise = arguments.find(1, "default");
    return found ? *found : otherwise ? *otherwise : Value(Value::None());
  }
  List parts;
  for (const auto &[key, value] : map.entries)
    if (name == "items")
      parts.push_back(Value(List{Value(key), value}));
    else
      parts.push_back(name == "keys" ? Value(key) : value);
  if (name != "items" && name != "keys" && name != "values")
    refuse("the method " + name + "() of a dictionary is not supported");
  return Value(std::move(parts));
}

} // namespace qopt::text::jinja

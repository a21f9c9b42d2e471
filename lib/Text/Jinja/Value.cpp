//===- Value.cpp - What expressions of a template are ---------------------===//

#include "lib/Text/Jinja/Value.h"
#include "lib/Text/JsonCursor.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace qopt::text::jinja {

const Value *Map::find(StringRef key) const {
  for (const auto &[name, value] : entries)
    if (name == key)
      return &value;
  return nullptr;
}

void Map::set(StringRef key, Value value) {
  for (auto &[name, old] : entries)
    if (name == key) {
      old = std::move(value);
      return;
    }
  entries.emplace_back(key.str(), std::move(value));
}

const List *Value::list() const {
  auto *list = std::get_if<std::shared_ptr<List>>(&data);
  return list ? list->get() : nullptr;
}

Map *Value::map() const {
  auto *map = std::get_if<std::shared_ptr<Map>>(&data);
  return map ? map->get() : nullptr;
}

bool Value::isTrue() const {
  if (isInteger())
    return integer() != 0;
  if (text())
    return !text()->empty();
  if (list())
    return !list()->empty();
  if (map())
    return map()->isNamespace || !map()->entries.empty();
  return false;
}

bool Value::operator==(const Value &other) const {
  if (isInteger() && other.isInteger())
    return integer() == other.integer();
  if (text() && other.text())
    return *text() == *other.text();
  if (list() && other.list())
    return *list() == *other.list();
  if (map() && other.map()) {
    if (map()->entries.size() != other.map()->entries.size())
      return false;
    return llvm::all_of(map()->entries, [&](const auto &entry) {
      const Value *value = other.map()->find(entry.first);
      return value && *value == entry.second;
    });
  }
  return (isNone() && other.isNone()) || (isUndefined() && other.isUndefined());
}

std::string Value::describe() const {
  if (isUndefined())
    return "an undefined value";
  if (isNone())
    return "none";
  if (isBool())
    return boolean() ? "true" : "false";
  if (isInteger())
    return std::to_string(integer());
  if (text())
    return "the text '" + shorten(*text()) + "'";
  return list() ? "a list" : "a dictionary";
}

/// As Python does it with ensure_ascii=False.
static std::string quote(StringRef text) {
  std::string quoted = "\"";
  for (char c : text)
    switch (c) {
    case '"':
    case '\\':
      (quoted += '\\') += c;
      break;
    case '\n':
      quoted += "\\n";
      break;
    case '\r':
      quoted += "\\r";
      break;
    case '\t':
      quoted += "\\t";
      break;
    case '\b':
      quoted += "\\b";
      break;
    case '\f':
      quoted += "\\f";
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20)
        quoted += "\\u00" + utohexstr(c, /*LowerCase=*/true, /*Width=*/2);
      else
        quoted += c;
    }
  return quoted + "\"";
}

static void appendJson(const Value &value, int indent, int level,
                       std::string &json) {
  auto newLine = [&](int level) {
    if (indent >= 0)
      json += "\n" + std::string(indent * level, ' ');
  };
  StringRef separator = indent >= 0 ? "," : ", ";
  if (const List *items = value.list()) {
    json += "[";
    for (const Value &item : *items) {
      json += &item == items->data() ? "" : separator;
      newLine(level + 1);
      appendJson(item, indent, level + 1, json);
    }
    if (!items->empty())
      newLine(level);
    json += "]";
  } else if (const Map *map = value.map()) {
    json += "{";
    for (const auto &entry : map->entries) {
      json += &entry == map->entries.data() ? "" : separator;
      newLine(level + 1);
      json += quote(entry.first) + ": ";
      appendJson(entry.second, indent, level + 1, json);
    }
    if (!map->entries.empty())
      newLine(level);
    json += "}";
  } else if (value.text()) {
    json += quote(*value.text());
  } else if (value.isNone()) {
    json += "null";
  } else {
    json += value.describe(); // true, false, an integer
  }
}

std::string toJson(const Value &value, int indent) {
  std::string json;
  appendJson(value, indent, 0, json);
  return json;
}

} // namespace qopt::text::jinja

//===- JsonCursor.cpp - A place in a JSON file that is checked ------------===//

#include "lib/Text/JsonCursor.h"
#include "lib/Text/Unicode.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace qopt::text {

std::string shorten(StringRef text) {
  size_t shown = std::min<size_t>(text.size(), 40);
  while (shown < text.size() && (static_cast<uint8_t>(text[shown]) >> 6) == 2)
    --shown; // never half a character
  return (text.take_front(shown) + (shown < text.size() ? "..." : "")).str();
}

std::string describe(const json::Value &value) {
  if (value.kind() == json::Value::Array)
    return "a list";
  if (value.kind() == json::Value::Object)
    return "an object";
  if (std::optional<StringRef> text = value.getAsString())
    return "the text '" + shorten(*text) + "'";
  std::string words;
  raw_string_ostream(words) << value;
  return words;
}

void JsonCursor::refuse(const Twine &message) const {
  if (!failed())
    *problem = (path.empty() ? message : path + ": " + message).str();
}

bool JsonCursor::has(StringRef key) const {
  const json::Object *members = object();
  const json::Value *member = members ? members->get(key) : nullptr;
  return member && member->kind() != json::Value::Null;
}

JsonCursor JsonCursor::at(StringRef key) const {
  const json::Object *members = object();
  const json::Value *member = members ? members->get(key) : nullptr;
  if (members && !member)
    refuse("has no '" + key + "'");
  return JsonCursor(member, (path.empty() ? key : path + "." + key).str(),
                    *problem);
}

void JsonCursor::forEach(function_ref<void(JsonCursor)> visit) const {
  const json::Array *items = array();
  for (size_t i = 0; items && i < items->size(); ++i)
    visit(JsonCursor(&(*items)[i], path + "[" + std::to_string(i) + "]",
                     *problem));
}

/// What `get` finds in a value, or a problem.
template <typename Result>
static Result read(const JsonCursor &cursor, const json::Value *value,
                   std::optional<Result> found, StringRef wanted) {
  if (value && !found)
    cursor.refuse("expects " + wanted + ", but got " + describe(*value));
  return found.value_or(Result());
}

StringRef JsonCursor::text() const {
  return read(*this, value, value ? value->getAsString() : std::nullopt,
              "text");
}

bool JsonCursor::boolean() const {
  return read(*this, value, value ? value->getAsBoolean() : std::nullopt,
              "true or false");
}

int64_t JsonCursor::integer(int64_t least, int64_t most) const {
  std::optional<int64_t> number = value ? value->getAsInteger() : std::nullopt;
  if (number && (*number < least || *number > most))
    number.reset();
  return read(*this, value, number,
              ("an integer from " + Twine(least) + " to " + Twine(most)).str());
}

const json::Object *JsonCursor::object() const {
  const json::Object *members = value ? value->getAsObject() : nullptr;
  if (value && !members)
    refuse("expects an object, but got " + describe(*value));
  return members;
}

const json::Array *JsonCursor::array() const {
  const json::Array *items = value ? value->getAsArray() : nullptr;
  if (value && !items)
    refuse("expects a list, but got " + describe(*value));
  return items;
}

bool JsonCursor::boolean(StringRef key, bool otherwise) const {
  return has(key) ? at(key).boolean() : otherwise;
}

StringRef JsonCursor::text(StringRef key, StringRef otherwise) const {
  return has(key) ? at(key).text() : otherwise;
}

char32_t JsonCursor::character(StringRef key) const {
  JsonCursor member = at(key);
  StringRef text = member.text();
  size_t end = 0;
  char32_t character = text.empty() ? 0 : nextCharacter(text, end);
  if (text.empty() || end != text.size())
    member.refuse("expects one character, but got '" + shorten(text) + "'");
  return character;
}

} // namespace qopt::text

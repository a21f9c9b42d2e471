//===- Value.h - What expressions of a template are -------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_JINJA_VALUE_H
#define QOPT_LIB_TEXT_JINJA_VALUE_H

#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace qopt::text::jinja {

class Value;
using List = std::vector<Value>;

/// Keys are texts, in the order in which they came.
struct Map {
  std::vector<std::pair<std::string, Value>> entries;
  bool isNamespace = false; ///< of namespace(): templates may change it

  const Value *find(llvm::StringRef key) const;
  void set(llvm::StringRef key, Value value);
};

/// A value of Python, as far as templates need them.
class Value {
public:
  struct Undefined {};
  struct None {};

  Value() = default;
  Value(None none) : data(none) {}
  Value(bool value) : data(value) {}
  Value(int64_t value) : data(value) {}
  Value(std::string text) : data(std::move(text)) {}
  Value(const char *) = delete; // would be a bool
  Value(List items) : data(std::make_shared<List>(std::move(items))) {}
  Value(Map map) : data(std::make_shared<Map>(std::move(map))) {}

  bool isUndefined() const { return std::holds_alternative<Undefined>(data); }
  bool isNone() const { return std::holds_alternative<None>(data); }
  bool isBool() const { return std::holds_alternative<bool>(data); }
  /// Integers and booleans, which are 0 and 1.
  bool isInteger() const { return isBool() || integerData(); }
  int64_t integer() const { return isBool() ? boolean() : *integerData(); }
  bool boolean() const { return std::get<bool>(data); }

  /// Null for another kind.
  const std::string *text() const { return std::get_if<std::string>(&data); }
  const List *list() const;
  Map *map() const;

  bool isTrue() const;
  bool operator==(const Value &other) const;
  /// "a list", "the text 'x'".
  std::string describe() const;

private:
  const int64_t *integerData() const { return std::get_if<int64_t>(&data); }

  std::variant<Undefined, None, bool, int64_t, std::string,
               std::shared_ptr<List>, std::shared_ptr<Map>>
      data;
};

/// As Python's json.dumps; `indent` < 0: on one line.
std::string toJson(const Value &value, int indent);

} // namespace qopt::text::jinja

#endif // QOPT_LIB_TEXT_JINJA_VALUE_H

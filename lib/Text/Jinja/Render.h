//===- Render.h - Evaluates a template --------------------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_JINJA_RENDER_H
#define QOPT_LIB_TEXT_JINJA_RENDER_H

#include "lib/Text/Jinja/Tree.h"
#include "llvm/ADT/ArrayRef.h"

namespace qopt::text::jinja {

/// Arguments of a call; the named ones are the last.
struct Arguments {
  std::vector<Value> values;
  std::vector<std::string> names;

  size_t positional() const { return values.size() - names.size(); }
  /// The argument at a position or of a name, or null.
  const Value *find(size_t position, llvm::StringRef name) const;
};

/// Walks a tree. The first problem is kept: after it all values are undefined
/// and all loops end.
class Renderer {
public:
  explicit Renderer(Map globals) { scopes.push_back(std::move(globals)); }

  /// Appends the text of a tree to `output`; false after a problem.
  bool render(const Node &node);

  std::string output;
  std::string problem;
  size_t problemAt = 0;

private:
  enum class Flow { Next, Break, Continue };

  Flow run(const Node &node);
  Flow runIf(const Node &node);
  Flow runFor(const Node &node);
  void runSetField(const Node &node);
  List loopItems(const Node &node);
  bool bind(const Node &node, const Value &item);
  Map loopVariable(size_t index, const List &items);

  Value evaluate(const Node &node);
  Value lookUp(const Node &node);
  Value attribute(const Value &object, const Node &node);
  Value index(const Value &object, const Value &key);
  Value slice(const Node &node);
  Value binary(const Node &node);
  Value arithmetic(llvm::StringRef name, int64_t left, int64_t right);
  Value compare(llvm::StringRef name, const Value &left, const Value &right);
  bool isIn(const Value &item, const Value &container);
  Arguments arguments(const Node &node, size_t first);

  // Calls.cpp.
  Value call(const Node &node);
  Value callFunction(llvm::StringRef name, const Arguments &arguments);
  Value callMethod(const Value &object, llvm::StringRef name,
                   const Arguments &arguments);
  Value callTextMethod(const std::string &text, llvm::StringRef name,
                       const Arguments &arguments);
  Value callMapMethod(const Map &map, llvm::StringRef name,
                      const Arguments &arguments);
  bool endsLike(llvm::StringRef text, const Value *parts, bool atStart);
  Value split(llvm::StringRef text, const Arguments &arguments);
  Value replace(const std::string &text, const Arguments &arguments,
                size_t first);

  // Filters.cpp.
  Value filter(const Node &node);
  Value filterText(const std::string &text, llvm::StringRef name,
                   const Arguments &arguments);
  Value join(const Value &input, const Arguments &arguments);
  Value select(const Value &input, const Arguments &arguments, bool wanted);
  Value mapItems(const Value &input, const Arguments &arguments);
  bool test(llvm::StringRef name, const Value &input,
            const Arguments &arguments);

  /// What a value is in text; lists and dictionaries are refused.
  std::string toText(const Value &value);
  /// A text argument; a problem where there is none.
  std::string textArgument(const Arguments &arguments, size_t position);
  /// Items of a list, keys of a dictionary, characters of a text, nothing of
  /// an undefined value.
  List iterate(const Value &value);
  Value takeText(std::string text);
  void refuse(const llvm::Twine &message);
  bool failed() const { return !problem.empty(); }
  /// Counts work, against templates that do not end.
  void spend(size_t work);

  std::vector<Map> scopes;
  size_t current = 0; ///< where the node stands that is evaluated
  size_t spent = 0;
};

} // namespace qopt::text::jinja

#endif // QOPT_LIB_TEXT_JINJA_RENDER_H

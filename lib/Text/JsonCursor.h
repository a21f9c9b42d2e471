//===- JsonCursor.h - A place in a JSON file that is checked ----*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_JSONCURSOR_H
#define QOPT_LIB_TEXT_JSONCURSOR_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <string>

namespace qopt::text {

/// A value and its path. What is wrong is noted once, in words that begin with
/// the path, and reading goes on with a neutral value (false, 0, ""): whoever
/// started asks `problem` at the end. The values must outlive the cursor.
class JsonCursor {
public:
  JsonCursor(const llvm::json::Value *value, std::string path,
             std::string &problem)
      : value(value), path(std::move(path)), problem(&problem) {}

  /// Notes the problem, if it is the first.
  void refuse(const llvm::Twine &message) const;
  bool failed() const { return !problem->empty(); }

  /// Whether an object has the key, with a value that is not null.
  bool has(llvm::StringRef key) const;
  /// The member of an object; a key that is missing is a problem.
  JsonCursor at(llvm::StringRef key) const;
  void forEach(llvm::function_ref<void(JsonCursor)> visit) const;

  llvm::StringRef text() const;
  bool boolean() const;
  int64_t integer(int64_t least, int64_t most) const;
  const llvm::json::Object *object() const;
  const llvm::json::Array *array() const;

  // Members; an absent one or null is `otherwise`.
  bool boolean(llvm::StringRef key, bool otherwise) const;
  llvm::StringRef text(llvm::StringRef key, llvm::StringRef otherwise) const;

  /// One character of text.
  char32_t character(llvm::StringRef key) const;

private:
  const llvm::json::Value *value; ///< null after a problem
  std::string path;
  std::string *problem;
};

/// At most 40 bytes of a text, for messages.
std::string shorten(llvm::StringRef text);

/// "a list", "the text 'x'".
std::string describe(const llvm::json::Value &value);

} // namespace qopt::text

#endif // QOPT_LIB_TEXT_JSONCURSOR_H

//===- YamlTree.h - YAML with the places of its parts -----------*- C++ -*-===//

#ifndef QOPT_LIB_RECIPES_YAMLTREE_H
#define QOPT_LIB_RECIPES_YAMLTREE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace qopt {

/// A value of a YAML document and where it stands.
struct YamlNode {
  enum class Kind { Null, Scalar, List, Map };
  struct Entry;

  Kind kind = Kind::Null;
  unsigned line = 0, column = 0; ///< from 1; columns are bytes
  std::string text;              ///< of a scalar, unquoted
  std::vector<YamlNode> items;   ///< of a list
  std::vector<Entry> entries;    ///< of a map, as they stand; no key twice

  bool isScalar() const { return kind == Kind::Scalar; }
  bool isList() const { return kind == Kind::List; }
  bool isMap() const { return kind == Kind::Map; }

  /// The value of a key of a map, or null.
  const YamlNode *find(llvm::StringRef key) const;

  /// What it is, in words: "a list", "the text 'x'".
  std::string describe() const;
};

struct YamlNode::Entry {
  YamlNode key; ///< a scalar
  YamlNode value;
};

/// A file, read as a whole, so that an error can name any part of it.
struct YamlDocument {
  std::string file;
  YamlNode root;

  /// "recipe.yaml:4:5".
  std::string where(const YamlNode &node) const;
  /// "recipe.yaml:4:5: message".
  llvm::Error error(const YamlNode &node, const llvm::Twine &message) const;
};

/// Reads one document. Errors have file, line and column: not YAML, more than
/// one document, a key twice, and what nobody needs here: aliases, tags, keys
/// that are not scalars. `file` is for messages.
llvm::Expected<YamlDocument> readYaml(llvm::StringRef text,
                                      llvm::StringRef file);

} // namespace qopt

#endif // QOPT_LIB_RECIPES_YAMLTREE_H

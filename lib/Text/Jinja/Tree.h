//===- Tree.h - A template as a tree ----------------------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_JINJA_TREE_H
#define QOPT_LIB_TEXT_JINJA_TREE_H

#include "lib/Text/Jinja/Lexer.h"
#include "lib/Text/Jinja/Value.h"
#include <memory>

namespace qopt::text::jinja {

/// A statement or an expression. Its children are named in the comments, those
/// in brackets may be null.
struct Node {
  enum class Kind {
    // Statements.
    Sequence, ///< statements
    Text,     ///< text
    Output,   ///< expression
    If,       ///< condition, body, condition, body, ..., [else]
    For,      ///< names; items, [filter], body, [else]
    Set,      ///< names; value
    SetField, ///< text of names[0]; value
    Break,
    Continue,
    // Expressions.
    Literal,    ///< value
    List,       ///< items
    Map,        ///< key, value, key, value, ...
    Name,       ///< text
    Attribute,  ///< text of object
    Index,      ///< object, key
    Slice,      ///< object, [begin], [end]
    Call,       ///< function, arguments
    Filter,     ///< text; input, arguments
    Test,       ///< text; input, arguments
    Not,        ///< operand
    Negate,     ///< operand
    Binary,     ///< text is the operator; left, right
    Conditional ///< value, condition, [otherwise]
  };

  Kind kind;
  size_t at;
  std::string text;
  Value value;
  std::vector<std::string> names;
  std::vector<std::unique_ptr<Node>> children;
  /// Named arguments, behind all other children: one name for each of the last
  /// children.
  std::vector<std::string> argumentNames;
  unsigned depth = 1; ///< of the tree below: bounded, as trees are recursed
};

using NodePtr = std::unique_ptr<Node>;

/// Reads a template; what is not supported is an error that names it.
llvm::Expected<NodePtr> parse(llvm::StringRef source);

} // namespace qopt::text::jinja

#endif // QOPT_LIB_TEXT_JINJA_TREE_H

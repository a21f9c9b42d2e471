//===- Parser.h - Reads statements and expressions --------------*- C++ -*-===//

#ifndef QOPT_LIB_TEXT_JINJA_PARSER_H
#define QOPT_LIB_TEXT_JINJA_PARSER_H

#include "lib/Text/Jinja/Tree.h"

namespace qopt::text::jinja {

/// By recursive descent. The first problem is kept; after it the parser stands
/// at the end, so that all loops end.
class Parser {
public:
  explicit Parser(std::vector<Token> tokens) : tokens(std::move(tokens)) {}

  /// Reads all; null after a problem.
  NodePtr parseTemplate();

  std::string problem;
  size_t problemAt = 0;

private:
  // Statements.
  NodePtr parseStatements(llvm::ArrayRef<llvm::StringRef> ends);
  NodePtr parseBlock();
  NodePtr parseIf(size_t at);
  NodePtr parseFor(size_t at);
  NodePtr parseSet(size_t at);
  NodePtr parseOutput();
  void endBlock();
  void endBlock(llvm::StringRef name);

  // Expressions, from the operators that bind least.
  NodePtr parseExpression();
  NodePtr parseOr();
  NodePtr parseAnd();
  NodePtr parseNot();
  NodePtr parseCompare();
  NodePtr parseLeft(unsigned level);
  NodePtr parseUnary(bool withFilters = true);
  NodePtr parseFilters(NodePtr node);
  NodePtr parseTest(NodePtr node);
  NodePtr parsePostfix(NodePtr node);
  NodePtr parseSubscript(NodePtr object);
  NodePtr parsePrimary();
  NodePtr parseName();
  NodePtr parseList(llvm::StringRef end);
  NodePtr parseMap();
  void parseArguments(Node &node);

  // Tokens.
  const Token &peek(size_t ahead = 0) const {
    return tokens[std::min(next + ahead, tokens.size() - 1)];
  }
  Token take();
  bool takeName(llvm::StringRef name);
  bool takeOperator(llvm::StringRef name);
  void expectOperator(llvm::StringRef name);
  std::string expectName();
  void refuse(const llvm::Twine &message);
  bool failed() const { return !problem.empty(); }

  NodePtr make(Node::Kind kind, size_t at, std::string text = "");
  /// Takes a child over; refuses trees that are too deep.
  void addChild(Node &parent, NodePtr child);
  NodePtr makeBinary(size_t at, llvm::StringRef name, NodePtr left,
                     NodePtr right);

  std::vector<Token> tokens;
  size_t next = 0;
  unsigned nesting = 0;
};

} // namespace qopt::text::jinja

#endif // QOPT_LIB_TEXT_JINJA_PARSER_H

//===- Statements.cpp - Reads the statements of a template ----------------===//

#include "lib/Text/Jinja/Parser.h"
#include "lib/Text/JsonCursor.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace qopt::text::jinja {

using Kind = Node::Kind;

void Parser::refuse(const Twine &message) {
  if (failed())
    return;
  problem = message.str();
  problemAt = peek().at;
  next = tokens.size() - 1;
}

Token Parser::take() {
  Token token = peek();
  next = std::min(next + 1, tokens.size() - 1);
  return token;
}

bool Parser::takeName(StringRef name) {
  return peek().isName(name) && (take(), true);
}

bool Parser::takeOperator(StringRef name) {
  return peek().isOperator(name) && (take(), true);
}

static std::string describe(const Token &token) {
  switch (token.kind) {
  case Token::Kind::End:
    return "the end of the template";
  case Token::Kind::OutputEnd:
  case Token::Kind::BlockEnd:
    return "the end of the tag";
  case Token::Kind::Text:
  case Token::Kind::OutputBegin:
  case Token::Kind::BlockBegin:
    return "the start of a tag or text";
  default:
    return "'" + shorten(token.text) + "'";
  }
}

void Parser::expectOperator(StringRef name) {
  if (!takeOperator(name))
    refuse("expects '" + name + "', but got " + describe(peek()));
}

std::string Parser::expectName() {
  if (peek().kind != Token::Kind::Name)
    refuse("expects a name, but got " + describe(peek()));
  return take().text;
}

NodePtr Parser::make(Kind kind, size_t at, std::string text) {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->at = at;
  node->text = std::move(text);
  return node;
}

void Parser::addChild(Node &parent, NodePtr child) {
  if (child) {
    parent.depth = std::max(parent.depth, child->depth + 1);
    if (parent.depth > 200)
      refuse("the template is nested too deeply");
  }
  parent.children.push_back(std::move(child));
}

NodePtr Parser::parseTemplate() {
  NodePtr all = parseStatements({});
  if (!failed() && peek().kind != Token::Kind::End)
    refuse("expects the end of the template, but got " + describe(peek()));
  return failed() ? nullptr : std::move(all);
}

/// Reads up to a block with one of the names, whose tag is begun then.
NodePtr Parser::parseStatements(ArrayRef<StringRef> ends) {
  NodePtr sequence = make(Kind::Sequence, peek().at);
  if (++nesting > 60)
    refuse("the template is nested too deeply");
  while (peek().kind != Token::Kind::End) {
    Token token = take();
    if (token.kind == Token::Kind::Text) {
      addChild(*sequence, make(Kind::Text, token.at, token.text));
    } else if (token.kind == Token::Kind::OutputBegin) {
      addChild(*sequence, parseOutput());
    } else if (llvm::is_contained(ends, peek().text)) {
      --nesting;
      return sequence;
    } else {
      addChild(*sequence, parseBlock());
    }
  }
  if (!ends.empty())
    refuse("expects '" + ends.back() + "', but got the end of the template");
  --nesting;
  return sequence;
}

NodePtr Parser::parseOutput() {
  NodePtr output = make(Kind::Output, peek().at);
  addChild(*output, parseExpression());
  if (peek().kind != Token::Kind::OutputEnd)
    refuse("expects the end of the tag, but got " + describe(peek()));
  take();
  return output;
}

void Parser::endBlock() {
  if (peek().kind != Token::Kind::BlockEnd)
    refuse("expects the end of the tag, but got " + describe(peek()));
  take();
}

void Parser::endBlock(StringRef name) {
  if (!takeName(name))
    refuse("expects '" + name + "', but got " + describe(peek()));
  endBlock();
}

NodePtr Parser::parseBlock() {
  size_t at = peek().at;
  std::string name = peek().kind == Token::Kind::Name ? peek().text : "";
  if (takeName("if"))
    return parseIf(at);
  if (takeName("for"))
    return parseFor(at);
  if (takeName("set"))
    return parseSet(at);
  if (takeName("generation")) { // marks what training looks at
    endBlock();
    NodePtr body = parseStatements({"endgeneration"});
    endBlock("endgeneration");
    return body;
  }
  if (name == "break" || name == "continue") {
    Kind kind = name == "break" ? Kind::Break : Kind::Continue;
    take();
    endBlock();
    return make(kind, at);
  }
  refuse("the statement " + describe(peek()) + " is not supported");
  return make(Kind::Sequence, at);
}

NodePtr Parser::parseIf(size_t at) {
  NodePtr node = make(Kind::If, at);
  do {
    addChild(*node, parseExpression());
    endBlock();
    addChild(*node, parseStatements({"elif", "else", "endif"}));
  } while (takeName("elif"));
  if (takeName("else")) {
    endBlock();
    addChild(*node, parseStatements({"endif"}));
  }
  endBlock("endif");
  return node;
}

NodePtr Parser::parseFor(size_t at) {
  NodePtr node = make(Kind::For, at);
  do
    node->names.push_back(expectName());
  while (takeOperator(","));
  if (!takeName("in"))
    refuse("expects 'in', but got " + describe(peek()));
  addChild(*node, parseOr());
  addChild(*node, takeName("if") ? parseExpression() : nullptr);
  if (peek().isName("recursive"))
    refuse("a recursive loop is not supported");
  endBlock();
  addChild(*node, parseStatements({"else", "endfor"}));
  NodePtr otherwise;
  if (takeName("else")) {
    endBlock();
    otherwise = parseStatements({"endfor"});
  }
  addChild(*node, std::move(otherwise));
  endBlock("endfor");
  return node;
}

NodePtr Parser::parseSet(size_t at) {
  NodePtr node = make(Kind::Set, at);
  node->names.push_back(expectName());
  if (takeOperator(".")) {
    node->kind = Kind::SetField;
    node->text = expectName();
  }
  if (peek().kind == Token::Kind::BlockEnd && node->kind == Kind::Set)
    refuse("a block of 'set' is not supported");
  if (peek().isOperator(","))
    refuse("'set' of more than one name is not supported");
  expectOperator("=");
  addChild(*node, parseExpression());
  endBlock();
  return node;
}

Expected<NodePtr> parse(StringRef source) {
  Expected<std::vector<Token>> tokens = tokenize(source);
  if (!tokens)
    return tokens.takeError();
  Parser parser(std::move(*tokens));
  NodePtr tree = parser.parseTemplate();
  if (!tree)
    return errorAt(source, parser.problemAt, parser.problem);
  return tree;
}

} // namespace qopt::text::jinja

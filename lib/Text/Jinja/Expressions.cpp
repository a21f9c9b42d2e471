//===- Expressions.cpp - Reads the expressions of a template --------------===//

#include "lib/Text/Jinja/Parser.h"

using namespace llvm;

namespace qopt::text::jinja {

using Kind = Node::Kind;

NodePtr Parser::makeBinary(size_t at, StringRef name, NodePtr left,
                           NodePtr right) {
  NodePtr node = make(Kind::Binary, at, name.str());
  addChild(*node, std::move(left));
  addChild(*node, std::move(right));
  return node;
}

/// "a if b else c".
NodePtr Parser::parseExpression() {
  if (++nesting > 60)
    refuse("the template is nested too deeply");
  NodePtr value = parseOr();
  while (peek().isName("if")) {
    NodePtr node = make(Kind::Conditional, take().at);
    addChild(*node, std::move(value));
    addChild(*node, parseOr());
    addChild(*node, takeName("else") ? parseExpression() : nullptr);
    value = std::move(node);
  }
  --nesting;
  return value;
}

NodePtr Parser::parseOr() {
  NodePtr left = parseAnd();
  while (peek().isName("or")) {
    size_t at = take().at;
    left = makeBinary(at, "or", std::move(left), parseAnd());
  }
  return left;
}

NodePtr Parser::parseAnd() {
  NodePtr left = parseNot();
  while (peek().isName("and")) {
    size_t at = take().at;
    left = makeBinary(at, "and", std::move(left), parseNot());
  }
  return left;
}

NodePtr Parser::parseNot() {
  if (!peek().isName("not"))
    return parseCompare();
  NodePtr node = make(Kind::Not, take().at);
  if (++nesting > 60)
    refuse("the template is nested too deeply");
  addChild(*node, parseNot());
  --nesting;
  return node;
}

static bool isComparison(const Token &token) {
  if (token.kind != Token::Kind::Operator)
    return false;
  for (StringRef name : {"==", "!=", "<", "<=", ">", ">="})
    if (token.text == name)
      return true;
  return false;
}

NodePtr Parser::parseCompare() {
  NodePtr left = parseLeft(0);
  bool isNotIn = peek().isName("not") && peek(1).isName("in");
  if (!isComparison(peek()) && !peek().isName("in") && !isNotIn)
    return left;
  Token token = take();
  if (isNotIn)
    token = take();
  NodePtr node =
      makeBinary(token.at, token.text, std::move(left), parseLeft(0));
  if (isNotIn) {
    NodePtr negated = make(Kind::Not, token.at);
    addChild(*negated, std::move(node));
    node = std::move(negated);
  }
  if (isComparison(peek()) || peek().isName("in"))
    refuse("a chain of comparisons is not supported");
  return node;
}

/// Operators that associate to the left, from those that bind least.
NodePtr Parser::parseLeft(unsigned level) {
  static constexpr StringRef names[] = {"+-", "~", "*/%"};
  if (level == std::size(names))
    return parseUnary();
  NodePtr left = parseLeft(level + 1);
  while (peek().kind == Token::Kind::Operator) {
    if (peek().text == "**")
      refuse("the operator '**' is not supported");
    bool isOne = names[level].contains(peek().text) ||
                 (level == 2 && peek().text == "//");
    if (!isOne)
      break;
    Token token = take();
    left =
        makeBinary(token.at, token.text, std::move(left), parseLeft(level + 1));
  }
  return left;
}

NodePtr Parser::parseUnary(bool withFilters) {
  NodePtr node;
  if (peek().isOperator("-")) {
    node = make(Kind::Negate, take().at);
    if (++nesting > 60)
      refuse("the template is nested too deeply");
    addChild(*node, parseUnary(/*withFilters=*/false));
    --nesting;
  } else {
    node = parsePostfix(parsePrimary());
  }
  return withFilters ? parseFilters(std::move(node)) : std::move(node);
}

NodePtr Parser::parseFilters(NodePtr node) {
  for (;;) {
    if (peek().isOperator("|")) {
      size_t at = take().at;
      NodePtr filter = make(Kind::Filter, at, expectName());
      addChild(*filter, std::move(node));
      if (takeOperator("("))
        parseArguments(*filter);
      node = std::move(filter);
    } else if (peek().isName("is")) {
      node = parseTest(std::move(node));
    } else {
      return node;
    }
  }
}

/// "is [not] name", with arguments in parentheses or one without.
NodePtr Parser::parseTest(NodePtr input) {
  size_t at = take().at;
  bool isNegated = takeName("not");
  NodePtr test = make(Kind::Test, at, expectName());
  addChild(*test, std::move(input));
  if (takeOperator("(")) {
    parseArguments(*test);
  } else if (peek().kind == Token::Kind::String ||
             peek().kind == Token::Kind::Integer || peek().isOperator("[") ||
             peek().isOperator("{") ||
             (peek().kind == Token::Kind::Name && !peek().isName("else") &&
              !peek().isName("or") && !peek().isName("and") &&
              !peek().isName("if") && !peek().isName("is") &&
              !peek().isName("in") && !peek().isName("not"))) {
    addChild(*test, parsePostfix(parsePrimary()));
  }
  if (!isNegated)
    return test;
  NodePtr negated = make(Kind::Not, at);
  addChild(*negated, std::move(test));
  return negated;
}

NodePtr Parser::parsePostfix(NodePtr node) {
  for (;;) {
    size_t at = peek().at;
    if (takeOperator(".")) {
      NodePtr attribute = make(Kind::Attribute, at, expectName());
      addChild(*attribute, std::move(node));
      node = std::move(attribute);
    } else if (takeOperator("[")) {
      node = parseSubscript(std::move(node));
    } else if (takeOperator("(")) {
      NodePtr call = make(Kind::Call, at);
      addChild(*call, std::move(node));
      parseArguments(*call);
      node = std::move(call);
    } else {
      return node;
    }
  }
}

/// Behind "[": a key, or a slice.
NodePtr Parser::parseSubscript(NodePtr object) {
  size_t at = peek().at;
  NodePtr first = peek().isOperator(":") ? nullptr : parseExpression();
  if (!takeOperator(":")) {
    NodePtr index = make(Kind::Index, at);
    addChild(*index, std::move(object));
    addChild(*index, std::move(first));
    expectOperator("]");
    return index;
  }
  NodePtr slice = make(Kind::Slice, at);
  addChild(*slice, std::move(object));
  addChild(*slice, std::move(first));
  bool isOpen = peek().isOperator("]") || peek().isOperator(":");
  addChild(*slice, isOpen ? nullptr : parseExpression());
  // [::-1] turns around; other steps nobody needs.
  if (takeOperator(":") && !peek().isOperator("]")) {
    bool isReversed = takeOperator("-") &&
                      peek().kind == Token::Kind::Integer && peek().text == "1";
    if (!isReversed || slice->children[1] || slice->children[2])
      refuse("a slice with a step is not supported, but for [::-1]");
    take();
    slice->text = "reversed";
  }
  expectOperator("]");
  return slice;
}

void Parser::parseArguments(Node &node) {
  while (!failed() && !takeOperator(")")) {
    if (peek().isOperator("*") || peek().isOperator("**"))
      refuse("arguments with '*' are not supported");
    if (peek().kind == Token::Kind::Name && peek(1).isOperator("=")) {
      node.argumentNames.push_back(take().text);
      take();
    } else if (!node.argumentNames.empty()) {
      refuse("expects a named argument behind a named one");
    }
    addChild(node, parseExpression());
    if (!peek().isOperator(")"))
      expectOperator(",");
  }
}

NodePtr Parser::parsePrimary() {
  size_t at = peek().at;
  NodePtr literal = make(Kind::Literal, at);
  if (peek().kind == Token::Kind::String) {
    std::string text;
    while (peek().kind == Token::Kind::String)
      text += take().text;
    literal->value = Value(std::move(text));
    return literal;
  }
  if (peek().kind == Token::Kind::Integer) {
    int64_t number = 0;
    if (StringRef(peek().text).getAsInteger(10, number))
      refuse("the number is too large");
    take();
    literal->value = Value(number);
    return literal;
  }
  if (takeOperator("["))
    return parseList("]");
  if (takeOperator("{"))
    return parseMap();
  if (takeOperator("(")) {
    NodePtr inside = parseExpression();
    if (!peek().isOperator(",")) {
      expectOperator(")");
      return inside;
    }
    take();
    NodePtr list = parseList(")");
    list->children.insert(list->children.begin(), std::move(inside));
    return list;
  }
  return parseName();
}

NodePtr Parser::parseName() {
  size_t at = peek().at;
  std::string name = expectName();
  NodePtr literal = make(Kind::Literal, at);
  if (name == "true" || name == "True")
    literal->value = Value(true);
  else if (name == "false" || name == "False")
    literal->value = Value(false);
  else if (name == "none" || name == "None")
    literal->value = Value(Value::None());
  else
    return make(Kind::Name, at, name);
  return literal;
}

NodePtr Parser::parseList(StringRef end) {
  NodePtr list = make(Kind::List, peek().at);
  while (!failed() && !takeOperator(end)) {
    addChild(*list, parseExpression());
    if (!peek().isOperator(end))
      expectOperator(",");
  }
  return list;
}

NodePtr Parser::parseMap() {
  NodePtr map = make(Kind::Map, peek().at);
  while (!failed() && !takeOperator("}")) {
    addChild(*map, parseExpression());
    expectOperator(":");
    addChild(*map, parseExpression());
    if (!peek().isOperator("}"))
      expectOperator(",");
  }
  return map;
}

} // namespace qopt::text::jinja

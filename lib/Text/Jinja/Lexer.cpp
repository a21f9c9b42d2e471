//===- Lexer.cpp - A template as text and tokens --------------------------===//

#include "lib/Text/Jinja/Lexer.h"
#include "lib/Text/Unicode.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace qopt::text::jinja {

Error errorAt(StringRef source, size_t at, const Twine &message) {
  StringRef before = source.take_front(at);
  size_t line = before.count('\n') + 1;
  size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  return createStringError("line " + Twine(line) + ", column " + Twine(column) +
                           ": " + message);
}

namespace {

class Lexer {
public:
  explicit Lexer(StringRef source) : source(source) {}

  Expected<std::vector<Token>> run() {
    while (at < source.size() && problem.empty())
      readTextAndTag();
    if (!problem.empty())
      return errorAt(source, at, problem);
    tokens.push_back({Token::Kind::End, "", source.size()});
    return std::move(tokens);
  }

private:
  void readTextAndTag();
  void readTag(bool isBlock);
  void readComment();
  void readToken();
  void readString();
  void readEscape(std::string &text);
  void addText(size_t begin, size_t end, StringRef tag);
  void finishTag(StringRef end, bool isBlock);

  char peek(size_t ahead = 0) const {
    return at + ahead < source.size() ? source[at + ahead] : '\0';
  }
  bool isAt(StringRef text) const {
    return source.substr(at).starts_with(text);
  }
  void add(Token::Kind kind, size_t begin, const Twine &text) {
    tokens.push_back({kind, text.str(), begin});
  }

  StringRef source;
  size_t at = 0;
  bool startsLine = true; ///< the text behind the last tag starts a line
  std::vector<Token> tokens;
  std::string problem;
};

} // namespace

/// Adds text up to a tag ("" at the end), less what the tag takes away.
void Lexer::addText(size_t begin, size_t end, StringRef tag) {
  StringRef text = source.slice(begin, end);
  char sign = tag.size() > 2 ? tag[2] : '\0';
  if (sign == '-') {
    text = text.rtrim(" \t\n\r\f\v");
  } else if (!tag.empty() && !tag.starts_with("{{") && sign != '+') {
    size_t line = text.rfind('\n') + 1;
    bool isIndent =
        text.substr(line).find_first_not_of(" \t\f\v\r") == StringRef::npos;
    if (isIndent && (line > 0 || startsLine))
      text = text.take_front(line);
  }
  if (!text.empty())
    add(Token::Kind::Text, begin, text);
}

static size_t findTag(StringRef source, size_t from) {
  for (size_t tag = source.find('{', from); tag != StringRef::npos;
       tag = source.find('{', tag + 1))
    if (tag + 1 < source.size() && StringRef("{%#").contains(source[tag + 1]))
      return tag;
  return source.size();
}

void Lexer::readTextAndTag() {
  size_t tag = findTag(source, at);
  addText(at, tag, source.substr(tag, 3));
  at = tag;
  if (tag == source.size())
    return;
  if (source[tag + 1] == '#')
    readComment();
  else
    readTag(source[tag + 1] == '%');
}

/// Behind the end of a tag: what it takes away of the text that follows.
void Lexer::finishTag(StringRef end, bool isBlock) {
  bool trims = at < source.size() && source[at] == '-';
  at = std::min(at + end.size() + (isAt(end) ? 0 : 1), source.size());
  size_t text = at;
  if (trims)
    while (at < source.size() && isSpace(source[at]))
      ++at;
  else if (isBlock && peek() == '\n' && source[text - end.size() - 1] != '+')
    ++at;
  startsLine = at > 0 && source[at - 1] == '\n';
}

void Lexer::readComment() {
  size_t end = source.find("#}", at + 2);
  if (end == StringRef::npos) {
    problem = "the comment has no end";
    return;
  }
  size_t content = at + (peek(2) == '-' || peek(2) == '+' ? 3 : 2);
  at = end > content && source[end - 1] == '-' ? end - 1 : end;
  finishTag("#}", /*isBlock=*/true);
}

void Lexer::readTag(bool isBlock) {
  StringRef end = isBlock ? "%}" : "}}";
  add(isBlock ? Token::Kind::BlockBegin : Token::Kind::OutputBegin, at, "");
  at += 2;
  if (peek() == '-' || peek() == '+')
    ++at;
  size_t open = 0; // braces of dictionaries
  while (problem.empty()) {
    while (at < source.size() && isSpace(source[at]))
      ++at;
    if (at >= source.size()) {
      problem = "the tag has no end";
      return;
    }
    bool signedEnd = (peek() == '-' || peek() == '+') &&
                     source.substr(at + 1).starts_with(end);
    if (open == 0 && (signedEnd || isAt(end))) {
      add(isBlock ? Token::Kind::BlockEnd : Token::Kind::OutputEnd, at, "");
      finishTag(end, isBlock);
      return;
    }
    open += peek() == '{';
    open -= peek() == '}' && open > 0;
    readToken();
  }
}

void Lexer::readToken() {
  size_t begin = at;
  char c = peek();
  if (c == '\'' || c == '"')
    return readString();
  if (isAlpha(c) || c == '_') {
    while (isAlnum(peek()) || peek() == '_')
      ++at;
    return add(Token::Kind::Name, begin, source.slice(begin, at));
  }
  if (isDigit(c)) {
    while (isDigit(peek()))
      ++at;
    if ((peek() == '.' && isDigit(peek(1))) || isAlpha(peek()))
      problem = "numbers that are no integers are not supported";
    return add(Token::Kind::Integer, begin, source.slice(begin, at));
  }
  for (StringRef two : {"==", "!=", "<=", ">=", "//", "**"})
    if (isAt(two)) {
      at += 2;
      return add(Token::Kind::Operator, begin, two);
    }
  if (!StringRef("+-*/%~<>=.:|,()[]{}").contains(c)) {
    problem = "expects a tag's content, but got '" +
              source.substr(at, characterLength(c)).str() + "'";
    return;
  }
  ++at;
  add(Token::Kind::Operator, begin, Twine(c));
}

void Lexer::readString() {
  size_t begin = at;
  char quote = source[at++];
  std::string text;
  while (at < source.size() && source[at] != quote)
    if (source[at] == '\\' && at + 1 < source.size())
      readEscape(text);
    else
      text += source[at++];
  if (at >= source.size()) {
    at = begin;
    problem = "the string has no end";
    return;
  }
  ++at;
  add(Token::Kind::String, begin, text);
}

/// Python's escapes.
void Lexer::readEscape(std::string &text) {
  static constexpr StringRef letters = "ntr\\'\"0abfv";
  static constexpr StringRef meanings("\n\t\r\\'\"\0\a\b\f\v", 11);
  char letter = source[at + 1];
  size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  uint32_t code;
  if (digits != 0 && at + 2 + digits <= source.size() &&
      !source.substr(at + 2, digits).getAsInteger(16, code)) {
    if (code >= 0x110000 || (code >= 0xD800 && code < 0xE000))
      problem = "the escape is no character";
    else
      appendCharacter(text, code);
    at += 2 + digits;
    return;
  }
  size_t known = letters.find(letter);
  if (known != StringRef::npos)
    text += meanings[known];
  else if (letter != '\n') // a backslash joins lines
    (text += '\\') += letter;
  at += 2;
}

Expected<std::vector<Token>> tokenize(StringRef source) {
  return Lexer(source).run();
}

} // namespace qopt::text::jinja

//===- CText.cpp - Names and strings in generated C -----------------------===//

#include "lib/Artifact/CText.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace qopt {

/// Of C11 and C++23, and macros that compilers and <stddef.h> define.
static bool isReserved(StringRef name) {
  static const StringSet<> words = {"alignas",
                                    "alignof",
                                    "and",
                                    "and_eq",
                                    "asm",
                                    "auto",
                                    "bitand",
                                    "bitor",
                                    "bool",
                                    "break",
                                    "case",
                                    "catch",
                                    "char",
                                    "char16_t",
                                    "char32_t",
                                    "char8_t",
                                    "class",
                                    "co_await",
                                    "co_return",
                                    "co_yield",
                                    "compl",
                                    "concept",
                                    "const",
                                    "const_cast",
                                    "consteval",
                                    "constexpr",
                                    "constinit",
                                    "continue",
                                    "decltype",
                                    "default",
                                    "delete",
                                    "do",
                                    "double",
                                    "dynamic_cast",
                                    "else",
                                    "enum",
                                    "explicit",
                                    "export",
                                    "extern",
                                    "false",
                                    "float",
                                    "for",
                                    "friend",
                                    "goto",
                                    "if",
                                    "inline",
                                    "int",
                                    "long",
                                    "mutable",
                                    "namespace",
                                    "new",
                                    "noexcept",
                                    "not",
                                    "not_eq",
                                    "nullptr",
                                    "operator",
                                    "or",
                                    "or_eq",
                                    "private",
                                    "protected",
                                    "public",
                                    "register",
                                    "reinterpret_cast",
                                    "requires",
                                    "restrict",
                                    "return",
                                    "short",
                                    "signed",
                                    "sizeof",
                                    "static",
                                    "static_assert",
                                    "static_cast",
                                    "struct",
                                    "switch",
                                    "template",
                                    "this",
                                    "thread_local",
                                    "throw",
                                    "true",
                                    "try",
                                    "typedef",
                                    "typeid",
                                    "typename",
                                    "typeof",
                                    "union",
                                    "unsigned",
                                    "using",
                                    "virtual",
                                    "void",
                                    "volatile",
                                    "wchar_t",
                                    "while",
                                    "xor",
                                    "xor_eq",
                                    "NULL",
                                    "errno",
                                    "linux",
                                    "unix",
                                    "offsetof"};
  return words.contains(name);
}

std::string cIdentifier(StringRef text) {
  std::string name;
  for (char c : text)
    // Two underscores in a row are the implementation's.
    if (isAlnum(c))
      name += c;
    else if (name.empty() || name.back() != '_')
      name += '_';
  if (name.empty() || isDigit(name[0]) || name[0] == '_')
    name = "x" + name;
  return isReserved(name) ? name + "_" : name;
}

std::string cString(StringRef text) {
  std::string literal = "\"";
  for (char c : text) {
    if (isPrint(c) && c != '"' && c != '\\' && c != '?') {
      literal += c;
      continue;
    }
    unsigned char byte = static_cast<unsigned char>(c);
    literal += '\\'; // three octal digits end by themselves
    for (int shift : {6, 3, 0})
      literal += char('0' + ((byte >> shift) & 7));
  }
  return literal + "\"";
}

std::string cComment(StringRef text) {
  std::string comment;
  for (char c : text)
    comment += isPrint(c) && c != '*' && c != '/' && c != '\\' ? c : '.';
  return comment;
}

std::string CScope::unique(StringRef text) {
  std::string name = cIdentifier(text), candidate = name;
  for (int number = 2; !names.insert(candidate).second; ++number)
    candidate = name + (name.back() == '_' ? "" : "_") + std::to_string(number);
  return candidate;
}

} // namespace qopt

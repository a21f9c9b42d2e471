//===- YamlTreeTest.cpp - Tests of YAML with places -----------------------===//

#include "lib/Recipes/YamlTree.h"
#include <gtest/gtest.h>
#include <random>

using namespace qopt;

namespace {

/// "1:1 map(1:1 key: 1:6 'value')".
std::string print(const YamlNode &node) {
  std::string text =
      std::to_string(node.line) + ":" + std::to_string(node.column) + " ";
  switch (node.kind) {
  case YamlNode::Kind::Null:
    return text + "null";
  case YamlNode::Kind::Scalar:
    return text + "'" + node.text + "'";
  case YamlNode::Kind::List:
    text += "[";
    for (const YamlNode &item : node.items)
      text += (&item == &node.items.front() ? "" : ", ") + print(item);
    return text + "]";
  case YamlNode::Kind::Map:
    text += "{";
    for (const YamlNode::Entry &entry : node.entries)
      text += (&entry == &node.entries.front() ? "" : ", ") + print(entry.key) +
              ": " + print(entry.value);
    return text + "}";
  }
  return text;
}

std::string read(llvm::StringRef text) {
  llvm::Expected<YamlDocument> document = readYaml(text, "f");
  return document ? print(document->root)
                  : llvm::toString(document.takeError());
}

TEST(YamlTree, PlacesOfEverything) {
  EXPECT_EQ(read("a: b\n"), "1:1 {1:1 'a': 1:4 'b'}");
  EXPECT_EQ(read("# note\n\na:\n  - b\n  -  'c d'\n"),
            "3:1 {3:1 'a': 4:3 [4:5 'b', 5:6 'c d']}");
  EXPECT_EQ(read("- x: 1\n  y: {z: \"2\", w: [ 3 ]}\n"),
            "1:1 [1:3 {1:3 'x': 1:6 '1', 2:3 'y': "
            "2:6 {2:7 'z': 2:10 '2', 2:15 'w': 2:18 [2:20 '3']}}]");
  EXPECT_EQ(read("a: {}\nb: []\nc: { }\n"),
            "1:1 {1:1 'a': 1:4 {}, 2:1 'b': 2:4 [], 3:1 'c': 3:4 {}}");
  EXPECT_EQ(read("a:\nb: 1\n"), "1:1 {1:1 'a': 1:1 null, 2:1 'b': 2:4 '1'}");
  EXPECT_EQ(read("a: |\n  text\n"), "1:1 {1:1 'a': 1:1 'text\n'}");
  EXPECT_EQ(read("--- \na: b\n...\n"), "2:1 {2:1 'a': 2:4 'b'}");
  EXPECT_EQ(read("a: 'it''s'\r\nb: \"\\x41\"\r\n"),
            "1:1 {1:1 'a': 1:4 'it's', 2:1 'b': 2:4 'A'}");
  EXPECT_EQ(read("word"), "1:1 'word'");
}

TEST(YamlTree, Nothing) {
  EXPECT_EQ(read(""), "1:1 null");
  EXPECT_EQ(read("\n# nothing\n"), "1:1 null");
  EXPECT_EQ(read("---\n"), "1:1 null");
}

TEST(YamlTree, Errors) {
  EXPECT_EQ(read("a: 1\nb: 2\n a: 3\n"),
            "f:3:3: not YAML: unexpected token. Expected Key or Block End");
  EXPECT_EQ(read("a: 1\nb: 2\na: 3\n"),
            "f:3:1: key 'a' stands twice; first in line 1");
  EXPECT_EQ(read("a: {b: 1, 'b': 2}\n"),
            "f:1:11: key 'b' stands twice; first in line 1");
  EXPECT_EQ(read("a: [1, 2\nb: 3\n"),
            "f:2:5: not YAML: could not find closing ]");
  EXPECT_EQ(read("a: {b: 1\n"), "f:1:9: not YAML: unexpected token. Expected "
                                "Key, Flow Entry, or Flow Mapping End");
  EXPECT_EQ(read("a: \"text\n"),
            "f:1:9: not YAML: expected quote at end of scalar");
  EXPECT_EQ(read("a: b: c\n"),
            "f:1:5: not YAML: unexpected token. Expected Key or Block End");
  EXPECT_EQ(read("a: @b\n"),
            "f:1:4: not YAML: unrecognized character while tokenizing");
  EXPECT_EQ(read("a: 1\n---\nb: 2\n"),
            "f:3:1: expects one document, but a second begins here");
  EXPECT_EQ(read("a: &x 1\nb: *x\n"), "f:2:1: aliases are not supported");
  EXPECT_EQ(read("a: !!int 1\n"), "f:1:10: tags are not supported");
  EXPECT_EQ(read("? [a]\n: 1\n"), "f:1:1: expects keys that are words");
  EXPECT_EQ(read(std::string(100, '[')), "f:1:34: nested too deeply");
  EXPECT_EQ(read(llvm::StringRef("a: \0b\n", 7)),
            "f:1:4: not YAML: got empty plain scalar");
  EXPECT_EQ(read("a: \xff\xfe\n"), "f:1:4: not YAML: got empty plain scalar");
  EXPECT_EQ(read("\x7f"
                 "ELF\x02\x01\x01"),
            "f:1:1: not YAML: got empty plain scalar");
}

/// A file may be anything: it is read or refused.
TEST(YamlTree, BytesChangedAtRandom) {
  std::string good = "activations: f32\nrules:\n  - match: {role: [a, 'b'], "
                     "p: \"m.[0-3].*\"}\n    format: |\n      x\n"
                     "  - {a: {b: c}}\n  # end\n";
  std::mt19937 random(7);
  const llvm::StringRef marks("{}[]:,-?&*!|>'\"%@`# \n\t\\\0\xff\x85", 26);
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    for (unsigned count = random() % 4 + 1; count > 0; --count) {
      size_t at = random() % text.size();
      char mark = marks[random() % marks.size()];
      if (random() % 3 == 0)
        text.erase(at, random() % 8 + 1);
      else if (random() % 2)
        text.insert(at, 1, mark);
      else
        text[at] = mark;
      if (text.empty())
        text = good;
    }
    llvm::Expected<YamlDocument> document = readYaml(text, "f");
    if (document)
      continue;
    std::string message = llvm::toString(document.takeError());
    EXPECT_EQ(message.find("f:"), 0u) << message;
  }
}

} // namespace

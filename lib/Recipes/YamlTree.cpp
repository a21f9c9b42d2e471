//===- YamlTree.cpp - YAML with the places of its parts -------------------===//

#include "lib/Recipes/YamlTree.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"
#include <optional>

using namespace llvm;

namespace qopt {

const YamlNode *YamlNode::find(StringRef key) const {
  for (const Entry &entry : entries)
    if (entry.key.text == key)
      return &entry.value;
  return nullptr;
}

std::string YamlNode::describe() const {
  switch (kind) {
  case Kind::Null:
    return "nothing";
  case Kind::Scalar:
    return "'" + text + "'";
  case Kind::List:
    return "a list";
  case Kind::Map:
    return "a map";
  }
  return "";
}

std::string YamlDocument::where(const YamlNode &node) const {
  return file + ":" + std::to_string(node.line) + ":" +
         std::to_string(node.column);
}

Error YamlDocument::error(const YamlNode &node, const Twine &message) const {
  return createStringError(where(node) + ": " + message);
}

namespace {
/// Recipes have four levels; what is much deeper is an attack on the stack.
constexpr unsigned maxDepth = 32;

/// Builds the tree from LLVM's parser, which gives every node only once.
class TreeBuilder {
public:
  TreeBuilder(StringRef text, StringRef file) : text(text) {
    document.file = file.str();
    sources.setDiagHandler(
        [](const SMDiagnostic &diagnostic, void *builder) {
          static_cast<TreeBuilder *>(builder)->keep(diagnostic);
        },
        this);
  }

  Expected<YamlDocument> build();

private:
  void keep(const SMDiagnostic &diagnostic);
  Error fail(yaml::Node *node, const Twine &message);
  void setPlace(yaml::Node &node, YamlNode &result);
  Error convert(yaml::Node *node, YamlNode &result, unsigned depth);
  Error convertMap(yaml::MappingNode &map, YamlNode &result, unsigned depth);

  StringRef text;
  SourceMgr sources;
  YamlDocument document;
  std::optional<std::string> syntaxError; ///< the first one
};
} // namespace

void TreeBuilder::keep(const SMDiagnostic &diagnostic) {
  if (syntaxError)
    return;
  YamlNode place;
  place.line = unsigned(std::max(diagnostic.getLineNo(), 1));
  place.column = unsigned(std::max(diagnostic.getColumnNo(), 0)) + 1;
  StringRef message = diagnostic.getMessage().rtrim(".!");
  syntaxError = document.where(place) +
                ": not YAML: " + message.take_front().lower() +
                message.drop_front(1).str();
}

Error TreeBuilder::fail(yaml::Node *node, const Twine &message) {
  YamlNode place;
  setPlace(*node, place);
  return document.error(place, message);
}

void TreeBuilder::setPlace(yaml::Node &node, YamlNode &result) {
  // LLVM's parser knows only where these end: they stay where their key is.
  if (isa<yaml::NullNode, yaml::BlockScalarNode, yaml::AliasNode>(&node))
    return;
  const char *at = node.getSourceRange().Start.getPointer();
  // Collections begin at what is first in them; a bracket is before that.
  if (isa<yaml::MappingNode, yaml::SequenceNode>(&node)) {
    StringRef before = StringRef(text.begin(), size_t(at - text.begin()));
    before = before.rtrim();
    if (before.ends_with("{") || before.ends_with("["))
      at = before.end() - 1;
  }
  auto [line, column] = sources.getLineAndColumn(SMLoc::getFromPointer(at),
                                                 sources.getMainFileID());
  result.line = line;
  result.column = column;
}

Error TreeBuilder::convertMap(yaml::MappingNode &map, YamlNode &result,
                              unsigned depth) {
  result.kind = YamlNode::Kind::Map;
  for (yaml::KeyValueNode &pair : map) {
    YamlNode::Entry entry;
    auto *key = dyn_cast_or_null<yaml::ScalarNode>(pair.getKey());
    if (syntaxError)
      break;
    if (!key)
      return document.error(result, "expects keys that are words");
    if (Error error = convert(key, entry.key, depth))
      return error;
    if (const YamlNode *earlier = result.find(entry.key.text))
      return document.error(entry.key, "key '" + entry.key.text +
                                           "' stands twice; first in line " +
                                           Twine(earlier->line));
    entry.value.line = entry.key.line;
    entry.value.column = entry.key.column;
    if (Error error = convert(pair.getValue(), entry.value, depth))
      return error;
    result.entries.push_back(std::move(entry));
  }
  return Error::success();
}

Error TreeBuilder::convert(yaml::Node *node, YamlNode &result, unsigned depth) {
  if (!node || syntaxError)
    return Error::success();
  setPlace(*node, result);
  if (depth > maxDepth)
    return document.error(result, "nested too deeply");
  if (isa<yaml::AliasNode>(node))
    return document.error(result, "aliases are not supported");
  if (!node->getRawTag().empty())
    return document.error(result, "tags are not supported");
  if (auto *scalar = dyn_cast<yaml::ScalarNode>(node)) {
    SmallString<64> storage;
    result.kind = YamlNode::Kind::Scalar;
    result.text = scalar->getValue(storage).str();
  } else if (auto *block = dyn_cast<yaml::BlockScalarNode>(node)) {
    result.kind = YamlNode::Kind::Scalar;
    result.text = block->getValue().str();
  } else if (auto *map = dyn_cast<yaml::MappingNode>(node)) {
    return convertMap(*map, result, depth + 1);
  } else if (auto *list = dyn_cast<yaml::SequenceNode>(node)) {
    result.kind = YamlNode::Kind::List;
    for (yaml::Node &item : *list) {
      YamlNode child;
      child.line = result.line;
      child.column = result.column;
      if (Error error = convert(&item, child, depth + 1))
        return error;
      result.items.push_back(std::move(child));
    }
  }
  return Error::success();
}

Expected<YamlDocument> TreeBuilder::build() {
  yaml::Stream stream(MemoryBufferRef(text, document.file), sources,
                      /*ShowColors=*/false);
  unsigned documents = 0;
  document.root.line = document.root.column = 1;
  for (yaml::Document &part : stream) {
    yaml::Node *root = part.getRoot();
    if (syntaxError || !root)
      break;
    if (documents++ > 0)
      return fail(root, "expects one document, but a second begins here");
    if (Error error = convert(root, document.root, 0)) {
      if (!syntaxError)
        return std::move(error);
      consumeError(std::move(error));
    }
    if (syntaxError)
      break;
  }
  if (syntaxError)
    return createStringError(*syntaxError);
  if (stream.failed())
    return createStringError(document.file + ": not YAML");
  return std::move(document);
}

Expected<YamlDocument> readYaml(StringRef text, StringRef file) {
  return TreeBuilder(text, file).build();
}

} // namespace qopt

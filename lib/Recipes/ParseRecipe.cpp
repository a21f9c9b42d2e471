//===- ParseRecipe.cpp - Recipes from YAML --------------------------------===//

#include "lib/Recipes/Recipe.h"
#include "lib/Recipes/Suggest.h"
#include "lib/Recipes/YamlTree.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/GlobPattern.h"

using namespace llvm;

namespace qopt {

namespace {
class RecipeParser {
public:
  explicit RecipeParser(const YamlDocument &document) : document(document) {}

  Error parse(std::vector<Rule> &rules);

private:
  Error parseRule(const YamlNode &node, Rule &rule);
  Error parseMatch(const YamlNode &node, Rule &rule);
  Error parseFormat(const YamlNode &node, WeightChoice &choice);
  Error parseFormatMap(const YamlNode &node, Format &format);
  Error parseMethod(const YamlNode &node, WeightChoice &choice);
  Error parseActivations(const YamlNode &node, Activations &activations);
  Error setActivations(const YamlNode *node, Rule &rule);
  Error checkCache(const YamlNode &node, const WeightChoice &choice);

  /// That the node is a map without other keys.
  Error checkMap(const YamlNode &node, StringRef what,
                 ArrayRef<StringRef> keys);
  Error checkWord(const YamlNode &node, const Twine &what);
  /// The message of an error of another library, at the node.
  Error locate(const YamlNode &node, Error error) {
    return document.error(node, toString(std::move(error)));
  }

  const YamlDocument &document;
  Activations defaultActivations = Activations::F32;
};
} // namespace

Error RecipeParser::checkMap(const YamlNode &node, StringRef what,
                             ArrayRef<StringRef> keys) {
  if (!node.isMap())
    return document.error(node, "expects " + what + " to be a map, but got " +
                                    node.describe());
  for (const YamlNode::Entry &entry : node.entries)
    if (!is_contained(keys, entry.key.text))
      return document.error(entry.key, "unknown key '" + entry.key.text +
                                           "' of " + what +
                                           suggest(entry.key.text, keys));
  return Error::success();
}

Error RecipeParser::checkWord(const YamlNode &node, const Twine &what) {
  if (node.isScalar() && !node.text.empty())
    return Error::success();
  return document.error(node,
                        "expects " + what + ", but got " + node.describe());
}

Error RecipeParser::parseActivations(const YamlNode &node,
                                     Activations &activations) {
  if (Error error = checkWord(node, "the name of an activation format"))
    return error;
  std::vector<StringRef> names;
  for (Activations each : {Activations::F32, Activations::BF16,
                           Activations::Int8Token, Activations::Int8Block}) {
    names.push_back(activationsName(each));
    if (node.text != names.back())
      continue;
    activations = each;
    return Error::success();
  }
  return document.error(node, "unknown activations '" + node.text + "'" +
                                  suggest(node.text, names));
}

Error RecipeParser::parseMatch(const YamlNode &node, Rule &rule) {
  if (Error error = checkMap(node, "'match'", {"role", "path"}))
    return error;
  if (const YamlNode *role = node.find("role")) {
    if (Error error = checkWord(*role, "the name of a role"))
      return error;
    if (role->text == "conv")
      return document.error(*role,
                            "role '" + role->text + "' is not yet supported");
    std::vector<StringRef> roles = getRoles().vec();
    roles.push_back(cacheRole);
    if (!is_contained(roles, role->text))
      return document.error(*role, "unknown role '" + role->text + "'" +
                                       suggest(role->text, roles));
    rule.role = role->text;
  }
  if (const YamlNode *path = node.find("path")) {
    if (Error error = checkWord(*path, "a path, in which * and ? and [] stand "
                                       "for any text"))
      return error;
    Expected<GlobPattern> glob =
        GlobPattern::create(path->text, maxGlobAlternatives);
    if (!glob)
      return document.error(*path, "wrong path '" + path->text +
                                       "': " + toString(glob.takeError()));
    rule.path = path->text;
  }
  return Error::success();
}

/// Reads the parts one by one first, each beside others that go with anything,
/// to find the one that is to blame.
Error RecipeParser::parseFormatMap(const YamlNode &node, Format &format) {
  static constexpr StringRef keys[] = {"codes", "block", "scale", "zero"};
  if (Error error = checkMap(node, "'format'", keys))
    return error;
  for (StringRef key : {"codes", "block", "scale"})
    if (!node.find(key))
      return document.error(node, "expects '" + key + "' in a format");
  std::string text;
  for (const YamlNode::Entry &entry : node.entries) {
    if (Error error =
            checkWord(entry.value, "a value of '" + entry.key.text + "'"))
      return error;
    StringRef value = entry.value.text;
    std::string alone;
    for (StringRef key : keys) {
      StringRef part = StringSwitch<StringRef>(key)
                           .Case("codes", value.starts_with("s") ? "s8" : "u8")
                           .Case("block", "64")
                           .Case("scale", "f32")
                           .Default("none");
      alone += (alone.empty() ? "" : ", ") + key.str() + " = " +
               (key == entry.key.text ? value : part).str();
    }
    // More than a word would be read as more parts.
    Expected<Format> parsed = value.find_first_of(",= \t\n") == StringRef::npos
                                  ? Format::parse(alone)
                                  : createStringError("expects one word, but "
                                                      "got '" +
                                                      value + "'");
    if (!parsed)
      return locate(entry.value, parsed.takeError());
    text += (text.empty() ? "" : ", ") + entry.key.text + " = " + value.str();
  }
  Expected<Format> parsed = Format::parse(text);
  if (!parsed)
    return locate(node, parsed.takeError());
  format = *parsed;
  return Error::success();
}

Error RecipeParser::parseFormat(const YamlNode &node, WeightChoice &choice) {
  if (node.isMap()) {
    choice.format.emplace();
    if (Error error = parseFormatMap(node, *choice.format))
      return error;
  } else {
    if (Error error = checkWord(node, "a format, by its name or as a map"))
      return error;
    if (std::optional<DataType> storage = readFloatType(node.text)) {
      choice.storage = *storage;
      return Error::success();
    }
    std::vector<StringRef> names = {"f32", "f16", "bf16"};
    for (const FormatPreset &preset : getFormatPresets())
      names.push_back(preset.name);
    if (!is_contained(names, node.text) &&
        !StringRef(node.text).contains('=')) {
      StringRef nearest = nearestWord(node.text, names);
      return document.error(
          node, "unknown format '" + node.text + "'; " +
                    (nearest.empty()
                         ? "expects f32, f16, bf16, a name such as int4-g64, "
                           "int4-g64-sym or int8-channel, or a map"
                         : "did you mean '" + nearest.str() + "'?"));
    }
    Expected<Format> parsed = Format::parse(node.text);
    if (!parsed)
      return locate(node, parsed.takeError());
    choice.format = *parsed;
  }
  return Error::success();
}

Error RecipeParser::parseMethod(const YamlNode &node, WeightChoice &choice) {
  const YamlNode *name = node.isMap() ? node.find("name") : &node;
  if (!name)
    return document.error(node, "expects 'name' in a method");
  if (Error error = checkWord(*name, "a method, by its name or as a map"))
    return error;
  choice.method = name->text;
  auto check = [&](const YamlNode &blamed,
                   const SolverOptions &options) -> Error {
    Expected<std::unique_ptr<Solver>> solver =
        createSolver(choice.method, options);
    return solver ? Error::success() : locate(blamed, solver.takeError());
  };
  if (Error error = check(*name, {}))
    return error;
  for (const YamlNode::Entry &entry : node.entries) {
    if (entry.key.text == "name")
      continue;
    if (Error error =
            checkWord(entry.value, "a value of '" + entry.key.text + "'"))
      return error;
    choice.methodOptions[entry.key.text] = entry.value.text;
  }
  Error error = check(node, choice.methodOptions);
  if (!error)
    return Error::success();
  // Is it one of them, whatever the others are?
  for (const YamlNode::Entry &entry : node.entries) {
    if (entry.key.text == "name")
      continue;
    SolverOptions alone;
    alone[entry.key.text] = entry.value.text;
    if (Error blamed = check(entry.key, alone)) {
      consumeError(std::move(error));
      return blamed;
    }
  }
  return error;
}

/// `node` is what the rule says itself, or null. What the recipe says for all
/// rules gives way where it has no meaning: a float format has no kernel but
/// that of f32 activations, and where a scale is for the whole row of a weight,
/// a block is a row. Rows of a table are looked up, not multiplied.
Error RecipeParser::setActivations(const YamlNode *node, Rule &rule) {
  WeightChoice &choice = rule.choice;
  if (node && rule.role == "embedding")
    return document.error(*node, "a weight of role 'embedding' is no factor of "
                                 "a product: it has no activations");
  choice.activations = defaultActivations;
  if (node)
    if (Error error = parseActivations(*node, choice.activations))
      return error;
  StringRef name = activationsName(choice.activations);
  if (!choice.format && choice.activations != Activations::F32) {
    if (node)
      return document.error(*node, "activations '" + name +
                                       "' do not go with a float format; "
                                       "expects f32");
    choice.activations = Activations::F32;
  }
  if (choice.format && choice.format->block <= 0 &&
      choice.activations == Activations::Int8Block) {
    if (node)
      return document.error(*node,
                            "activations '" + name +
                                "' do not go with a format whose scale "
                                "is for a whole row; expects int8-token");
    choice.activations = Activations::Int8Token;
  }
  return Error::success();
}

/// What is stored while the model runs has neither a choice of codes nor a
/// product of its own.
Error RecipeParser::checkCache(const YamlNode &node,
                               const WeightChoice &choice) {
  bool isKnown = choice.format ? *choice.format == cacheFormat()
                               : choice.storage != DataType::BF16;
  if (!isKnown)
    return document.error(*node.find("format"),
                          "a cache is of f32, f16 or int8-channel");
  if (const YamlNode *method = node.find("method"))
    return document.error(*method, "codes of a cache are chosen when the model "
                                   "runs: it has no method");
  if (const YamlNode *activations = node.find("activations"))
    return document.error(*activations, "a cache is no factor of a product: it "
                                        "has no activations");
  return Error::success();
}

Error RecipeParser::parseRule(const YamlNode &node, Rule &rule) {
  if (Error error = checkMap(node, "a rule",
                             {"match", "format", "method", "activations"}))
    return error;
  rule.where = document.where(node);
  const YamlNode *match = node.find("match"), *format = node.find("format"),
                 *method = node.find("method");
  if (!match)
    return document.error(node,
                          "expects 'match' in a rule; {} matches every weight");
  if (!format)
    return document.error(node, "expects 'format' in a rule");
  if (Error error = parseMatch(*match, rule))
    return error;
  if (Error error = parseFormat(*format, rule.choice))
    return error;
  if (rule.role == cacheRole)
    if (Error error = checkCache(node, rule.choice))
      return error;
  if (method && !rule.choice.format)
    return document.error(*method,
                          "a float format has no codes that a method chooses");
  if (method)
    if (Error error = parseMethod(*method, rule.choice))
      return error;
  return setActivations(node.find("activations"), rule);
}

Error RecipeParser::parse(std::vector<Rule> &rules) {
  const YamlNode &root = document.root;
  if (Error error = checkMap(root, "a recipe", {"activations", "rules"}))
    return error;
  if (const YamlNode *activations = root.find("activations"))
    if (Error error = parseActivations(*activations, defaultActivations))
      return error;
  const YamlNode *list = root.find("rules");
  if (!list)
    return document.error(root, "expects 'rules' in a recipe");
  if (!list->isList() || list->items.empty())
    return document.error(
        *list, "expects 'rules' to be a list of rules, but got " +
                   (list->isList() ? "an empty one" : list->describe()));
  for (const YamlNode &node : list->items)
    if (Error error = parseRule(node, rules.emplace_back()))
      return error;
  return Error::success();
}

Expected<Recipe> parseRecipe(StringRef text, StringRef file) {
  Expected<YamlDocument> document = readYaml(text, file);
  if (!document)
    return document.takeError();
  Recipe recipe;
  recipe.name = file.str();
  recipe.text = text.str();
  if (Error error = RecipeParser(*document).parse(recipe.rules))
    return std::move(error);
  return recipe;
}

} // namespace qopt

//===- BuiltIn.cpp - Recipes that have a name -----------------------------===//

#include "lib/Recipes/Recipe.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace qopt {

namespace {
struct BuiltInRecipe {
  StringRef name, activations;
  StringRef format; ///< of all but embedding and head; of them too, if float
};
} // namespace

/// w4a8 holds activations per block: sums of integers end with a weight's group
/// anyway, so that another scale costs nothing there, and a large element of a
/// row spoils no group but its own.
static constexpr BuiltInRecipe recipes[] = {
    {"f32", "f32", "f32"},
    {"f16", "f32", "f16"},
    {"bf16", "f32", "bf16"},
    {"w8", "f32", "{codes: s8, block: channel, scale: f32}"},
    {"w8a8", "int8-token", "{codes: s8, block: channel, scale: f32}"},
    {"w4", "f32", "{codes: u4, block: 64, scale: f16, zero: u4}"},
    {"w4a16", "bf16", "{codes: u4, block: 64, scale: f16, zero: u4}"},
    {"w4a8", "int8-block", "{codes: u4, block: 64, scale: f16, zero: u4}"},
    {"w3", "f32", "{codes: u3, block: 64, scale: f16, zero: u3}"},
    {"w2", "f32", "{codes: u2, block: 64, scale: f16, zero: u2}"},
};

static std::string makeText(const BuiltInRecipe &recipe) {
  std::string text =
      ("activations: " + recipe.activations + "\nrules:\n").str();
  if (recipe.format.starts_with("{"))
    for (StringRef role : {"embedding", "head"})
      text += ("  - match: {role: " + role +
               "}\n"
               "    format: {codes: s8, block: channel, scale: f32}\n")
                  .str();
  return text + ("  - match: {}\n    format: " + recipe.format + "\n").str();
}

ArrayRef<StringRef> getBuiltInRecipeNames() {
  static const std::vector<StringRef> names = [] {
    std::vector<StringRef> result;
    for (const BuiltInRecipe &recipe : recipes)
      result.push_back(recipe.name);
    return result;
  }();
  return names;
}

Expected<Recipe> loadRecipe(StringRef nameOrPath) {
  for (const BuiltInRecipe &builtIn : recipes) {
    if (builtIn.name != nameOrPath)
      continue;
    Expected<Recipe> recipe = parseRecipe(makeText(builtIn), builtIn.name);
    if (!recipe)
      return recipe.takeError();
    recipe->isBuiltIn = true;
    for (Rule &rule : recipe->rules)
      rule.where.clear();
    return recipe;
  }
  auto file = MemoryBuffer::getFile(nameOrPath);
  if (file)
    return parseRecipe((*file)->getBuffer(), nameOrPath);
  // A word is meant to be the name of a recipe.
  if (!nameOrPath.contains('.') && !nameOrPath.contains('/'))
    return createStringError("unknown recipe '" + nameOrPath +
                             "'; expects a YAML file or one of " +
                             join(getBuiltInRecipeNames(), ", "));
  return createFileError(nameOrPath, file.getError());
}

} // namespace qopt

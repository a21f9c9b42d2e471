//===- BuiltInTest.cpp - Tests of the recipes that have a name ------------===//

#include "lib/Recipes/Recipe.h"
#include "llvm/ADT/STLExtras.h"
#include <fstream>
#include <gtest/gtest.h>

using namespace qopt;

namespace {

struct Expectation {
  const char *recipe;
  Activations activations, headActivations;
  const char *format; ///< of most weights; null: float
  DataType storage = DataType::F32;
};

TEST(BuiltInRecipes, SayWhatTheirNamesSay) {
  constexpr Activations f32 = Activations::F32, bf16 = Activations::BF16,
                        token = Activations::Int8Token,
                        block = Activations::Int8Block;
  const char *w8 = "codes = s8, block = channel, scale = f32";
  const char *w4 = "codes = u4, block = 64, scale = f16, zero = u4";
  const Expectation expectations[] = {
      {"f32", f32, f32, nullptr, DataType::F32},
      {"f16", f32, f32, nullptr, DataType::F16},
      {"bf16", f32, f32, nullptr, DataType::BF16},
      {"w8", f32, f32, w8},
      {"w8a8", token, token, w8},
      {"w4", f32, f32, w4},
      {"w4a16", bf16, bf16, w4},
      {"w4a8", block, token, w4},
      {"w3", f32, f32, "codes = u3, block = 64, scale = f16, zero = u3"},
      {"w2", f32, f32, "codes = u2, block = 64, scale = f16, zero = u2"},
  };
  std::vector<llvm::StringRef> names;
  for (const Expectation &expected : expectations) {
    SCOPED_TRACE(expected.recipe);
    names.push_back(expected.recipe);
    llvm::Expected<Recipe> recipe = loadRecipe(expected.recipe);
    ASSERT_TRUE(bool(recipe)) << llvm::toString(recipe.takeError());
    EXPECT_TRUE(recipe->isBuiltIn);
    EXPECT_EQ(recipe->name, expected.recipe);
    for (llvm::StringRef role : getRoles()) {
      SCOPED_TRACE(role.str());
      std::optional<size_t> rule = recipe->find(role, "any.path");
      ASSERT_TRUE(rule.has_value());
      EXPECT_EQ(recipe->rules[*rule].where, "");
      const WeightChoice &choice = recipe->rules[*rule].choice;
      bool isTable = role == "embedding" || role == "head";
      EXPECT_EQ(choice.activations,
                isTable ? expected.headActivations : expected.activations);
      EXPECT_EQ(choice.storage, expected.storage);
      EXPECT_EQ(choice.format.has_value(), expected.format != nullptr);
      if (choice.format)
        EXPECT_EQ(choice.format->str(), isTable ? w8 : expected.format);
    }
    EXPECT_EQ(recipe->find("kv_cache", "any.path"), std::nullopt);
    // The text alone is the recipe.
    Recipe again = llvm::cantFail(parseRecipe(recipe->text, "again"));
    ASSERT_EQ(again.rules.size(), recipe->rules.size());
    for (size_t i = 0; i != again.rules.size(); ++i) {
      EXPECT_EQ(again.rules[i].role, recipe->rules[i].role);
      EXPECT_TRUE(again.rules[i].choice == recipe->rules[i].choice);
    }
  }
  EXPECT_EQ(getBuiltInRecipeNames(), llvm::ArrayRef<llvm::StringRef>(names));
}

std::string loadError(const std::string &name) {
  llvm::Expected<Recipe> recipe = loadRecipe(name);
  return recipe ? "no error" : llvm::toString(recipe.takeError());
}

TEST(LoadRecipe, NamesAndFiles) {
  EXPECT_EQ(loadError("w5"),
            "unknown recipe 'w5'; expects a YAML file or one of f32, f16, "
            "bf16, w8, w8a8, w4, w4a16, w4a8, w3, w2");
  EXPECT_EQ(loadError("missing.yaml"),
            "'missing.yaml': No such file or directory");
  std::string folder = testing::TempDir();
  EXPECT_EQ(loadError(folder), "'" + folder + "': Is a directory");

  std::string path = folder + "qopt-recipe-test.yaml";
  std::ofstream(path) << "rules:\n  - {match: {}, format: int4-g64}\n";
  llvm::Expected<Recipe> recipe = loadRecipe(path);
  ASSERT_TRUE(bool(recipe)) << llvm::toString(recipe.takeError());
  EXPECT_EQ(recipe->name, path);
  EXPECT_FALSE(recipe->isBuiltIn);
  EXPECT_EQ(recipe->rules[0].where, path + ":2:5");
  std::ofstream(path) << "rules:\n  - {match: {}, fromat: int4-g64}\n";
  EXPECT_EQ(loadError(path), path + ":2:17: unknown key 'fromat' of a rule; "
                                    "did you mean 'format'?");
  std::remove(path.c_str());
}

} // namespace

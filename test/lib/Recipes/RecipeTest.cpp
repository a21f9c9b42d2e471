//===- RecipeTest.cpp - Tests of rules ------------------------------------===//

#include "lib/Recipes/Recipe.h"
#include <gtest/gtest.h>

using namespace qopt;

namespace {

Recipe parse(llvm::StringRef text) {
  llvm::Expected<Recipe> recipe = parseRecipe(text, "r.yaml");
  if (recipe)
    return *recipe;
  ADD_FAILURE() << llvm::toString(recipe.takeError());
  return Recipe();
}

Format format(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text));
}

TEST(Recipe, EveryKey) {
  llvm::StringRef text = R"(# a comment
activations: bf16
rules:
  - match: {role: embedding}
    format: int8-channel
  - match: {path: "model.layers.[0-3].mlp.*"}
    format: {codes: u4, block: 128, scale: f16, zero: u4}
    method: {name: rtn, search: mse, steps: 80}
    activations: int8-token
  - match:
      role: 'down'
      path: "*.7.*"
    format: {zero: f16, scale: bf16, block: tensor, codes: s3}
    method: rtn
    activations: f32
  - {match: {role: head}, format: bf16}
  - match: {}
    format: "codes = u2, block = 32, scale = f32, zero = midpoint"
    activations: int8-block
)";
  Recipe recipe = parse(text);
  EXPECT_EQ(recipe.name, "r.yaml");
  EXPECT_EQ(recipe.text, text);
  EXPECT_FALSE(recipe.isBuiltIn);
  ASSERT_EQ(recipe.rules.size(), 5u);

  const Rule *rule = &recipe.rules[0];
  EXPECT_EQ(rule->where, "r.yaml:4:5");
  EXPECT_EQ(rule->role, "embedding");
  EXPECT_EQ(rule->path, "");
  EXPECT_EQ(rule->choice.format, format("int8-channel"));
  EXPECT_EQ(rule->choice.method, "rtn");
  EXPECT_TRUE(rule->choice.methodOptions.empty());
  EXPECT_EQ(rule->choice.activations, Activations::BF16);

  rule = &recipe.rules[1];
  EXPECT_EQ(rule->where, "r.yaml:6:5");
  EXPECT_EQ(rule->role, "");
  EXPECT_EQ(rule->path, "model.layers.[0-3].mlp.*");
  EXPECT_EQ(rule->choice.format,
            format("codes = u4, block = 128, scale = f16, zero = u4"));
  EXPECT_EQ(rule->choice.methodOptions.size(), 2u);
  EXPECT_EQ(rule->choice.methodOptions.lookup("search"), "mse");
  EXPECT_EQ(rule->choice.methodOptions.lookup("steps"), "80");
  EXPECT_EQ(rule->choice.activations, Activations::Int8Token);

  rule = &recipe.rules[2];
  EXPECT_EQ(rule->where, "r.yaml:10:5");
  EXPECT_EQ(rule->role, "down");
  EXPECT_EQ(rule->path, "*.7.*");
  EXPECT_EQ(rule->choice.format,
            format("codes = s3, block = tensor, scale = bf16, zero = f16"));
  EXPECT_EQ(rule->choice.activations, Activations::F32);

  // A float format gives the default of the recipe no meaning.
  rule = &recipe.rules[3];
  EXPECT_EQ(rule->where, "r.yaml:16:5");
  EXPECT_FALSE(rule->choice.format.has_value());
  EXPECT_EQ(rule->choice.storage, DataType::BF16);
  EXPECT_EQ(rule->choice.activations, Activations::F32);

  rule = &recipe.rules[4];
  EXPECT_EQ(rule->choice.format,
            format("codes = u2, block = 32, scale = f32, zero = midpoint"));
  EXPECT_EQ(rule->choice.activations, Activations::Int8Block);
}

TEST(Recipe, ABlockOfActivationsIsARowWhereTheWeightsIsOne) {
  Recipe recipe = parse(R"(
activations: int8-block
rules:
  - {match: {role: head}, format: int8-channel}
  - {match: {role: qkv}, format: int8-tensor}
  - {match: {}, format: int4-g64}
)");
  EXPECT_EQ(recipe.rules[0].choice.activations, Activations::Int8Token);
  EXPECT_EQ(recipe.rules[1].choice.activations, Activations::Int8Token);
  EXPECT_EQ(recipe.rules[2].choice.activations, Activations::Int8Block);
}

TEST(Recipe, FirstMatchWins) {
  Recipe recipe = parse(R"(
rules:
  - {match: {role: down, path: "model.layers.[02].*"}, format: int8-g32}
  - {match: {path: "model.layers.{0,1}.*"}, format: int4-g32}
  - {match: {role: head}, format: f16}
)");
  auto find = [&](const char *role, const char *path) {
    return recipe.find(role, path);
  };
  EXPECT_EQ(find("down", "model.layers.0.mlp.down_proj"), 0u);
  EXPECT_EQ(find("gate_up", "model.layers.0.mlp.up_proj"), 1u);
  EXPECT_EQ(find("down", "model.layers.1.mlp.down_proj"), 1u);
  EXPECT_EQ(find("down", "model.layers.2.mlp.down_proj"), 0u);
  EXPECT_EQ(find("down", "model.layers.3.mlp.down_proj"), std::nullopt);
  EXPECT_EQ(find("down", "model.layers.20.mlp.down_proj"), std::nullopt);
  EXPECT_EQ(find("head", "lm_head"), 2u);
  EXPECT_EQ(find("", ""), std::nullopt);
}

TEST(Recipe, OnlyRulesOfTheirRoleChooseForCaches) {
  Recipe recipe = parse(R"(
activations: int8-token
rules:
  - {match: {path: "*"}, format: int4-g64}
  - {match: {role: kv_cache, path: "model.layers.0.*"}, format: f32}
  - {match: {role: kv_cache}, format: int8-channel}
  - {match: {}, format: f16}
)");
  EXPECT_EQ(recipe.find("kv_cache", "model.layers.0.self_attn"), 1u);
  EXPECT_EQ(recipe.find("kv_cache", "model.layers.1.self_attn"), 2u);
  EXPECT_EQ(recipe.find("kv_cache", ""), 2u);
  EXPECT_EQ(recipe.rules[2].choice.format, cacheFormat());
  recipe.rules.resize(1);
  EXPECT_EQ(recipe.find("kv_cache", "model.layers.0.self_attn"), std::nullopt);
}

TEST(Recipe, ParsingTheTextAgainGivesTheSame) {
  Recipe recipe = parse("rules:\n  - {match: {}, format: int4-g64, "
                        "method: {name: rtn, steps: 20}}\n");
  Recipe again = parse(recipe.text);
  EXPECT_TRUE(recipe.rules[0].choice == again.rules[0].choice);
  again.rules[0].choice.methodOptions["steps"] = "21";
  EXPECT_FALSE(recipe.rules[0].choice == again.rules[0].choice);
}

TEST(RecipeUse, RulesThatChooseForNothing) {
  Recipe recipe = parse(R"(rules:
  - match: {role: qkv}
    format: int4-g64
  - match: {path: "model.layers.0.*"}
    format: int8-g64
  - match: {role: qkv, path: "*.q_proj"}
    format: int8-channel
  - match: {path: "decoder.*"}
    format: f16
  - match: {role: head}
    format: f16
)");
  RecipeUse use(recipe);
  EXPECT_EQ(use.find("qkv", "model.layers.0.q_proj"), 0u);
  EXPECT_EQ(use.find("down", "model.layers.0.down_proj"), 1u);
  EXPECT_EQ(use.find("other", "x"), std::nullopt);
  EXPECT_EQ(llvm::toString(use.finish()),
            "r.yaml:6:5: the rule never applies: what {role: qkv, path: "
            "*.q_proj} matches is taken by the rule at r.yaml:2:5\n"
            "r.yaml:8:5: no weight matches {path: decoder.*}\n"
            "r.yaml:10:5: no weight matches {role: head}");
  use.find("qkv", "decoder.q_proj");
  use.find("head", "lm_head");
  EXPECT_EQ(llvm::toString(use.finish()),
            "r.yaml:6:5: the rule never applies: what {role: qkv, path: "
            "*.q_proj} matches is taken by the rule at r.yaml:2:5\n"
            "r.yaml:8:5: the rule never applies: what {path: decoder.*} "
            "matches is taken by the rule at r.yaml:2:5");
  RecipeUse all(recipe);
  EXPECT_EQ(all.find("other", "decoder.x"), 3u);
  all.find("qkv", "a");
  all.find("down", "model.layers.0.down_proj");
  all.find("head", "lm_head");
  EXPECT_NE(llvm::toString(all.finish()).find("r.yaml:6:5: no weight matches"),
            std::string::npos);
}

TEST(RecipeUse, RulesOfCachesThatChooseForNothing) {
  Recipe recipe = parse("rules:\n  - match: {role: kv_cache}\n"
                        "    format: f16\n");
  RecipeUse use(recipe);
  use.find("qkv", "model.layers.0.q_proj");
  EXPECT_EQ(llvm::toString(use.finish()),
            "r.yaml:2:5: no cache matches {role: kv_cache}");
  use.find("kv_cache", "model.layers.0.self_attn");
  EXPECT_EQ(llvm::toString(use.finish()), "");
}

TEST(RecipeUse, RulesOfBuiltInRecipesMayChooseForNothing) {
  Recipe recipe = llvm::cantFail(loadRecipe("w4"));
  RecipeUse use(recipe);
  EXPECT_EQ(llvm::toString(use.finish()), "");
}

} // namespace

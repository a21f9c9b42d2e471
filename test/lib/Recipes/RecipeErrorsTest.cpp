//===- RecipeErrorsTest.cpp - Tests of recipes that are refused -----------===//

#include "lib/Recipes/Recipe.h"
#include <gtest/gtest.h>

using namespace qopt;

namespace {

std::string error(llvm::StringRef text) {
  llvm::Expected<Recipe> recipe = parseRecipe(text, "r.yaml");
  return recipe ? "no error" : llvm::toString(recipe.takeError());
}

/// Of a rule that says this.
std::string ruleError(const std::string &rest) {
  return error("rules:\n  - match: {}\n    " + rest + "\n");
}
std::string matchError(const std::string &match) {
  return error("rules:\n  - match: " + match + "\n    format: f16\n");
}

TEST(RecipeErrors, Files) {
  EXPECT_EQ(error(""),
            "r.yaml:1:1: expects a recipe to be a map, but got nothing");
  EXPECT_EQ(error("# nothing\n"),
            "r.yaml:1:1: expects a recipe to be a map, but got nothing");
  EXPECT_EQ(error("w4\n"),
            "r.yaml:1:1: expects a recipe to be a map, but got 'w4'");
  EXPECT_EQ(error("- match: {}\n"),
            "r.yaml:1:1: expects a recipe to be a map, but got a list");
  EXPECT_EQ(error("rules: [\n"),
            "r.yaml:1:9: not YAML: could not find closing ]");
  EXPECT_EQ(error("\x7f"
                  "ELF"),
            "r.yaml:1:1: not YAML: got empty plain scalar");
  EXPECT_EQ(error("activations: f32\n"),
            "r.yaml:1:1: expects 'rules' in a recipe");
  EXPECT_EQ(
      error("rules:\n"),
      "r.yaml:1:1: expects 'rules' to be a list of rules, but got nothing");
  EXPECT_EQ(error("rules: []\n"), "r.yaml:1:8: expects 'rules' to be a list of "
                                  "rules, but got an empty one");
  EXPECT_EQ(
      error("rules: int4-g64\n"),
      "r.yaml:1:8: expects 'rules' to be a list of rules, but got 'int4-g64'");
  EXPECT_EQ(error("rules: {match: {}, format: f16}\n"),
            "r.yaml:1:8: expects 'rules' to be a list of rules, but got a map");
}

TEST(RecipeErrors, Keys) {
  EXPECT_EQ(
      error("rule: []\n"),
      "r.yaml:1:1: unknown key 'rule' of a recipe; did you mean 'rules'?");
  EXPECT_EQ(error("name: x\nrules: []\n"),
            "r.yaml:1:1: unknown key 'name' of a recipe; expects one of "
            "activations, rules");
  EXPECT_EQ(error("rules: []\nrules: []\n"),
            "r.yaml:2:1: key 'rules' stands twice; first in line 1");
  EXPECT_EQ(
      ruleError("fromat: f16"),
      "r.yaml:3:5: unknown key 'fromat' of a rule; did you mean 'format'?");
  EXPECT_EQ(ruleError("bits: 4"),
            "r.yaml:3:5: unknown key 'bits' of a rule; expects one of match, "
            "format, method, activations");
  EXPECT_EQ(ruleError("match: {}"),
            "r.yaml:3:5: key 'match' stands twice; first in line 2");
  EXPECT_EQ(
      matchError("{rolle: down}"),
      "r.yaml:2:13: unknown key 'rolle' of 'match'; did you mean 'role'?");
  EXPECT_EQ(
      matchError("{layer: 3}"),
      "r.yaml:2:13: unknown key 'layer' of 'match'; expects one of role, path");
  EXPECT_EQ(
      ruleError("format: {code: u4}"),
      "r.yaml:3:14: unknown key 'code' of 'format'; did you mean 'codes'?");
  EXPECT_EQ(ruleError("format: {codes: u4, group: 64}"),
            "r.yaml:3:25: unknown key 'group' of 'format'; expects one of "
            "codes, block, scale, zero");
}

TEST(RecipeErrors, Types) {
  EXPECT_EQ(error("rules:\n  - int4-g64\n"),
            "r.yaml:2:5: expects a rule to be a map, but got 'int4-g64'");
  EXPECT_EQ(error("rules:\n  - [a]\n"),
            "r.yaml:2:5: expects a rule to be a map, but got a list");
  EXPECT_EQ(error("rules:\n  -\n"),
            "r.yaml:2:3: expects a rule to be a map, but got nothing");
  EXPECT_EQ(matchError("down"),
            "r.yaml:2:12: expects 'match' to be a map, but got 'down'");
  EXPECT_EQ(matchError(""),
            "r.yaml:2:5: expects 'match' to be a map, but got nothing");
  EXPECT_EQ(matchError("{role: [down, head]}"),
            "r.yaml:2:19: expects the name of a role, but got a list");
  EXPECT_EQ(matchError("{role: }"),
            "r.yaml:2:13: expects the name of a role, but got nothing");
  EXPECT_EQ(matchError("{path: {a: b}}"),
            "r.yaml:2:19: expects a path, in which * and ? and [] stand for "
            "any text, but got a map");
  EXPECT_EQ(matchError("{path: ''}"),
            "r.yaml:2:19: expects a path, in which * and ? and [] stand for "
            "any text, but got ''");
  EXPECT_EQ(
      ruleError("format: [f16]"),
      "r.yaml:3:13: expects a format, by its name or as a map, but got a list");
  EXPECT_EQ(
      ruleError("format: "),
      "r.yaml:3:5: expects a format, by its name or as a map, but got nothing");
  EXPECT_EQ(ruleError("format: {codes: [u4], block: 64, scale: f16}"),
            "r.yaml:3:21: expects a value of 'codes', but got a list");
  EXPECT_EQ(
      ruleError("format: int4-g64\n    method: [rtn]"),
      "r.yaml:4:13: expects a method, by its name or as a map, but got a list");
  EXPECT_EQ(ruleError("format: int4-g64\n    method: {name: rtn, steps: {}}"),
            "r.yaml:4:32: expects a value of 'steps', but got a map");
  EXPECT_EQ(
      ruleError("format: int4-g64\n    activations: {}"),
      "r.yaml:4:18: expects the name of an activation format, but got a map");
  EXPECT_EQ(
      error("activations: [f32]\n"),
      "r.yaml:1:14: expects the name of an activation format, but got a list");
}

TEST(RecipeErrors, MissingParts) {
  EXPECT_EQ(error("rules:\n  - format: f16\n"),
            "r.yaml:2:5: expects 'match' in a rule; {} matches every weight");
  EXPECT_EQ(error("rules:\n  - match: {}\n"),
            "r.yaml:2:5: expects 'format' in a rule");
  EXPECT_EQ(ruleError("format: {codes: u4, scale: f16}"),
            "r.yaml:3:13: expects 'block' in a format");
  EXPECT_EQ(ruleError("format: {}"),
            "r.yaml:3:13: expects 'codes' in a format");
  EXPECT_EQ(ruleError("format: int4-g64\n    method: {steps: 80}"),
            "r.yaml:4:13: expects 'name' in a method");
}

TEST(RecipeErrors, Matches) {
  EXPECT_EQ(matchError("{role: dwon}"),
            "r.yaml:2:19: unknown role 'dwon'; did you mean 'down'?");
  EXPECT_EQ(matchError("{role: attention.in}"),
            "r.yaml:2:19: unknown role 'attention.in'; did you mean "
            "'attention.out'?");
  EXPECT_EQ(matchError("{role: mlp}"),
            "r.yaml:2:19: unknown role 'mlp'; expects one of qkv, "
            "attention.out, gate_up, down, embedding, head, other, kv_cache");
  EXPECT_EQ(matchError("{role: conv}"),
            "r.yaml:2:19: role 'conv' is not yet supported");
  EXPECT_EQ(matchError("{path: \"model.[0-3\"}"),
            "r.yaml:2:19: wrong path 'model.[0-3': invalid glob pattern, "
            "unmatched '['");
  EXPECT_EQ(
      matchError("{path: \"model.[3-0]\"}"),
      "r.yaml:2:19: wrong path 'model.[3-0]': invalid glob pattern: [3-0]");
  EXPECT_EQ(matchError("{path: \"{a,b\"}"),
            "r.yaml:2:19: wrong path '{a,b': incomplete brace expansion");
}

TEST(RecipeErrors, Caches) {
  auto cacheError = [](const std::string &text) {
    return error("rules:\n  - match: {role: kv_cache}\n    " + text + "\n");
  };
  for (const char *format :
       {"bf16", "int8-g32", "int4-channel", "int8-tensor",
        "{codes: u8, block: channel, scale: f32, zero: midpoint}",
        "{codes: s8, block: channel, scale: f16}"})
    EXPECT_EQ(cacheError("format: " + std::string(format)),
              "r.yaml:3:13: a cache is of f32, f16 or int8-channel");
  EXPECT_EQ(cacheError("format: int8-channel\n    method: rtn"),
            "r.yaml:4:13: codes of a cache are chosen when the model runs: it "
            "has no method");
  EXPECT_EQ(cacheError("format: f16\n    activations: f32"),
            "r.yaml:4:18: a cache is no factor of a product: it has no "
            "activations");
}

TEST(RecipeErrors, Formats) {
  EXPECT_EQ(ruleError("format: int4-g65"),
            "r.yaml:3:13: unknown format 'int4-g65'; did you mean 'int4-g64'?");
  EXPECT_EQ(ruleError("format: q4_k_m"),
            "r.yaml:3:13: unknown format 'q4_k_m'; expects f32, f16, bf16, a "
            "name such as int4-g64, int4-g64-sym or int8-channel, or a map");
  EXPECT_EQ(ruleError("format: f15"),
            "r.yaml:3:13: unknown format 'f15'; did you mean 'f16'?");
  EXPECT_EQ(ruleError("format: {codes: u9, block: 64, scale: f16}"),
            "r.yaml:3:21: expects codes of 2 to 8 bits, but got 9");
  EXPECT_EQ(ruleError("format: {codes: 4, block: 64, scale: f16}"),
            "r.yaml:3:21: expects codes to be s2..s8 or u2..u8, but got '4'");
  EXPECT_EQ(ruleError("format: {codes: u4, block: 48, scale: f16}"),
            "r.yaml:3:32: expects a block of 16 elements, of a multiple of 32 "
            "up to 256, channel or tensor, but got 48");
  EXPECT_EQ(ruleError("format: {codes: u4, block: 512, scale: f16}"),
            "r.yaml:3:32: expects a block of 16 elements, of a multiple of 32 "
            "up to 256, channel or tensor, but got 512");
  EXPECT_EQ(ruleError("format: {codes: u4, block: row, scale: f16}"),
            "r.yaml:3:32: expects block to be a number of elements, channel or "
            "tensor, but got 'row'");
  EXPECT_EQ(ruleError("format: {codes: u4, block: 64, scale: f64}"),
            "r.yaml:3:43: expects scale to be f32, f16 or bf16, but got 'f64'");
  EXPECT_EQ(ruleError("format: {codes: u4, block: 64, scale: f16, zero: 8}"),
            "r.yaml:3:54: expects zero to be none, midpoint, an integer such "
            "as u4, f32, f16 or bf16, but got '8'");
  EXPECT_EQ(ruleError("format: {codes: u4, block: 64, scale: f16, zero: u9}"),
            "r.yaml:3:54: expects an integer zero of 2 to 8 bits, but got 9");
  EXPECT_EQ(
      ruleError("format: {codes: u4, block: 64, scale: 'f16, zero = u4'}"),
      "r.yaml:3:43: expects one word, but got 'f16, zero = u4'");
  EXPECT_EQ(ruleError("format: {codes: u4, block: 64, scale: f16, zero: s4}"),
            "r.yaml:3:13: expects an integer zero to be unsigned as the codes "
            "are, but got 's4'");
  EXPECT_EQ(
      ruleError("format: {codes: s4, block: 64, scale: f16, zero: midpoint}"),
      "r.yaml:3:13: signed codes have their midpoint at 0: expects zero = "
      "none, or unsigned codes");
  EXPECT_EQ(ruleError("format: \"codes = u4, block = 48, scale = f16\""),
            "r.yaml:3:13: expects a block of 16 elements, of a multiple of 32 "
            "up to 256, channel or tensor, but got 48");
}

TEST(RecipeErrors, Methods) {
  EXPECT_EQ(ruleError("format: int4-g64\n    method: gptq"),
            "r.yaml:4:13: unknown method 'gptq': there is rtn");
  EXPECT_EQ(
      ruleError("format: int4-g64\n    method: {search: mse, name: gptq}"),
      "r.yaml:4:33: unknown method 'gptq': there is rtn");
  EXPECT_EQ(
      ruleError("format: int4-g64\n    method: {name: rtn, stesp: 80}"),
      "r.yaml:4:25: unknown option 'stesp' of rtn: there is search, steps");
  EXPECT_EQ(ruleError("format: int4-g64\n    method: {name: rtn, search: abc}"),
            "r.yaml:4:25: expects search to be mse or minmax, but got 'abc'");
  EXPECT_EQ(ruleError("format: int4-g64\n    method: {name: rtn, steps: 0}"),
            "r.yaml:4:25: expects steps to be 1 to 100, but got '0'");
  EXPECT_EQ(ruleError("format: int4-g64\n    method: {name: rtn, search: "
                      "minmax, steps: 8}"),
            "r.yaml:4:13: steps is an option of search = mse, not of search = "
            "minmax");
  EXPECT_EQ(ruleError("format: bf16\n    method: rtn"),
            "r.yaml:4:13: a float format has no codes that a method chooses");
}

TEST(RecipeErrors, Activations) {
  EXPECT_EQ(error("activations: int8\nrules: []\n"),
            "r.yaml:1:14: unknown activations 'int8'; expects one of f32, "
            "bf16, int8-token, int8-block");
  EXPECT_EQ(error("activations: int8-tokens\nrules: []\n"),
            "r.yaml:1:14: unknown activations 'int8-tokens'; did you mean "
            "'int8-token'?");
  EXPECT_EQ(ruleError("format: int4-g64\n    activations: fp8"),
            "r.yaml:4:18: unknown activations 'fp8'; expects one of f32, bf16, "
            "int8-token, int8-block");
  EXPECT_EQ(ruleError("format: f16\n    activations: int8-token"),
            "r.yaml:4:18: activations 'int8-token' do not go with a float "
            "format; expects f32");
  EXPECT_EQ(ruleError("format: f32\n    activations: bf16"),
            "r.yaml:4:18: activations 'bf16' do not go with a float format; "
            "expects f32");
  EXPECT_EQ(ruleError("format: int8-channel\n    activations: int8-block"),
            "r.yaml:4:18: activations 'int8-block' do not go with a format "
            "whose scale is for a whole row; expects int8-token");
  EXPECT_EQ(ruleError("format: int8-tensor\n    activations: int8-block"),
            "r.yaml:4:18: activations 'int8-block' do not go with a format "
            "whose scale is for a whole row; expects int8-token");
  // Whatever they are: nothing reads them. Without a role a rule is for
  // products too.
  for (std::string match : {"{role: embedding}", "{role: embedding, path: x}"})
    EXPECT_EQ(error("rules:\n  - match: " + match +
                    "\n    format: int4-g64\n    activations: f32\n"),
              "r.yaml:4:18: a weight of role 'embedding' is no factor of a "
              "product: it has no activations");
  EXPECT_EQ(ruleError("format: int4-g64\n    activations: bf16"), "no error");
}

} // namespace

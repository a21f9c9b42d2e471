//===- Recipe.cpp - What weights and caches become ------------------------===//

#include "lib/Recipes/Recipe.h"

#include "llvm/Support/GlobPattern.h"
#include <tuple>

using namespace llvm;

namespace qopt {

StringRef activationsName(Activations activations) {
  switch (activations) {
  case Activations::F32:
    return "f32";
  case Activations::BF16:
    return "bf16";
  case Activations::Int8Token:
    return "int8-token";
  case Activations::Int8Block:
    return "int8-block";
  }
  return "";
}

ArrayRef<StringRef> getRoles() {
  static constexpr StringRef roles[] = {
      "qkv", "attention.out", "gate_up", "down", "embedding", "head", "other"};
  return roles;
}

bool WeightChoice::operator==(const WeightChoice &other) const {
  return std::tie(format, storage, method, activations) ==
             std::tie(other.format, other.storage, other.method,
                      other.activations) &&
         methodOptions == other.methodOptions;
}

Format cacheFormat() {
  return cantFail(Format::parse("codes = s8, block = channel, scale = f32"));
}

bool Rule::matches(StringRef weightRole, StringRef weightPath) const {
  bool isOfAll = role.empty() && weightRole != cacheRole;
  if (!isOfAll && role != weightRole)
    return false;
  if (path.empty())
    return true;
  Expected<GlobPattern> glob = GlobPattern::create(path, maxGlobAlternatives);
  if (!glob) {
    consumeError(glob.takeError());
    return false; // the parser refuses such rules
  }
  return glob->match(weightPath);
}

std::optional<size_t> Recipe::find(StringRef role, StringRef path) const {
  for (size_t i = 0; i != rules.size(); ++i)
    if (rules[i].matches(role, path))
      return i;
  return std::nullopt;
}

std::optional<size_t> RecipeUse::find(StringRef role, StringRef path) {
  std::optional<size_t> first;
  for (size_t i = 0; i != recipe.rules.size(); ++i) {
    if (!recipe.rules[i].matches(role, path))
      continue;
    if (!first)
      used[*(first = i)] = true;
    else if (!takenBy[i])
      takenBy[i] = first;
  }
  return first;
}

/// What a rule asks of weights, as it is written.
static std::string describeMatch(const Rule &rule) {
  std::string text;
  if (!rule.role.empty())
    text += "role: " + rule.role;
  if (!rule.path.empty())
    text += (text.empty() ? "" : ", ") + ("path: " + rule.path);
  return "{" + text + "}";
}

Error RecipeUse::finish() const {
  if (recipe.isBuiltIn)
    return Error::success();
  Error errors = Error::success();
  for (size_t i = 0; i != recipe.rules.size(); ++i) {
    if (used[i])
      continue;
    const Rule &rule = recipe.rules[i];
    std::string text = rule.where + ": no " +
                       (rule.role == cacheRole ? "cache" : "weight") +
                       " matches " + describeMatch(rule);
    if (takenBy[i])
      text = rule.where + ": the rule never applies: what " +
             describeMatch(rule) + " matches is taken by the rule at " +
             recipe.rules[*takenBy[i]].where;
    errors = joinErrors(std::move(errors), createStringError(text));
  }
  return errors;
}

} // namespace qopt

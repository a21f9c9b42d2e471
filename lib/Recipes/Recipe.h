//===- Recipe.h - What weights and caches become ----------------*- C++ -*-===//

#ifndef QOPT_LIB_RECIPES_RECIPE_H
#define QOPT_LIB_RECIPES_RECIPE_H

#include "lib/Formats/Format.h"
#include "lib/Methods/Solver.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace qopt {

/// How the other operand of a product is held.
enum class Activations {
  F32,       ///< as computed
  BF16,      ///< rounded to bf16
  Int8Token, ///< int8, a scale for each row
  Int8Block, ///< int8, a scale for each row and group of the weight's format
};
llvm::StringRef activationsName(Activations activations);

/// What a rule says of the weights or caches that it matches.
struct WeightChoice {
  /// Codes, or nothing: the weight stays float and is stored as `storage`.
  std::optional<Format> format;
  DataType storage = DataType::F32; ///< f32, f16 or bf16
  std::string method = "rtn";
  SolverOptions methodOptions;
  Activations activations = Activations::F32;

  bool operator==(const WeightChoice &other) const;
};

/// The role of key/value caches: only rules that name it choose for them, f32,
/// f16 or codes of cacheFormat(), and nothing else.
constexpr llvm::StringRef cacheRole = "kv_cache";
/// int8, a scale of f32 for each key or value of a head.
Format cacheFormat();

/// First match wins.
struct Rule {
  std::string role; ///< qkv, attention.out, ...; empty: any of weights
  std::string path; ///< glob over canonical paths; empty: any
  WeightChoice choice;
  std::string where; ///< "recipe.yaml:4:5", empty when built in

  bool matches(llvm::StringRef weightRole, llvm::StringRef weightPath) const;
};

struct Recipe {
  std::string name; ///< of a built-in one, or the path of the file
  std::string text; ///< YAML, for the manifest: parsing it gives this recipe
  bool isBuiltIn = false;
  std::vector<Rule> rules;

  /// The number of the first rule that matches, or nothing: the weight stays
  /// float, in f32.
  std::optional<size_t> find(llvm::StringRef role, llvm::StringRef path) const;
};

/// A recipe at work on the weights and caches of one model: knows which of its
/// rules had something to do.
class RecipeUse {
public:
  explicit RecipeUse(const Recipe &recipe)
      : recipe(recipe), used(recipe.rules.size()),
        takenBy(recipe.rules.size()) {}

  /// As Recipe::find. Call it once for each weight and cache.
  std::optional<size_t> find(llvm::StringRef role, llvm::StringRef path);

  /// After the last one: an error for each rule of a recipe file that chose for
  /// nothing, located, which says whether an earlier rule was the reason.
  llvm::Error finish() const;

private:
  const Recipe &recipe;
  std::vector<bool> used;
  /// The rule that came before, for those that match a weight but not first.
  std::vector<std::optional<size_t>> takenBy;
};

/// A built-in recipe by its name, else the YAML file of this path.
/// Errors have file, line and column: unknown key, wrong type, impossible
/// combination, a name that nobody knows (with what there is).
llvm::Expected<Recipe> loadRecipe(llvm::StringRef nameOrPath);
/// The same from text; `file` is for messages.
llvm::Expected<Recipe> parseRecipe(llvm::StringRef text, llvm::StringRef file);

llvm::ArrayRef<llvm::StringRef> getBuiltInRecipeNames();

/// The roles that weights have.
llvm::ArrayRef<llvm::StringRef> getRoles();

/// Braces in a glob stand for at most so many globs.
constexpr size_t maxGlobAlternatives = 64;

} // namespace qopt

#endif // QOPT_LIB_RECIPES_RECIPE_H

//===- WriteArtifact.cpp - The directory that is deployed -----------------===//

#include "dialects/QOpt/QOpt.h"
#include "lib/Artifact/Directory.h"
#include "lib/Artifact/Manifest.h"
#include "lib/Artifact/ModelHeader.h"
#include "lib/Recipes/Recipe.h"
#include "lib/Report/Cleanup.h"
#include "passes/Compiler/Compilation.h"
#include "qopt/artifact.h"
#include "qopt/runtime.h"
#include "llvm/Support/FileSystem.h"
#include <set>

using namespace mlir;

namespace qopt {

/// Files of a language model that lie beside it and belong to the artifact.
constexpr StringRef sideFiles[] = {"config.json",
                                   "generation_config.json",
                                   "tokenizer.json",
                                   "tokenizer.model",
                                   "tokenizer_config.json",
                                   "special_tokens_map.json",
                                   "vocab.txt",
                                   "vocab.json",
                                   "merges.txt",
                                   "chat_template.jinja"};

LogicalResult Compilation::emitArtifact() {
  std::optional<ArtifactDirectory> directory;
  llvm::Error notCreated = llvm::Error::success();
  Temporary guard([&]() -> std::string {
    auto created = ArtifactDirectory::create(options.output, options.force);
    if (!created) {
      notCreated = created.takeError();
      return "";
    }
    directory.emplace(std::move(*created));
    return directory->temporary().str();
  });
  if (notCreated)
    return report(std::move(notCreated));
  progress("generate code", 0.3);
  if (failed(report(emitShared(variants, table, directory->file(libraryFile),
                               threads()))))
    return failure();
  WriteWeightsOptions writing;
  writing.threads = threads();
  writing.refusesOverflow = true;
  writing.progress = [&](int64_t done, int64_t all) {
    progress("write weights", 0.5 + 0.45 * double(done) / double(all));
    return true;
  };
  if (failed(report(writeWeights(directory->file(weightsFileName), weights, {},
                                 writing))) ||
      failed(report(directory->write(headerFile, modelHeader(table)))))
    return failure();
  Manifest manifest;
  manifest.version = qopt_version();
  manifest.abi = QOPT_ABI_VERSION;
  auto recipe = loadRecipe(options.recipe);
  if (!recipe)
    return report(recipe.takeError());
  manifest.recipe = recipe->isBuiltIn ? recipe->name : recipe->text;
  for (const VariantModule &variant : variants)
    manifest.targets.push_back(variant.isa->name);
  manifest.pipeline = pipeline;
  // Where the recipe's file lay says nothing about the artifact.
  if (size_t at = manifest.pipeline.find("recipe=" + options.recipe);
      !recipe->isBuiltIn && at != std::string::npos)
    manifest.pipeline.replace(at + strlen("recipe="), options.recipe.size(),
                              "recipe.yaml");
  manifest.weights = makeRecords(weights, readers, *recipe);
  for (auto cache : module->getOps<CacheOp>())
    manifest.caches.push_back(makeRecord(cache));
  manifest.loops = loops;
  progress("hash", 0.95);
  auto digest = [&](const std::string &path) -> FailureOr<FileDigest> {
    auto result = digestFile(path);
    if (!result)
      return report(result.takeError());
    return *result;
  };
  auto model = digest(options.model);
  if (failed(model))
    return failure();
  manifest.model = *model;
  std::set<std::string> external;
  for (WeightOp weight : module->getOps<WeightOp>()) // and their factors
    if (auto file = weight.getFile(); file && *file != options.model)
      external.insert(file->str());
  for (const std::string &path : external) {
    auto result = digest(path);
    if (failed(result))
      return failure();
    manifest.externalData.push_back(*result);
  }
  SmallVector<std::string> files = {libraryFile, weightsFileName, headerFile};
  for (StringRef name : sideFiles) {
    std::string path = folder() + "/" + name.str();
    if (!llvm::sys::fs::exists(path))
      continue;
    if (failed(report(directory->copy(path, name))))
      return failure();
    files.push_back(name.str());
  }
  for (const std::string &name : files) {
    auto result = digest(directory->file(name));
    if (failed(result))
      return failure();
    manifest.files.push_back(*result);
  }
  if (failed(report(directory->write(manifestFile, manifestText(manifest)))))
    return failure();
  if (failed(report(directory->commit())))
    return failure();
  guard.keep();
  return success();
}

} // namespace qopt

//===- Rebuild.cpp - An artifact made again -------------------------------===//

#include "tools/qopt/Rebuild.h"

#include "lib/Artifact/OutputFile.h"
#include "lib/Recipes/Recipe.h"
#include "lib/Report/Progress.h"
#include "qopt/runtime.h"
#include "tools/qopt/Artifact.h"
#include "tools/qopt/Targets.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

using namespace llvm;

namespace qopt {

Error checkOrigin(const Manifest &manifest, StringRef artifact,
                  const std::string &model, StringRef hint) {
  if (manifest.version != qopt_version())
    return createStringError("'" + artifact + "' was made by qopt " +
                             manifest.version + ", and this is qopt " +
                             qopt_version() + hint);
  Expected<FileDigest> digest = digestFile(model);
  if (!digest)
    return digest.takeError();
  if (digest->sha256 != manifest.model.sha256)
    return createStringError("'" + model +
                             "' is not the model of the artifact: expects "
                             "sha256 " +
                             manifest.model.sha256 + ", but got " +
                             digest->sha256 + hint);
  if (digest->name != manifest.model.name)
    return createStringError("expects a model named '" + manifest.model.name +
                             "', as the artifact has its name in it, but got "
                             "'" +
                             digest->name + "'" + hint);
  return Error::success();
}

Expected<std::unique_ptr<Temporary>> makeRebuildFolder(StringRef artifact,
                                                       StringRef purpose) {
  SmallString<128> real;
  if (std::error_code code = sys::fs::real_path(artifact, real))
    return createFileError(artifact, code);
  SmallString<128> folder(sys::path::parent_path(real));
  sys::path::append(folder, "." + sys::path::filename(real) + "." + purpose +
                                "-" + Twine(sys::Process::getProcessId()));
  auto temporary = std::make_unique<Temporary>(folder.str().str());
  if (std::error_code code =
          sys::fs::create_directory(folder, /*IgnoreExisting=*/false))
    return createFileError(folder, code);
  return temporary;
}

/// A recipe is the name of a built-in one or the text of a file.
Expected<CompileOptions> makeRebuildOptions(const Manifest &manifest,
                                            const std::string &folder) {
  CompileOptions options;
  options.output = getArtifactFile(folder, "rebuilt.qopt");
  options.recipe = manifest.recipe;
  if (!is_contained(getBuiltInRecipeNames(), manifest.recipe)) {
    options.recipe = getArtifactFile(folder, "recipe.yaml");
    if (Error error = writeSyncedFile(options.recipe, manifest.recipe))
      return std::move(error);
  }
  Expected<std::vector<std::string>> isas =
      parseTargets(join(manifest.targets, ","));
  if (!isas)
    return isas.takeError();
  options.isas = std::move(*isas);
  options.fuse = StringRef(manifest.pipeline).contains("qopt-fuse-loops");
  return options;
}

LogicalResult rebuild(CompileOptions options) {
  Progress progress;
  options.progress = [&](StringRef stage, double fraction) {
    progress.update(stage, fraction);
  };
  return compileModel(options);
}

} // namespace qopt

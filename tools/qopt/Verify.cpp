//===- Verify.cpp - qopt verify -------------------------------------------===//

#include "lib/Artifact/Directory.h"
#include "lib/Artifact/Manifest.h"
#include "lib/Artifact/MappedFile.h"
#include "lib/Artifact/OutputFile.h"
#include "lib/Report/Cleanup.h"
#include "lib/Report/Progress.h"
#include "lib/Report/Table.h"
#include "passes/Compiler.h"
#include "qopt/runtime.h"
#include "tools/qopt/Artifact.h"
#include "tools/qopt/Commands.h"
#include "tools/qopt/Targets.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include <set>

using namespace llvm;

namespace qopt {

/// What was measured is no part of a rebuild.
constexpr StringRef measuredFile = "measured.json";

/// That this compiler and this model are what the artifact was made with.
static Error checkOrigin(const Manifest &manifest, StringRef artifact,
                         const std::string &model) {
  if (manifest.version != qopt_version())
    return createStringError("'" + artifact + "' was made by qopt " +
                             manifest.version + ", and this is qopt " +
                             qopt_version() +
                             "; --force rebuilds all the same");
  Expected<FileDigest> digest = digestFile(model);
  if (!digest)
    return digest.takeError();
  if (digest->sha256 != manifest.model.sha256)
    return createStringError("'" + model +
                             "' is not the model of the artifact: expects "
                             "sha256 " +
                             manifest.model.sha256 + ", but got " +
                             digest->sha256 +
                             "; --force rebuilds all the same");
  if (digest->name != manifest.model.name)
    return createStringError("expects a model named '" + manifest.model.name +
                             "', as the artifact has its name in it, but got "
                             "'" +
                             digest->name + "'; --force rebuilds all the same");
  return Error::success();
}

/// Options that make the artifact again, in `folder`. A recipe is the name of a
/// built-in one or the text of a file.
static Expected<CompileOptions> makeOptions(const Manifest &manifest,
                                            const std::string &folder) {
  CompileOptions options;
  options.output = getArtifactFile(folder, "rebuilt.qopt");
  options.recipe = manifest.recipe;
  if (StringRef(manifest.recipe).contains('\n')) {
    options.recipe = getArtifactFile(folder, "recipe.yaml");
    if (Error error = writeSyncedFile(options.recipe, manifest.recipe))
      return std::move(error);
  } else if (Error error = checkRecipe(manifest.recipe)) {
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

/// What is different about a file, or nothing.
static Expected<std::string> compareFile(const std::string &path,
                                         const std::string &rebuiltPath) {
  Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  Expected<MappedFile> rebuilt = MappedFile::open(rebuiltPath);
  if (!rebuilt)
    return rebuilt.takeError();
  StringRef left = file->bytes(), right = rebuilt->bytes();
  if (left.size() != right.size())
    return "has " + std::to_string(left.size()) + " bytes, rebuilt " +
           std::to_string(right.size());
  constexpr size_t step = 16 << 20;
  for (size_t at = 0; at < left.size(); at += step) {
    StringRef a = left.substr(at, step), b = right.substr(at, step);
    if (a != b)
      return "differs from byte " +
             std::to_string(
                 at +
                 size_t(std::mismatch(a.begin(), a.end(), b.begin()).first -
                        a.begin())) +
             " on";
    file->release(int64_t(at), step);
    rebuilt->release(int64_t(at), step);
  }
  return std::string();
}

/// Prints what became of each file; returns the exit code.
static Expected<int> compare(StringRef artifact, StringRef rebuilt) {
  std::set<std::string> names;
  for (StringRef folder : {artifact, rebuilt}) {
    auto files = listArtifact(folder);
    if (!files)
      return files.takeError();
    for (const auto &[name, bytes] : *files)
      if (name != measuredFile)
        names.insert(name);
  }
  size_t different = 0;
  Table table({{}, {}});
  for (const std::string &name : names) {
    std::string file = getArtifactFile(artifact, name),
                other = getArtifactFile(rebuilt, name);
    std::string text;
    if (!sys::fs::exists(file)) {
      text = "is missing";
    } else if (!sys::fs::exists(other)) {
      text = "is not made by a rebuild";
    } else {
      Expected<std::string> difference = compareFile(file, other);
      if (!difference)
        return difference.takeError();
      text = *difference;
    }
    different += !text.empty();
    table.addRow({name, text.empty() ? "same" : text});
  }
  table.print(outs());
  if (different)
    outs() << different << " of " << names.size() << " files differ\n";
  else
    outs() << "all " << names.size() << " files are the same\n";
  return different ? 1 : 0;
}

static Expected<int> verify(const Arguments &arguments) {
  StringRef artifact = arguments.operand(0).rtrim('/');
  std::string model = arguments.operand(1).str();
  Expected<int64_t> threads = arguments.getInteger("threads", 0, 1, maxThreads);
  if (!threads)
    return threads.takeError();
  Expected<Manifest> manifest =
      readManifest(getArtifactFile(artifact, manifestFile));
  if (!manifest)
    return manifest.takeError();
  if (!arguments.has("force"))
    if (Error error = checkOrigin(*manifest, artifact, model))
      return std::move(error);

  // Beside the artifact: it is known to fit there.
  SmallString<128> real;
  if (std::error_code code = sys::fs::real_path(artifact, real))
    return createFileError(artifact, code);
  SmallString<128> folder(sys::path::parent_path(real));
  sys::path::append(folder, "." + sys::path::filename(real) + ".verify-" +
                                Twine(sys::Process::getProcessId()));
  Temporary guard(folder.str().str());
  if (std::error_code code =
          sys::fs::create_directory(folder, /*IgnoreExisting=*/false))
    return createFileError(folder, code);
  Expected<CompileOptions> options = makeOptions(*manifest, guard.getPath());
  if (!options)
    return options.takeError();
  options->model = model;
  options->threads = unsigned(*threads);
  {
    Progress progress;
    options->progress = [&](StringRef stage, double fraction) {
      progress.update(stage, fraction);
    };
    if (failed(compileModel(*options)))
      return 1;
  }
  return compare(artifact, options->output);
}

const Command verifyCommand = {
    "verify",
    "rebuild an artifact from its manifest and compare every byte",
    {"m.qopt", "MODEL.onnx"},
    {threadsOption,
     {"force", nullptr,
      "rebuild even if the compiler or the model is another one"}},
    {"qopt verify model.qopt model.onnx"},
    verify};

} // namespace qopt

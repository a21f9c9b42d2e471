//===- Verify.cpp - qopt verify -------------------------------------------===//

#include "lib/Artifact/Directory.h"
#include "lib/Artifact/Manifest.h"
#include "lib/Artifact/MappedFile.h"
#include "lib/Report/Table.h"
#include "tools/qopt/Artifact.h"
#include "tools/qopt/Commands.h"
#include "tools/qopt/Rebuild.h"
#include "llvm/Support/FileSystem.h"
#include <set>

using namespace llvm;

namespace qopt {

/// What was measured is no part of a rebuild.
constexpr StringRef measuredFile = "measured.json";

/// What refusals of another origin end with.
constexpr StringRef forceHint = "; --force rebuilds all the same";

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
    if (Error error = checkOrigin(*manifest, artifact, model, forceHint))
      return std::move(error);

  auto folder = makeRebuildFolder(artifact, "verify");
  if (!folder)
    return folder.takeError();
  Expected<CompileOptions> options =
      makeRebuildOptions(*manifest, (*folder)->getPath());
  if (!options)
    return options.takeError();
  options->model = model;
  options->threads = unsigned(*threads);
  if (failed(rebuild(*options)))
    return 1;
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

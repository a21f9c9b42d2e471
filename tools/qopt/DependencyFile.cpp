//===- DependencyFile.cpp - What an artifact depends on, for make ---------===//

#include "tools/qopt/DependencyFile.h"

#include "lib/Artifact/Directory.h"
#include "lib/Artifact/Manifest.h"
#include "lib/Artifact/OutputFile.h"
#include "lib/Onnx/Model.h"
#include "tools/qopt/Artifact.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace qopt {

/// As make and Ninja read it.
static std::string escape(StringRef path) {
  std::string text;
  for (char c : path) {
    if (c == ' ' || c == '#')
      text += '\\';
    else if (c == '$')
      text += '$';
    text += c;
  }
  return text;
}

/// Sorted. Ninja wants the first output of a rule to be the first one here.
static constexpr const char *outputs[] = {manifestFile, headerFile, libraryFile,
                                          weightsFileName};

/// Files of the model's folder that went into the artifact as they are.
static Error addSideFiles(const CompileOptions &options,
                          std::vector<std::string> &inputs) {
  Expected<Manifest> manifest =
      readManifest(getArtifactFile(options.output, manifestFile));
  if (!manifest)
    return manifest.takeError();
  for (const FileDigest &file : manifest->files)
    if (!is_contained(outputs, file.name)) {
      SmallString<128> path = sys::path::parent_path(options.model);
      sys::path::append(path, file.name);
      inputs.push_back(path.str().str());
    }
  return Error::success();
}

Error writeDependencyFile(const std::string &path,
                          const CompileOptions &options) {
  Expected<onnxfile::Model> model = onnxfile::readModel(options.model);
  if (!model)
    return model.takeError();
  std::vector<std::string> inputs = {options.model};
  llvm::append_range(inputs, model->externalFiles);
  if (sys::fs::is_regular_file(options.recipe))
    inputs.push_back(options.recipe);
  if (Error error = addSideFiles(options, inputs))
    return error;
  std::string text;
  for (const char *output : outputs)
    text += (text.empty() ? "" : " ") +
            escape(getArtifactFile(options.output, output));
  text += ":";
  for (const std::string &input : inputs)
    text += " \\\n  " + escape(input);
  return writeSyncedFile(path, text + "\n");
}

} // namespace qopt

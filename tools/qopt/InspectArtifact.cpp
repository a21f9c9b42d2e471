//===- InspectArtifact.cpp - What is in an artifact -----------------------===//

#include "lib/Artifact/Directory.h"
#include "lib/Artifact/Manifest.h"
#include "lib/Files/Safetensors.h"
#include "lib/Report/Format.h"
#include "tools/qopt/Artifact.h"
#include "tools/qopt/Inspect.h"
#include "tools/qopt/Model.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;

namespace qopt {

static std::vector<InspectedValue> convert(const qopt_tensor_spec *specs,
                                           int32_t count) {
  std::vector<InspectedValue> values;
  for (const qopt_tensor_spec &spec : ArrayRef(specs, size_t(count))) {
    InspectedValue value;
    value.name = spec.name;
    value.type = qopt_dtype_name(spec.dtype);
    for (int32_t i = 0; i != spec.rank; ++i)
      value.dims.push_back(spec.dim_texts[i]);
    values.push_back(std::move(value));
  }
  return values;
}

/// The signature and limits, as far as the runtime opens it on this machine.
static void addRuntime(StringRef path, Inspection &inspection) {
  Expected<ModelPointer> model = openModel(path);
  if (!model) {
    inspection.runtimeError = toString(model.takeError());
    return;
  }
  const qopt_model_info &info = *qopt_model_get_info(model->get());
  inspection.inputs = convert(info.inputs, info.num_inputs);
  inspection.outputs = convert(info.outputs, info.num_outputs);
  inspection.facts.emplace_back("runs as", info.isa);
  if (!info.is_decoder)
    return;
  inspection.facts.emplace_back("context", std::to_string(info.max_context));
  inspection.facts.emplace_back("vocabulary", std::to_string(info.vocabulary));
  std::vector<std::string> stored; ///< each once
  for (const CacheRecord &cache : inspection.caches)
    if (!is_contained(stored, cache.stored))
      stored.push_back(cache.stored);
  inspection.facts.emplace_back("cache",
                                formatBytes(uint64_t(info.cache_bytes)) +
                                    " a token, " + join(stored, " and "));
}

/// Sections of machine code: the compiler gives each ISA version its own.
static Error addCode(StringRef path, Inspection &inspection) {
  std::string file = getArtifactFile(path, libraryFile);
  Expected<object::OwningBinary<object::ObjectFile>> binary =
      object::ObjectFile::createObjectFile(file);
  if (!binary)
    return createFileError(file, binary.takeError());
  for (const object::SectionRef &section : binary->getBinary()->sections()) {
    if (!section.isText())
      continue;
    Expected<StringRef> name = section.getName();
    if (!name)
      return createFileError(file, name.takeError());
    inspection.code.push_back({name->str(), section.getSize()});
  }
  return Error::success();
}

Expected<Inspection> inspectArtifact(StringRef path) {
  Inspection inspection;
  inspection.path = path.str();
  Expected<Manifest> manifest =
      readManifest(getArtifactFile(path, manifestFile));
  if (!manifest)
    return manifest.takeError();
  inspection.facts = {
      {"model", manifest->model.name},
      {"model sha256", manifest->model.sha256},
      {"recipe", manifest->recipe},
      {"targets", join(manifest->targets, ", ")},
      {"compiled by", "qopt " + manifest->version},
  };
  auto files = listArtifact(path);
  if (!files)
    return files.takeError();
  for (const auto &[name, bytes] : *files)
    inspection.files.push_back({name, bytes});
  if (Error error = addCode(path, inspection))
    return error;

  Expected<SafetensorsHeader> header =
      readSafetensorsHeader(getArtifactFile(path, weightsFileName));
  if (!header)
    return header.takeError();
  inspection.records = std::move(manifest->weights);
  inspection.caches = std::move(manifest->caches);
  inspection.weightsOverhead = header->fileBytes;
  for (const SafetensorsEntry &tensor : header->tensors) {
    // What fills the gaps between tensors is none.
    if (StringRef(tensor.name).starts_with("__pad."))
      continue;
    inspection.weightsOverhead -= tensor.end - tensor.begin;
    inspection.weights.push_back({tensor.name,
                                  tensor.type,
                                  {tensor.shape.begin(), tensor.shape.end()},
                                  tensor.end - tensor.begin});
  }
  addRuntime(path, inspection);
  return inspection;
}

Expected<std::vector<std::string>> checkArtifact(StringRef path) {
  Expected<Manifest> manifest =
      readManifest(getArtifactFile(path, manifestFile));
  if (!manifest)
    return manifest.takeError();
  std::vector<std::string> differences;
  for (const FileDigest &expected : manifest->files) {
    // A manifest may be anybody's.
    if (StringRef(expected.name).contains('/')) {
      differences.push_back("the manifest names '" + expected.name +
                            "', which is outside the artifact");
      continue;
    }
    std::string file = getArtifactFile(path, expected.name);
    Expected<FileDigest> found = digestFile(file);
    if (!found)
      differences.push_back(toString(found.takeError()));
    else if (found->bytes != expected.bytes)
      differences.push_back(
          "'" + file + "' has " + std::to_string(found->bytes) +
          " bytes, but the manifest says " + std::to_string(expected.bytes));
    else if (found->sha256 != expected.sha256)
      differences.push_back("'" + file + "' has sha256 " + found->sha256 +
                            ", but the manifest says " + expected.sha256);
  }
  return differences;
}

} // namespace qopt

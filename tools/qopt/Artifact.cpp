//===- Artifact.cpp - Files of an artifact --------------------------------===//

#include "tools/qopt/Artifact.h"

#include "lib/Artifact/Directory.h"
#include "lib/Artifact/Manifest.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace qopt {

Expected<std::vector<std::pair<std::string, uint64_t>>>
listArtifact(StringRef path) {
  std::vector<std::pair<std::string, uint64_t>> files;
  std::error_code code;
  for (sys::fs::directory_iterator it(path, code), end; it != end && !code;
       it.increment(code)) {
    uint64_t bytes;
    if ((code = sys::fs::file_size(it->path(), bytes)))
      break;
    files.emplace_back(sys::path::filename(it->path()).str(), bytes);
  }
  if (code)
    return createFileError(path, code);
  llvm::sort(files);
  return files;
}

Expected<uint64_t> getArtifactBytes(StringRef path) {
  auto files = listArtifact(path);
  if (!files)
    return files.takeError();
  uint64_t sum = 0;
  for (const auto &[name, bytes] : *files)
    sum += bytes;
  return sum;
}

Expected<WeightSummary> summariseArtifact(StringRef path) {
  Expected<Manifest> manifest =
      readManifest(getArtifactFile(path, manifestFile));
  if (!manifest)
    return manifest.takeError();
  return summarise(manifest->weights);
}

std::string getArtifactFile(StringRef path, StringRef name) {
  SmallString<128> file(path);
  sys::path::append(file, name);
  return std::string(file);
}

} // namespace qopt

//===- Manifest.h - What an artifact was made of ----------------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_MANIFEST_H
#define QOPT_LIB_ARTIFACT_MANIFEST_H

#include "lib/Artifact/LoopTable.h"
#include "lib/Artifact/WeightRecord.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace qopt {

/// A file by its contents. `name` has no folder: it is the same on any machine.
struct FileDigest {
  std::string name;
  int64_t bytes = 0;
  std::string sha256; ///< lower-case hexadecimal
};

/// manifest.json: all that a rebuild needs, and the files of the artifact.
struct Manifest {
  std::string version; ///< of the tool
  int64_t abi = 0;
  FileDigest model;
  std::vector<FileDigest> externalData;
  std::string recipe;
  std::vector<std::string> targets;
  std::string pipeline;              ///< text of the pass pipeline
  std::vector<WeightRecord> weights; ///< what was chosen for each
  std::vector<CacheRecord> caches;   ///< the same of key/value caches
  LoopTable loops;                   ///< of all ISA versions
  std::vector<FileDigest> files;     ///< of the artifact, without the manifest
};

/// Reads the whole file, mapped.
llvm::Expected<FileDigest> digestFile(const std::string &path);

/// The text of manifest.json: keys sorted, indented by two spaces.
std::string manifestText(const Manifest &manifest);

/// Reads what manifestText writes; fields that it does not know are ignored.
llvm::Expected<Manifest> parseManifest(llvm::StringRef text);
llvm::Expected<Manifest> readManifest(const std::string &path);

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_MANIFEST_H

//===- Artifact.h - Files of an artifact ------------------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_ARTIFACT_H
#define QOPT_TOOLS_QOPT_ARTIFACT_H

#include "lib/Artifact/WeightRecord.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace qopt {

/// Names and sizes of the files in an artifact's directory, by name.
llvm::Expected<std::vector<std::pair<std::string, uint64_t>>>
listArtifact(llvm::StringRef path);

/// The sum of the sizes.
llvm::Expected<uint64_t> getArtifactBytes(llvm::StringRef path);

/// What became of all weights together, from the manifest.
llvm::Expected<WeightSummary> summariseArtifact(llvm::StringRef path);

/// The path of a file of the artifact.
std::string getArtifactFile(llvm::StringRef path, llvm::StringRef name);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_ARTIFACT_H

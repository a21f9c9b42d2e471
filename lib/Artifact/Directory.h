//===- Directory.h - An artifact appears when it is whole -------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_DIRECTORY_H
#define QOPT_LIB_ARTIFACT_DIRECTORY_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace qopt {

/// Files of an artifact; `manifest.json` makes a directory one.
constexpr const char *libraryFile = "model.so";
constexpr const char *weightsFileName = "weights.safetensors";
constexpr const char *headerFile = "model.h";
constexpr const char *manifestFile = "manifest.json";

/// An artifact in the making: a directory `.<name>.tmp-<process>` beside its
/// name, renamed by `commit`, else removed with the object.
class ArtifactDirectory {
public:
  /// An output that exists is refused, or with `force` replaced by `commit` if
  /// it is an artifact or an empty directory; anything else is never touched.
  static llvm::Expected<ArtifactDirectory> create(llvm::StringRef output,
                                                  bool force);
  /// The error of `create`, before any work.
  static llvm::Error check(llvm::StringRef output, bool force);
  ArtifactDirectory(ArtifactDirectory &&other);
  ArtifactDirectory &operator=(ArtifactDirectory &&other) = delete;
  ~ArtifactDirectory();

  /// Where a file of the artifact is written.
  std::string file(llvm::StringRef name) const;
  llvm::StringRef temporary() const { return temporaryPath; }

  /// Writes a small file.
  llvm::Error write(llvm::StringRef name, llvm::StringRef contents);

  /// Copies a file of the model, such as config.json.
  llvm::Error copy(const std::string &source, llvm::StringRef name);

  /// Syncs all files, then gives the directory its name.
  llvm::Error commit();

private:
  ArtifactDirectory(std::string output, bool force)
      : outputPath(std::move(output)), force(force) {}
  std::string outputPath;
  std::string temporaryPath; ///< empty: nothing to remove
  bool force;
};

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_DIRECTORY_H

//===- Rebuild.h - An artifact made again ------------------------*- C++
//-*-===//

#ifndef QOPT_TOOLS_QOPT_REBUILD_H
#define QOPT_TOOLS_QOPT_REBUILD_H

#include "lib/Artifact/Manifest.h"
#include "lib/Report/Cleanup.h"
#include "passes/Compiler.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace qopt {

/// That this compiler and this model are what the artifact was made with.
/// `hint` ends the error's text.
llvm::Error checkOrigin(const Manifest &manifest, llvm::StringRef artifact,
                        const std::string &model, llvm::StringRef hint = "");

/// A new folder beside an artifact, for as long as the object lives: what is
/// made of the artifact is known to fit there.
llvm::Expected<std::unique_ptr<Temporary>>
makeRebuildFolder(llvm::StringRef artifact, llvm::StringRef purpose);

/// Options that make the artifact again, in `folder`.
llvm::Expected<CompileOptions> makeRebuildOptions(const Manifest &manifest,
                                                  const std::string &folder);

/// Compiles, and shows how far it is.
llvm::LogicalResult rebuild(CompileOptions options);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_REBUILD_H

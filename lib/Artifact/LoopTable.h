//===- LoopTable.h - What the loops of an artifact compute ------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_LOOPTABLE_H
#define QOPT_LIB_ARTIFACT_LOOPTABLE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <string>
#include <vector>

namespace qopt {

/// An op that a parallel loop computes; texts are empty where nothing is known.
struct LoopPart {
  std::string op;   ///< "qopt.matmul"; empty: any other operator
  std::string node; ///< of the ONNX file; in a function of several layers, of
                    ///< the first one
  std::string path; ///< canonical, there with a star for the layer's number

  bool operator==(const LoopPart &other) const {
    return op == other.op && node == other.node && path == other.path;
  }
};
using LoopParts = std::vector<LoopPart>;

/// A step of a function: a loop, or all those of another function.
struct LoopStep {
  std::string call; ///< empty: a loop
  LoopParts parts;

  bool operator==(const LoopStep &other) const {
    return call == other.call && parts == other.parts;
  }
};

/// The parallel loops of the entries (main, prefill, decode) and of what they
/// call, in the order in which they run.
using LoopTable = std::map<std::string, std::vector<LoopStep>>;

/// The loops of an entry, one for each that runs.
llvm::Expected<std::vector<LoopParts>> listLoops(const LoopTable &table,
                                                 const std::string &entry);

llvm::json::Value toJSON(const LoopStep &step);
bool fromJSON(const llvm::json::Value &value, LoopStep &step,
              llvm::json::Path path);

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_LOOPTABLE_H

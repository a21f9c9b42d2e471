//===- Inspect.h - What is in a model ---------------------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_INSPECT_H
#define QOPT_TOOLS_QOPT_INSPECT_H

#include "lib/Artifact/WeightRecord.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <string>
#include <vector>

namespace qopt {

/// An input or output.
struct InspectedValue {
  std::string name, type;
  std::vector<std::string> dims; ///< "64", "batch", "past + sequence"
};

struct InspectedWeight {
  std::string name, type;
  std::vector<int64_t> shape;
  uint64_t bytes = 0;
};

struct InspectedFile {
  std::string name;
  uint64_t bytes = 0;
};

/// What artifacts and ONNX files have in common; a list that does not apply is
/// empty.
struct Inspection {
  std::string path;
  std::vector<std::pair<std::string, std::string>> facts; ///< key and value
  std::vector<InspectedFile> files;
  std::vector<InspectedFile> code;      ///< sections of model.so
  std::vector<InspectedFile> operators; ///< of an ONNX file, with their number
  std::vector<InspectedValue> inputs, outputs;
  std::vector<InspectedWeight> weights;
  std::vector<WeightRecord> records; ///< of an artifact: what weights became
  std::vector<CacheRecord> caches;   ///< of an artifact
  uint64_t weightsOverhead = 0; ///< bytes of weights.safetensors that are none
  std::string runtimeError;     ///< why the runtime does not open the artifact
};

llvm::Expected<Inspection> inspectArtifact(llvm::StringRef path);
llvm::Expected<Inspection> inspectOnnx(llvm::StringRef path);

/// The weights of an artifact: a table by role, a table of all, and both as
/// attributes of an object.
void printWeights(const Inspection &inspection, llvm::raw_ostream &os);
void printEachWeight(const Inspection &inspection, llvm::raw_ostream &os);
void writeWeights(const Inspection &inspection, llvm::json::OStream &json);

/// Compares each file of an artifact with the hash in its manifest; one text
/// for each file that differs.
llvm::Expected<std::vector<std::string>> checkArtifact(llvm::StringRef path);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_INSPECT_H

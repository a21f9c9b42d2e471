//===- Compiler.h - From an ONNX file to an artifact ------------*- C++ -*-===//

#ifndef QOPT_PASSES_COMPILER_H
#define QOPT_PASSES_COMPILER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"
#include <functional>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace qopt {

/// What a compilation writes: the artifact, or the program at a stage on the
/// way to it.
enum class Emit {
  Artifact, ///< directory with code, weights, header and manifest
  ONNX,     ///< MLIR text after import
  QOpt,     ///< MLIR text after raising, fusion and outlining
  Linalg,   ///< MLIR text before bufferization
  LLVM,     ///< LLVM IR of every ISA version
  Assembly, ///< assembler text of every ISA version
  Object,   ///< one object file of all ISA versions and the table
  Shared,   ///< model.so alone
};

/// An op of codes in an artifact that computes it in float too, from the same
/// input.
struct ComparedOp {
  std::string node;                     ///< of the ONNX file
  std::string path;                     ///< empty: it has none
  std::string format;                   ///< of the weight's codes
  std::string activations;              ///< of a product; empty for a table
  std::string codesOutput, floatOutput; ///< names of the two results
};

struct CompileOptions {
  std::string model;  ///< ONNX file
  std::string output; ///< directory; a file when something else is emitted;
                      ///< empty, for text: standard output
  std::string recipe = "f32";
  std::vector<std::string> isas; ///< names of lib/Target/X86.h, at least one
  bool fuse = true; ///< ops into products, loops into one; else each by itself
  unsigned threads = 0; ///< 0: as many as the machine has cores
  /// Not null: the network runs in float, and gets each op of codes with its
  /// twin in float as outputs, of which this is the list.
  std::vector<ComparedOp> *compareCodes = nullptr;
  bool force = false; ///< replaces an existing output
  Emit emit = Emit::Artifact;
  bool printIRAfterAll = false; ///< to standard error
  bool remarks = false;         ///< to standard error, in place of their number
  bool timing = false;          ///< to standard error
  bool dumpPassPipeline = false; ///< to standard error
  /// Called on the compiling thread when a stage begins; `fraction` of all work
  /// is done then.
  std::function<void(llvm::StringRef stage, double fraction)> progress;
};

/// Writes the artifact of the model, or what `emit` asks for. Diagnostics go to
/// standard error, located. After a failure nothing of the output is there.
llvm::LogicalResult compileModel(const CompileOptions &options);

struct ExplainOptions {
  bool json = false;
  bool costs = false; ///< of the products on each of the ISA versions
};

/// Writes for every node how it is compiled and what runs in one loop with it,
/// or why it cannot be, and what was not fused or raised and why; writes no
/// code. Fails when a node cannot be compiled.
llvm::LogicalResult explainModel(const CompileOptions &options,
                                 const ExplainOptions &how,
                                 llvm::raw_ostream &os);

} // namespace qopt

#endif // QOPT_PASSES_COMPILER_H

//===- Compilation.h - One compilation --------------------------*- C++ -*-===//

#ifndef QOPT_PASSES_COMPILER_COMPILATION_H
#define QOPT_PASSES_COMPILER_COMPILATION_H

#include "lib/Artifact/LoopTable.h"
#include "lib/Artifact/Table.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Compiler.h"
#include "passes/Compiler/Diagnostics.h"
#include "passes/Compiler/PackedWeights.h"
#include "passes/Compiler/SharedLoops.h"
#include "passes/Compiler/WeightChoices.h"
#include "passes/Emit/EmitModel.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Threading.h"

namespace qopt {

/// One compilation: the module and what is known beside it.
class Compilation {
public:
  explicit Compilation(const CompileOptions &options)
      : options(options), context(makeRegistry()), diagnostics(&context) {
    context.printOpOnDiagnostic(false); // messages name node and file
    if (threads() == 1)
      context.disableMultithreading();
  }

  mlir::LogicalResult import();
  mlir::LogicalResult raise();
  mlir::LogicalResult compile();
  mlir::LogicalResult explain(const ExplainOptions &how, llvm::raw_ostream &os);

private:
  static mlir::DialectRegistry makeRegistry();
  mlir::LogicalResult run(llvm::StringRef stage, double fraction,
                          llvm::function_ref<void(mlir::OpPassManager &)> build,
                          mlir::ModuleOp target) {
    progress(stage, fraction);
    return runPasses(build, target, /*verifies=*/true, pipeline);
  }
  mlir::LogicalResult
  run(llvm::StringRef stage, double fraction,
      llvm::function_ref<void(mlir::OpPassManager &)> build) {
    return run(stage, fraction, build, *module);
  }
  /// Adds to `text` what the passes are.
  mlir::LogicalResult
  runPasses(llvm::function_ref<void(mlir::OpPassManager &)> build,
            mlir::ModuleOp target, bool verifies, std::string &text);
  mlir::LogicalResult report(llvm::Error error);
  mlir::LogicalResult writeText(llvm::StringRef text);
  mlir::LogicalResult writeModule();
  mlir::LogicalResult makeVariants();
  mlir::LogicalResult lower(VariantModule &variant, std::string &text);
  mlir::LogicalResult takeSignature(VariantModule &variant);
  mlir::LogicalResult emitCode();
  mlir::LogicalResult emitArtifact();
  mlir::FailureOr<SharedLoops> findSharedLoops();
  void reportRemarks();
  void fillTable();
  std::string folder() const {
    llvm::StringRef parent = llvm::sys::path::parent_path(options.model);
    return parent.empty() ? "." : parent.str();
  }
  /// What is printed is printed by one thread.
  unsigned threads() const {
    return options.printIRAfterAll ? 1
           : options.threads
               ? options.threads
               : llvm::hardware_concurrency().compute_thread_count();
  }
  void progress(llvm::StringRef stage, double fraction) {
    if (options.progress)
      options.progress(stage, fraction);
  }

  const CompileOptions &options;
  mlir::MLIRContext context;
  DiagnosticPrinter diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string pipeline; ///< text of all passes so far
  llvm::StringMap<WeightReader> readers;
  std::vector<PackedWeight> weights;
  ArtifactTable table;
  LoopTable loops;
  llvm::SmallVector<VariantModule> variants;
};

} // namespace qopt

#endif // QOPT_PASSES_COMPILER_COMPILATION_H

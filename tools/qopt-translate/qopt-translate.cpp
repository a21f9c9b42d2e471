//===- qopt-translate.cpp - Show an ONNX file as MLIR ---------------------===//

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/FileUtilities.h"
#include "passes/Import/ImportONNX.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::OptionCategory category("qopt-translate options");
  llvm::cl::opt<std::string> input(llvm::cl::Positional, llvm::cl::Required,
                                   llvm::cl::desc("<model.onnx>"),
                                   llvm::cl::cat(category));
  llvm::cl::opt<std::string> output(
      "o", llvm::cl::init("-"), llvm::cl::desc("write to this file"),
      llvm::cl::value_desc("file"), llvm::cl::cat(category));
  llvm::cl::opt<bool> withLocations(
      "locations", llvm::cl::desc("print the node that each op comes from"),
      llvm::cl::cat(category));
  llvm::cl::HideUnrelatedOptions(category);
  llvm::cl::ParseCommandLineOptions(argc, argv,
                                    "prints an ONNX file as MLIR\n");

  MLIRContext context;
  // Messages of the import name file and node themselves.
  ScopedDiagnosticHandler handler(&context, [](Diagnostic &diagnostic) {
    llvm::errs() << "qopt-translate: " << diagnostic << "\n";
    return success();
  });
  OwningOpRef<ModuleOp> module = qopt::importONNX(input, &context);
  if (!module)
    return 1;
  std::string error;
  std::unique_ptr<llvm::ToolOutputFile> file = openOutputFile(output, &error);
  if (!file) {
    llvm::errs() << "qopt-translate: " << error << "\n";
    return 1;
  }
  OpPrintingFlags flags;
  flags.enableDebugInfo(withLocations, /*prettyForm=*/false);
  module->print(file->os(), flags);
  file->os().flush();
  if (file->os().has_error()) {
    llvm::errs() << "qopt-translate: " << output << ": "
                 << file->os().error().message() << "\n";
    file->os().clear_error();
    return 1;
  }
  file->keep();
  return 0;
}

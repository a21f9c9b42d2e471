//===- Diagnostics.h - Errors as users read them ----------------*- C++ -*-===//

#ifndef QOPT_PASSES_COMPILER_DIAGNOSTICS_H
#define QOPT_PASSES_COMPILER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include <string>
#include <vector>

namespace qopt {

/// "model.onnx: node 'name'", as much of it as the location knows.
std::string describe(mlir::Location location);

/// The names of all nodes that a location stands for, the first one's first.
std::vector<std::string> nodeNames(mlir::Location location);

/// While it lives, prints errors and warnings of the context as
/// `error: model.onnx: node 'name': text`, and keeps remarks, each once.
class DiagnosticPrinter {
public:
  explicit DiagnosticPrinter(mlir::MLIRContext *context);

  struct Remark {
    std::string where, node, text;
  };
  const std::vector<Remark> &getRemarks() const { return remarks; }

private:
  std::vector<Remark> remarks;
  mlir::ScopedDiagnosticHandler handler;
};

/// While it lives, keeps the diagnostics of the thread that made it, for tasks
/// that run at once and are to be heard in order.
class DiagnosticKeeper {
public:
  DiagnosticKeeper(mlir::MLIRContext *context,
                   std::vector<mlir::Diagnostic> &kept);

private:
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace qopt

#endif // QOPT_PASSES_COMPILER_DIAGNOSTICS_H

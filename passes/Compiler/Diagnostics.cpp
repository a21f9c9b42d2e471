//===- Diagnostics.cpp - Errors as users read them ------------------------===//

#include "passes/Compiler/Diagnostics.h"

#include "lib/Report/Progress.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace qopt {

std::string describe(Location location) {
  std::string text;
  if (auto file = location->findInstanceOf<FileLineColLoc>())
    text = file.getFilename().str();
  if (auto name = location->findInstanceOf<NameLoc>()) {
    text += text.empty() ? "" : ": ";
    text += "node '" + name.getName().str() + "'";
  }
  return text;
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        std::string where = describe(diagnostic.getLocation());
        if (diagnostic.getSeverity() == DiagnosticSeverity::Remark) {
          remarks.push_back({where, diagnostic.str()});
          return success();
        }
        clearProgressBar();
        llvm::errs() << (diagnostic.getSeverity() == DiagnosticSeverity::Error
                             ? "error: "
                             : "warning: ")
                     << where << (where.empty() ? "" : ": ") << diagnostic.str()
                     << "\n";
        for (Diagnostic &note : diagnostic.getNotes())
          llvm::errs() << "note: " << note.str() << "\n";
        return success();
      }) {}

} // namespace qopt

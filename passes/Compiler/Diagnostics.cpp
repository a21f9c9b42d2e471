//===- Diagnostics.cpp - Errors as users read them ------------------------===//

#include "passes/Compiler/Diagnostics.h"

#include "lib/Report/Progress.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"
#include <thread>

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

static void addNames(Location location, std::vector<std::string> &names) {
  if (auto name = dyn_cast<NameLoc>(location)) {
    names.push_back(name.getName().str());
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      addNames(part, names);
  }
}

std::vector<std::string> nodeNames(Location location) {
  std::vector<std::string> names;
  addNames(location, names);
  return names;
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        std::string where = describe(diagnostic.getLocation());
        if (diagnostic.getSeverity() == DiagnosticSeverity::Remark) {
          auto names = nodeNames(diagnostic.getLocation());
          Remark remark{where, names.empty() ? "" : names.front(),
                        diagnostic.str()};
          // prefill and decode, and all ISA versions, say the same
          if (llvm::none_of(remarks, [&](const Remark &old) {
                return old.where == remark.where && old.text == remark.text;
              }))
            remarks.push_back(std::move(remark));
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

DiagnosticKeeper::DiagnosticKeeper(MLIRContext *context,
                                   std::vector<Diagnostic> &kept)
    : handler(context, [&kept, owner = std::this_thread::get_id()](
                           Diagnostic &diagnostic) {
        if (std::this_thread::get_id() != owner)
          return failure();
        kept.push_back(std::move(diagnostic));
        return success();
      }) {}

} // namespace qopt

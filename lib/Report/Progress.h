//===- Progress.h - How far long work has come ------------------*- C++ -*-===//

#ifndef QOPT_LIB_REPORT_PROGRESS_H
#define QOPT_LIB_REPORT_PROGRESS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <string>

namespace qopt {

/// Shows on standard error what is being done: a bar with the time that is left
/// on a terminal; elsewhere a line when a stage begins, and every ten seconds.
class Progress {
public:
  explicit Progress(llvm::raw_ostream &os = llvm::errs());
  /// Removes the bar.
  ~Progress() { finish(); }

  /// `fraction` of all work, 0 to 1, is done and `stage` goes on.
  void update(llvm::StringRef stage, double fraction);

  /// Removes the bar from the terminal, so that something else may be printed.
  void finish();

private:
  using Clock = std::chrono::steady_clock;
  void drawBar(llvm::StringRef stage, double fraction);

  llvm::raw_ostream &os;
  bool terminal;
  bool drawn = false;
  std::string lastStage;
  Clock::time_point start = Clock::now(), lastPrint;
};

/// Removes the bar that is on the terminal, if any: call it, on the thread that
/// updates the progress, before printing a diagnostic.
void clearProgressBar();

} // namespace qopt

#endif // QOPT_LIB_REPORT_PROGRESS_H

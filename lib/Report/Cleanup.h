//===- Cleanup.h - Temporaries that an interrupt removes --------*- C++ -*-===//

#ifndef QOPT_LIB_REPORT_CLEANUP_H
#define QOPT_LIB_REPORT_CLEANUP_H

#include <functional>
#include <string>

namespace qopt {

/// From now on SIGINT, SIGTERM and SIGHUP first remove the temporaries that are
/// registered (and LLVM's own), then end the process as they always do. Signals
/// that are ignored stay ignored. Call it once, in main, before any thread is
/// started.
void installInterruptCleanup();

/// In the child of a fork, where no thread waits for signals: they end it.
void restoreInterrupts();

/// From now on the first SIGINT is only remembered, for work that can end
/// early; a second one ends the process. Nothing without
/// installInterruptCleanup.
void deferInterrupt();
/// Whether a deferred SIGINT came.
bool isInterrupted();

/// A file or directory tree that must not outlive this object, nor the process
/// if it is interrupted after installInterruptCleanup.
class Temporary {
public:
  explicit Temporary(std::string path);
  /// Creates and registers in one go: an interrupt comes before both or after
  /// both. `create` returns the path, or nothing after a failure.
  explicit Temporary(const std::function<std::string()> &create);
  Temporary(const Temporary &) = delete;
  Temporary &operator=(const Temporary &) = delete;
  /// Removes what is there, unless kept.
  ~Temporary();

  const std::string &getPath() const { return path; }

  /// Leaves it alone from now on. Call it right after the temporary has been
  /// renamed.
  void keep();

private:
  std::string path;
  bool kept = false;
};

} // namespace qopt

#endif // QOPT_LIB_REPORT_CLEANUP_H

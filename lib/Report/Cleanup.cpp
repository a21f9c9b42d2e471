//===- Cleanup.cpp - Temporaries that an interrupt removes ----------------===//

#include "lib/Report/Cleanup.h"

#include "llvm/Support/Signals.h"
#include <atomic>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

namespace qopt {

namespace {
struct Registry {
  std::mutex mutex;
  std::multiset<std::string> paths;
};
} // namespace

static std::atomic<bool> deferred = false, interrupted = false;

/// Never destroyed: the thread that waits for signals outlives main.
static Registry &getRegistry() {
  static Registry *registry = new Registry;
  return *registry;
}

static void removeTree(const std::string &path) {
  if (path.empty())
    return;
  std::error_code ignored;
  // Another thread may still be creating files in it.
  for (int attempt = 0; attempt < 10; ++attempt) {
    std::filesystem::remove_all(path, ignored);
    if (!std::filesystem::exists(
            std::filesystem::symlink_status(path, ignored)))
      return;
  }
}

/// An ordinary thread waits for the signals, so that cleaning up may do what no
/// signal handler may.
static void waitForSignal(sigset_t signals) {
  int signal = 0;
  auto isRemembered = [&] {
    return signal == SIGINT && deferred && !interrupted.exchange(true);
  };
  while (sigwait(&signals, &signal) != 0 || isRemembered())
    ;
  // Held to the end: nothing is registered or kept any more.
  getRegistry().mutex.lock();
  for (const std::string &path : getRegistry().paths)
    removeTree(path);
  llvm::sys::RunInterruptHandlers();

  std::signal(signal, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  raise(signal);
  _exit(128 + signal);
}

void restoreInterrupts() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
}

void installInterruptCleanup() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) == 0 &&
        action.sa_handler != SIG_IGN)
      sigaddset(&signals, signal);
  }
  // Threads that are started later inherit the mask.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread(waitForSignal, signals).detach();
}

void deferInterrupt() { deferred = true; }
bool isInterrupted() { return interrupted; }

Temporary::Temporary(std::string path) : path(std::move(path)) {
  Registry &registry = getRegistry();
  std::lock_guard<std::mutex> lock(registry.mutex);
  registry.paths.insert(this->path);
}

Temporary::Temporary(const std::function<std::string()> &create) {
  Registry &registry = getRegistry();
  std::lock_guard<std::mutex> lock(registry.mutex);
  path = create();
  registry.paths.insert(path);
}

Temporary::~Temporary() {
  if (kept)
    return;
  removeTree(path);
  keep();
}

void Temporary::keep() {
  Registry &registry = getRegistry();
  std::lock_guard<std::mutex> lock(registry.mutex);
  registry.paths.erase(registry.paths.find(path));
  kept = true;
}

} // namespace qopt

//===- ParallelFor.h - Independent items on some threads --------*- C++ -*-===//

#ifndef QOPT_LIB_METHODS_PARALLELFOR_H
#define QOPT_LIB_METHODS_PARALLELFOR_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace qopt {

/// Calls `body` for 0 .. count - 1, each once, in no order, on at most
/// `threads` threads, this one included; returns after the last.
inline void parallelFor(int64_t count, unsigned threads,
                        llvm::function_ref<void(int64_t)> body) {
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t i = next++; i < count; i = next++)
      body(i);
  };
  std::vector<std::thread> others;
  int64_t wanted = std::min<int64_t>(threads, count);
  for (int64_t i = 1; i < wanted; ++i)
    others.emplace_back(work);
  work();
  for (std::thread &thread : others)
    thread.join();
}

} // namespace qopt

#endif // QOPT_LIB_METHODS_PARALLELFOR_H

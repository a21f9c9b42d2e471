//===- WeightReader.h - Plain reads of a mapping ----------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_WEIGHTREADER_H
#define QOPT_TOOLS_QOPT_WEIGHTREADER_H

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace qopt {

/// Reads memory from one end to the other and does nothing else with it, with
/// threads that wait in between: what a matrix product that is limited by
/// memory bandwidth can at best achieve.
class WeightReader {
public:
  /// `threads` counts the calling one.
  WeightReader(const uint8_t *data, int64_t bytes, int threads);
  ~WeightReader();

  /// Seconds that one read of all takes.
  double read();

private:
  void readSlice(int thread);
  void work(int thread);

  const uint8_t *data;
  int64_t bytes;
  int numThreads;
  std::mutex mutex;
  std::condition_variable begin, end;
  int round = 0;   ///< number of reads that have begun
  int running = 0; ///< threads that have not finished this one
  bool quit = false;
  uint64_t sum = 0; ///< keeps the reads from being dropped
  std::vector<std::thread> threads;
};

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_WEIGHTREADER_H

//===- WeightReader.cpp - Plain reads of a mapping ------------------------===//

#include "tools/qopt/WeightReader.h"

#include <chrono>
#include <cstring>

namespace qopt {

WeightReader::WeightReader(const uint8_t *data, int64_t bytes, int threads)
    : data(data), bytes(bytes), numThreads(threads) {
  for (int thread = 1; thread < threads; ++thread)
    this->threads.emplace_back(&WeightReader::work, this, thread);
}

WeightReader::~WeightReader() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    quit = true;
  }
  begin.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

void WeightReader::readSlice(int thread) {
  constexpr int64_t line = 64;
  int64_t lines = bytes / line;
  int64_t first = lines * thread / numThreads;
  int64_t last = lines * (thread + 1) / numThreads;
  // Independent sums, so that loads need not wait for one another.
  uint64_t sums[line / 8] = {};
  for (int64_t i = first; i < last; ++i) {
    uint64_t values[line / 8];
    std::memcpy(values, data + i * line, line);
    for (int64_t j = 0; j < line / 8; ++j)
      sums[j] += values[j];
  }
  std::lock_guard<std::mutex> lock(mutex);
  for (uint64_t part : sums)
    sum += part;
}

void WeightReader::work(int thread) {
  for (int done = 0;; ++done) {
    {
      std::unique_lock<std::mutex> lock(mutex);
      begin.wait(lock, [&] { return quit || round > done; });
      if (quit)
        return;
    }
    readSlice(thread);
    std::lock_guard<std::mutex> lock(mutex);
    if (--running == 0)
      end.notify_one();
  }
}

double WeightReader::read() {
  auto start = std::chrono::steady_clock::now();
  {
    std::lock_guard<std::mutex> lock(mutex);
    ++round;
    running = numThreads - 1;
  }
  begin.notify_all();
  readSlice(0);
  std::unique_lock<std::mutex> lock(mutex);
  end.wait(lock, [&] { return running == 0; });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

} // namespace qopt

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

/// By 16 bytes, each a load of its own: the CPU fetches ahead of such best.
void WeightReader::readSlice(int thread) {
  using Pair [[gnu::vector_size(16)]] = uint64_t;
  constexpr int64_t count = 8, chunk = count * sizeof(Pair);
  int64_t chunks = bytes / chunk;
  int64_t first = chunks * thread / numThreads;
  int64_t last = chunks * (thread + 1) / numThreads;
  // Independent sums, so that loads need not wait for one another.
  Pair sums[count] = {};
  for (int64_t i = first; i < last; ++i)
    for (int64_t j = 0; j < count; ++j) {
      Pair values;
      std::memcpy(&values, data + i * chunk + j * int64_t(sizeof values),
                  sizeof values);
      sums[j] += values;
    }
  std::lock_guard<std::mutex> lock(mutex);
  for (Pair part : sums)
    sum += part[0] + part[1];
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

//===- ThreadsTest.cpp - The pool that runs parallel loops ----------------===//

extern "C" {
#include "runtime/threads.h"
}

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace {

struct PoolDeleter {
  void operator()(qopt_pool *pool) const { qopt_pool_free(pool); }
};

std::unique_ptr<qopt_pool, PoolDeleter>
makePool(int threads, size_t scratch = 0, int (*cancel)(void *) = nullptr,
         void *user = nullptr) {
  qopt_pool *pool = nullptr;
  EXPECT_EQ(qopt_pool_create(threads, scratch, cancel, user, &pool), QOPT_OK);
  return std::unique_ptr<qopt_pool, PoolDeleter>(pool);
}

struct Counts {
  std::vector<int> times; // not atomic: items are disjoint
  int scratchBytes = 0;
  std::atomic<bool> aligned{true};
};

void countItems(const void *env, int64_t begin, int64_t end, void *scratch) {
  Counts *counts = const_cast<Counts *>(static_cast<const Counts *>(env));
  if (reinterpret_cast<uintptr_t>(scratch) % 64)
    counts->aligned = false;
  auto *bytes = static_cast<unsigned char *>(scratch);
  for (int64_t i = begin; i < end; ++i) {
    // Another thread with the same scratch would be seen here, or by TSan.
    for (int k = 0; k < counts->scratchBytes; ++k)
      bytes[k] = static_cast<unsigned char>(i);
    for (int k = 0; k < counts->scratchBytes; ++k)
      counts->times[i] += bytes[k] != static_cast<unsigned char>(i) ? 1000 : 0;
    ++counts->times[i];
  }
}

TEST(Threads, everyItemRunsOnce) {
  for (int threads : {1, 2, 3, 8}) {
    auto pool = makePool(threads, 100);
    EXPECT_EQ(qopt_pool_threads(pool.get()), threads);
    for (int items : {0, 1, 2, 3, 15, 16, 17, 1000, 12345}) {
      Counts counts;
      counts.times.resize(items);
      counts.scratchBytes = 100;
      qopt_pool_parallel_for(pool.get(), countItems, &counts, items);
      EXPECT_EQ(counts.times, std::vector<int>(items, 1)) << threads;
      EXPECT_TRUE(counts.aligned);
    }
  }
}

TEST(Threads, manyShortLoopsInSuccession) {
  auto pool = makePool(4);
  for (int loop = 0; loop < 20000; ++loop) {
    Counts counts;
    counts.times.resize(1 + loop % 7);
    qopt_pool_parallel_for(pool.get(), countItems, &counts, 1 + loop % 7);
    for (int times : counts.times)
      ASSERT_EQ(times, 1) << loop;
  }
}

TEST(Threads, workersThatSleepWakeAgain) {
  auto pool = makePool(3);
  for (int loop = 0; loop < 20; ++loop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    Counts counts;
    counts.times.resize(100);
    qopt_pool_parallel_for(pool.get(), countItems, &counts, 100);
    EXPECT_EQ(counts.times, std::vector<int>(100, 1));
  }
}

/// Item 0 ends only when another thread has run item 1.
void meet(const void *env, int64_t begin, int64_t end, void *) {
  auto *met = const_cast<std::atomic<bool> *>(
      static_cast<const std::atomic<bool> *>(env));
  for (int64_t i = begin; i < end; ++i) {
    if (i == 1)
      *met = true;
    while (!*met)
      std::this_thread::yield();
  }
}

TEST(Threads, otherThreadsTakePart) {
  auto pool = makePool(2);
  std::atomic<bool> met{false};
  qopt_pool_parallel_for(pool.get(), meet, &met, 2);
  EXPECT_TRUE(met);
}

TEST(Threads, poolsAreIndependent) {
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([] {
      auto pool = makePool(3);
      for (int loop = 0; loop < 500; ++loop) {
        Counts counts;
        counts.times.resize(50);
        qopt_pool_parallel_for(pool.get(), countItems, &counts, 50);
        EXPECT_EQ(counts.times, std::vector<int>(50, 1));
      }
    });
  for (std::thread &caller : callers)
    caller.join();
}

int cancelAfter(void *user) { return --*static_cast<int *>(user) < 0; }

/// Each job counts the items of a loop of its own.
struct Jobs {
  explicit Jobs(int threads, size_t number)
      : threads(threads), counts(number) {}
  int threads;
  std::vector<Counts> counts;
};

void runJob(void *env, int64_t item, int32_t number, void *thread) {
  auto *jobs = static_cast<Jobs *>(env);
  EXPECT_GE(number, 0);
  EXPECT_LT(number, jobs->threads);
  Counts &counts = jobs->counts[item];
  qopt_thread_for(thread, countItems, &counts,
                  static_cast<int64_t>(counts.times.size()));
}

TEST(Threads, everyJobRunsOnceAndAllOfItsLoop) {
  int polls = 1 << 30;
  for (int threads : {1, 2, 3, 8})
    for (bool canBeCancelled : {false, true}) {
      auto pool = makePool(threads, 100, canBeCancelled ? cancelAfter : nullptr,
                           &polls);
      Jobs jobs(threads, 13);
      for (size_t i = 0; i < jobs.counts.size(); ++i) {
        jobs.counts[i].times.resize(3 * i);
        jobs.counts[i].scratchBytes = 100;
      }
      qopt_pool_run_jobs(pool.get(), runJob, &jobs, 13);
      for (size_t i = 0; i < jobs.counts.size(); ++i)
        EXPECT_EQ(jobs.counts[i].times, std::vector<int>(3 * i, 1));
    }
}

TEST(Threads, cancelEndsTheLoopOfAJob) {
  int polls = 3; // before the job, and before two eighths of its loop
  auto pool = makePool(1, 0, cancelAfter, &polls);
  Jobs jobs(1, 2);
  for (Counts &counts : jobs.counts)
    counts.times.resize(80);
  qopt_pool_run_jobs(pool.get(), runJob, &jobs, 2);
  EXPECT_TRUE(qopt_pool_cancelled(pool.get()));
  EXPECT_EQ(jobs.counts[0].times[19], 1);
  EXPECT_EQ(jobs.counts[0].times[20], 0);
  EXPECT_EQ(jobs.counts[1].times[0], 0);
}

TEST(Threads, cancelSkipsWhatHasNotBegun) {
  for (int threads : {1, 2}) {
    int polls = 3;
    auto pool = makePool(threads, 0, cancelAfter, &polls);
    EXPECT_FALSE(qopt_pool_start(pool.get()));
    Counts counts;
    counts.times.resize(100000);
    qopt_pool_parallel_for(pool.get(), countItems, &counts, 100000);
    // One of two workers may have taken everything before the third poll.
    if (threads == 1) {
      EXPECT_TRUE(qopt_pool_cancelled(pool.get()));
      EXPECT_EQ(counts.times[0], 1);
      EXPECT_EQ(counts.times[99999], 0);
    }
    polls = 1;
    EXPECT_FALSE(qopt_pool_start(pool.get()));
    EXPECT_FALSE(qopt_pool_cancelled(pool.get()));
    EXPECT_TRUE(qopt_pool_start(pool.get()));
    Counts none;
    none.times.resize(10);
    qopt_pool_parallel_for(pool.get(), countItems, &none, 10);
    EXPECT_EQ(none.times, std::vector<int>(10, 0));
  }
}

} // namespace

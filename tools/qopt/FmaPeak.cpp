//===- FmaPeak.cpp - The arithmetic that a CPU can do ---------------------===//

#include "tools/qopt/FmaPeak.h"

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

using namespace llvm;

namespace qopt {

/// Read where the compiler cannot see them: it must not compute ahead.
static volatile float factor = 0.5f, summand = 1;
static volatile float sink;

/// More than a core has in flight: latency times units, 4 * 2 and 5 * 2. With
/// the two constants they fit 16 registers.
static constexpr int chains = 12;

template <typename Vector>
static inline __attribute__((always_inline)) void multiplyAdd(int64_t rounds) {
  Vector sums[chains];
  Vector a = Vector{} + factor, b = Vector{} + summand;
  for (int i = 0; i < chains; ++i)
    sums[i] = b + float(i);
  for (int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i)
      sums[i] = sums[i] * a + b; // one instruction where the ISA has it
  Vector sum = sums[0];
  for (int i = 1; i < chains; ++i)
    sum += sums[i];
  sink = sum[0];
}

using Vector128 = float __attribute__((vector_size(16)));
using Vector256 = float __attribute__((vector_size(32)));
using Vector512 = float __attribute__((vector_size(64)));

static void run128(int64_t rounds) { multiplyAdd<Vector128>(rounds); }

__attribute__((target("avx2,fma"))) static void run256(int64_t rounds) {
  multiplyAdd<Vector256>(rounds);
}

__attribute__((target("avx512f"))) static void run512(int64_t rounds) {
  multiplyAdd<Vector512>(rounds);
}

double measureFmaPeak(StringRef isa, int threads) {
  void (*run)(int64_t) = run128;
  int64_t lanes = 4;
  if (isa.starts_with("x86-64-v4"))
    run = run512, lanes = 16;
  else if (isa == "x86-64-v3")
    run = run256, lanes = 8;
  // Some twenty milliseconds, after some that wake up wide vector units.
  constexpr int64_t rounds = 10'000'000, warmUp = rounds / 10;
  auto runAll = [&](int64_t count) {
    auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> others;
    for (int thread = 1; thread < threads; ++thread)
      others.emplace_back(run, count);
    run(count);
    for (std::thread &other : others)
      other.join();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  runAll(warmUp);
  return double(rounds * chains * lanes * 2 * threads) / runAll(rounds);
}

} // namespace qopt

//===- Bench.h - Measurements of speed --------------------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_BENCH_H
#define QOPT_TOOLS_QOPT_BENCH_H

#include "lib/Report/Progress.h"
#include "tools/qopt/Model.h"
#include <chrono>
#include <vector>

namespace qopt {

struct BenchOptions {
  int64_t runs = 5;    ///< of each measurement; figures are their medians
  int64_t threads = 0; ///< 0: the runtime's default
  std::vector<int64_t> promptLengths; ///< empty: 128 and 512 or what fits
  std::vector<int64_t> batches, sequences;
  bool allLogits = false; ///< prefill computes those of all positions
};

struct PrefillFigures {
  int64_t length;
  double seconds;
  double tokensPerSecond() const { return double(length) / seconds; }
};

struct DecoderFigures {
  int32_t threads;
  std::vector<PrefillFigures> prefill;
  int64_t decodeContext;  ///< tokens in the cache before the first decoded one
  int64_t decodedTokens;  ///< in each run
  double secondsPerToken; ///< of decoding
  int64_t weightBytes;    ///< that decoding a token reads
  double readSeconds;     ///< that a plain read of as many takes
  /// Of the bandwidth of a plain read.
  double share() const { return readSeconds / secondsPerToken; }
};

/// Prefills and decodes with random tokens. Every run measures decoding and a
/// plain read of the weights one right after the other.
llvm::Expected<DecoderFigures> benchDecoder(llvm::StringRef path,
                                            qopt_model *model,
                                            const BenchOptions &options);

struct LatencyFigures {
  int64_t batch, sequence;
  int64_t runs;
  double median, fastest, slowest95; ///< seconds; 95 % are not slower
};

/// Runs the model on inputs made up from its signature: the dynamic dimensions
/// that are called batch are the batch, all others the sequence.
llvm::Expected<std::vector<LatencyFigures>>
benchLatency(qopt_model *model, const BenchOptions &options, int32_t &threads);

/// Seconds that `work`, which returns an Error, takes.
template <typename Work> llvm::Expected<double> measure(Work work) {
  auto start = std::chrono::steady_clock::now();
  if (llvm::Error error = work())
    return error;
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_BENCH_H

//===- Bench.h - Measurements of speed --------------------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_BENCH_H
#define QOPT_TOOLS_QOPT_BENCH_H

#include "lib/Report/Progress.h"
#include "tools/qopt/Model.h"
#include "llvm/Support/JSON.h"
#include <chrono>
#include <optional>
#include <vector>

namespace qopt {

struct BenchOptions {
  int64_t runs = 5;    ///< of each measurement; figures are their medians
  int64_t threads = 0; ///< 0: the runtime's default
  std::vector<int64_t> promptLengths; ///< empty: 128 and 512 or what fits
  std::vector<int64_t> batches, sequences;
  bool allLogits = false; ///< prefill computes those of all positions
  bool perOp = false;     ///< language models: each loop by itself, too
};

/// From opening the artifact in a process of its own to the first token of a
/// prompt, and what that process needs.
struct OpeningFigures {
  int64_t length;        ///< of the prompt, the shortest one
  double warmSeconds;    ///< all files in memory
  double prefillSeconds; ///< of the prompt alone, once it has run before
  /// No page of the files in memory; nothing where the kernel keeps them.
  std::optional<double> coldSeconds;
  double residentShare; ///< of the pages, that it kept when asked to drop them
  /// Most resident memory, after prefill of all lengths and some decoding;
  /// what of it is the mapping of the weights, and what was there before.
  int64_t peakBytes, weightBytes, programBytes;
};

/// Nothing for models that are no language models. Must be called while the
/// process has neither threads nor this model open: it forks.
llvm::Expected<std::optional<OpeningFigures>>
benchOpening(llvm::StringRef path, const BenchOptions &options);

struct PrefillFigures {
  int64_t length;
  double seconds;
  double operations; ///< multiplications and additions with weights
  double tokensPerSecond() const { return double(length) / seconds; }
};

/// Equal loops of all layers; per prompt, or per token. Of those that have
/// products, what the cost model says of them on this machine.
struct LoopLine {
  std::string name;
  std::vector<std::string> nodes; ///< of the ONNX file, those of one layer
  int64_t calls = 0;
  double seconds = 0;
  double predicted = 0;           ///< seconds
  double limit = 0;               ///< seconds at bandwidth or peak; 0: unknown
  double memory = 0, compute = 0; ///< which of it is which
};

struct LoopFigures {
  bool isPrefill;              ///< else of a decoded token
  int64_t length;              ///< of the prompt, or of the context
  double seconds;              ///< of all
  double outside;              ///< of it in no loop
  std::vector<LoopLine> lines; ///< the slowest first
};

struct DecoderFigures {
  int32_t threads;
  std::vector<PrefillFigures> prefill;
  int64_t decodeContext;  ///< tokens in the cache before the first decoded one
  int64_t decodedTokens;  ///< in each run
  double secondsPerToken; ///< of decoding
  double seconds50, seconds90, seconds99; ///< so many % of tokens take less
  int64_t weightBytes;                    ///< that decoding a token reads
  double readSeconds; ///< that a plain read of as many takes
  /// Of the bandwidth of a plain read.
  double share() const { return readSeconds / secondsPerToken; }
  double fmaPeak;                 ///< operations a second
  std::vector<LoopFigures> loops; ///< with BenchOptions::perOp
  double fmaShare(const PrefillFigures &prefill) const {
    return prefill.operations / prefill.seconds / fmaPeak;
  }
};

/// Prefills and decodes with random tokens. Every run measures decoding and a
/// plain read of the weights one right after the other, and prefill and a loop
/// of arithmetic.
llvm::Expected<DecoderFigures> benchDecoder(llvm::StringRef path,
                                            qopt_model *model,
                                            const BenchOptions &options);

/// Runs the model again and takes the time of each loop. Bandwidth and peak are
/// those of `figures`.
llvm::Expected<std::vector<LoopFigures>>
benchLoops(llvm::StringRef path, qopt_model *model, const BenchOptions &options,
           const DecoderFigures &figures);
void printLoops(const LoopFigures &figures);
void writeLoops(llvm::json::OStream &json, const LoopFigures &figures);

/// For people, and as JSON.
void printText(const DecoderFigures &figures, const OpeningFigures &opening,
               const qopt_model_info &info, int64_t runs);
void printJson(const DecoderFigures &figures, const OpeningFigures &opening,
               llvm::StringRef path, const qopt_model_info &info, int64_t runs);

/// What the figures of all models begin with.
void writeCommon(llvm::json::OStream &json, llvm::StringRef path,
                 const qopt_model_info &info, int32_t threads, int64_t runs);

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

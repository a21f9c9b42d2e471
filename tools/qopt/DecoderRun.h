//===- DecoderRun.h - Random prompts for a language model -------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_DECODERRUN_H
#define QOPT_TOOLS_QOPT_DECODERRUN_H

#include "tools/qopt/Bench.h"

namespace qopt {

/// Lengths of the prompts, the shortest first: decoding goes on from it.
llvm::Expected<std::vector<int64_t>>
choosePromptLengths(const qopt_model_info &info, const BenchOptions &options);

/// Prefills and decodes random tokens, and says how long it took.
class DecoderRun {
public:
  /// All that it refers to must live as long.
  DecoderRun(const qopt_model_info &info, const BenchOptions &options,
             qopt_session *session, llvm::ArrayRef<int64_t> lengths);

  /// From an empty cache.
  llvm::Expected<double> prefill(int64_t length);

  /// Seconds of each of `count` tokens after the first prompt, each with the
  /// likeliest next one: all logits are written when the option says so, or the
  /// model has no candidates.
  llvm::Expected<std::vector<double>> decode(int64_t count);

  /// Most tokens that can be decoded.
  int64_t room() const;

private:
  const BenchOptions &options;
  qopt_session *session;
  int64_t shortest;
  bool hasCandidates;
  std::vector<int64_t> tokens;
  std::vector<float> logits;
};

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_DECODERRUN_H

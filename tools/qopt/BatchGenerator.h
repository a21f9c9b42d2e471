//===- BatchGenerator.h - Continues prompts token by token ------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_BATCHGENERATOR_H
#define QOPT_TOOLS_QOPT_BATCHGENERATOR_H

#include "lib/Generate/Sampler.h"
#include "qopt/runtime.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>
#include <vector>

namespace qopt {

struct GenerationOptions {
  int64_t maxTokens = 0; ///< of each row
  SamplingOptions sampling;
  std::vector<int64_t> endTokens; ///< end a row, and are no part of it
  /// Receives each token of a row as it comes; true: the row ends with it.
  std::function<llvm::Expected<bool>(size_t row, int64_t token)> accept;
  std::function<void(size_t row)> ended; ///< called once for each row
  std::function<bool()> isInterrupted;
};

/// Why a row ended.
enum class RowEnd {
  Running,
  EndToken,
  StopText,
  MaxTokens,
  Context,
  Interrupt
};

/// "end token", "stop text", ...
llvm::StringRef describe(RowEnd end);

struct GeneratedRow {
  std::vector<int64_t> prompt, tokens;
  RowEnd end = RowEnd::Running;
};

struct Generation {
  std::vector<GeneratedRow> rows;
  int64_t promptTokens = 0; ///< of all rows
  /// From the beginning of the prefill until the first token is chosen.
  double firstTokenSeconds = 0;
  int64_t decodedTokens = 0; ///< of all rows, but for the first ones
  double decodeSeconds = 0;
};

/// Runs the prompts, none empty, as one batch on an empty session, shorter ones
/// padded on the left. Rows that have ended are computed on until all have. A
/// row is the same whatever the number of threads.
llvm::Expected<Generation> generate(qopt_session *session,
                                    const qopt_model_info &info,
                                    std::vector<std::vector<int64_t>> prompts,
                                    const GenerationOptions &options);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_BATCHGENERATOR_H

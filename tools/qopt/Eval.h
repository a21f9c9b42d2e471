//===- Eval.h - What the ways of evaluation share ---------------*- C++ -*-===//

#ifndef QOPT_TOOLS_QOPT_EVAL_H
#define QOPT_TOOLS_QOPT_EVAL_H

#include "lib/Artifact/WeightRecord.h"
#include "lib/Eval/Windows.h"
#include "lib/Text/Tokenizer.h"
#include "tools/qopt/Model.h"
#include "tools/qopt/Options.h"
#include "llvm/Support/JSON.h"

namespace qopt {

struct EvalOptions {
  int64_t window = 256, stride = 256; ///< tokens
  int64_t report = 0;                 ///< windows
  int64_t threads = 0;                ///< 0: the runtime's default
  bool isJson = false;
};

/// What is evaluated: one long row of tokens, and its windows.
struct EvalTokens {
  std::vector<int64_t> ids; ///< at least two
  std::vector<Window> windows;
  /// Turns ids into text for the report; null: there is none, or no report.
  std::unique_ptr<text::Tokenizer> tokenizer;
};

/// The tokens of --tokens or --text, by --tokenizer or the artifact's own.
/// `vocabulary` is their number, or 0 where the model does not say.
llvm::Expected<EvalTokens> readEvalTokens(const Arguments &arguments,
                                          const EvalOptions &options,
                                          int64_t vocabulary);

/// An artifact with one session.
struct Evaluated {
  std::string path;
  ModelPointer model;
  SessionPointer session;
  uint64_t bytes = 0; ///< of the artifact's files
  WeightSummary weights;

  const qopt_model_info &info() const {
    return *qopt_model_get_info(model.get());
  }
  /// It predicts tokens, and has a cache.
  bool isLanguageModel() const {
    return info().is_decoder && info().vocabulary > 0;
  }
  void writeSize(llvm::json::OStream &json) const;
};

llvm::Expected<Evaluated> openEvaluated(const std::string &path,
                                        const EvalOptions &options);

/// Prints perplexity and, with a reference (else null), distances from it.
llvm::Error evalLogits(const Evaluated &model, const Evaluated *reference,
                       const EvalTokens &tokens, const EvalOptions &options);

/// Prints how far the outputs of a model without logits are from another's.
llvm::Error evalOutputs(const Evaluated &model, const Evaluated &reference,
                        const EvalTokens &tokens, const EvalOptions &options);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_EVAL_H

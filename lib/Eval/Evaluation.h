//===- Evaluation.h - Quality of predictions --------------------*- C++ -*-===//

#ifndef QOPT_LIB_EVAL_EVALUATION_H
#define QOPT_LIB_EVAL_EVALUATION_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace qopt {

/// What the logits of a model say of the tokens that followed, and how far they
/// are from a reference model's. KL is in nats, a distribution over tokens.
struct Figures {
  int64_t tokens = 0;    ///< predictions
  double perplexity = 0; ///< exp of the mean of -ln p(token)
  bool hasReference = false;
  double referencePerplexity = 0;
  /// KL(reference || model) = sum of p_ref (ln p_ref - ln p), over predictions.
  double klMean = 0, klMedian = 0, kl99 = 0, klMax = 0;
  double top1 = 0; ///< share of predictions with the reference's arg max
  /// Mean over predictions of the cosine of the two models' logits; tokens that
  /// both models exclude take no part.
  double cosine = 0;
};

/// Means over the predictions of one call of Evaluation::add.
struct PartFigures {
  int64_t tokens = 0;
  double negativeLogLikelihood = 0; ///< -ln p(token)
  double kl = 0, top1 = 0;          ///< as in Figures
};

/// Adds up predictions as they come; keeps eight bytes of each and no logits.
/// The figures do not depend on how the rows are divided into calls.
class Evaluation {
public:
  explicit Evaluation(int64_t vocabulary) : vocabulary(vocabulary) {}

  /// Row i of `logits`, [targets.size(), vocabulary], predicts targets[i],
  /// which is in [0, vocabulary). `reference` has the same shape, or is null in
  /// every call.
  PartFigures add(const float *logits, const float *reference,
                  llvm::ArrayRef<int64_t> targets);

  Figures getFigures() const;

private:
  int64_t vocabulary;
  int64_t tokens = 0, agreements = 0;
  double negativeLogLikelihood = 0, referenceNegativeLogLikelihood = 0;
  double cosines = 0; ///< the sum
  std::vector<double> divergences;
};

} // namespace qopt

#endif // QOPT_LIB_EVAL_EVALUATION_H

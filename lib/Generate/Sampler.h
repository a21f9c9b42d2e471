//===- Sampler.h - Chooses the next token -----------------------*- C++ -*-===//

#ifndef QOPT_LIB_GENERATE_SAMPLER_H
#define QOPT_LIB_GENERATE_SAMPLER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseSet.h"
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

namespace qopt {

/// How tokens are chosen; the defaults leave out a step. Steps follow each
/// other as they stand here, each on what the one before has left.
struct SamplingOptions {
  /// Logits of tokens that are there already: l / penalty when l > 0, else
  /// l * penalty (Keskar et al. 2019, arXiv:1909.05858).
  double repetitionPenalty = 1;
  double temperature = 0; ///< logits are divided by it; 0: the largest one
  int64_t topK = 0;       ///< the k likeliest
  /// The fewest of the likeliest whose probabilities reach p (Holtzman et al.
  /// 2019, arXiv:1904.09751).
  double topP = 1;
  /// Those with at least p times the probability of the likeliest (Nguyen et
  /// al. 2024, arXiv:2407.01082).
  double minP = 0;
  uint64_t seed = 0;

  /// How many of the largest logits are all that is read of them; 0: all are.
  int64_t wantedLogits() const;
};

/// Chooses the tokens of one row. Depends on the options, the row and what it
/// is given, on nothing else; of equal logits the lower id comes first.
class Sampler {
public:
  Sampler(const SamplingOptions &options, uint64_t row);

  /// Tokens that the repetition penalty is for: the prompt's. What is sampled
  /// follows by itself.
  void see(llvm::ArrayRef<int64_t> tokens);

  /// The next token, or nothing when no logit is a number above -inf.
  std::optional<int64_t> sample(llvm::ArrayRef<float> logits);
  /// The same from the `wantedLogits()` largest ones above -inf, whose tokens
  /// these are, -1 where there are fewer.
  std::optional<int64_t> sample(llvm::ArrayRef<float> logits,
                                llvm::ArrayRef<int64_t> tokens);

private:
  struct Candidate {
    double logit;
    int64_t token;
  };
  double penalised(float logit, int64_t token) const;
  int64_t draw(Candidate best, std::vector<Candidate> candidates);
  int64_t choose(Candidate best, std::vector<Candidate> candidates);
  void keepLikely(std::vector<Candidate> &candidates) const;

  SamplingOptions options;
  std::mt19937_64 random;
  llvm::DenseSet<int64_t> seen;
};

} // namespace qopt

#endif // QOPT_LIB_GENERATE_SAMPLER_H

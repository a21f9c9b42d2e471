//===- Sampler.cpp - Chooses the next token -------------------------------===//

#include "lib/Generate/Sampler.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace qopt {

Sampler::Sampler(const SamplingOptions &options, uint64_t row)
    : options(options) {
  // Rows of one seed are far apart; all of this is the same on any machine.
  std::seed_seq seeds{uint32_t(options.seed), uint32_t(options.seed >> 32),
                      uint32_t(row), uint32_t(row >> 32)};
  random.seed(seeds);
}

void Sampler::see(ArrayRef<int64_t> tokens) {
  if (options.repetitionPenalty != 1)
    seen.insert(tokens.begin(), tokens.end());
}

double Sampler::penalised(float logit, int64_t token) const {
  if (options.repetitionPenalty == 1 || !seen.contains(token))
    return logit;
  return logit > 0 ? logit / options.repetitionPenalty
                   : logit * options.repetitionPenalty;
}

int64_t SamplingOptions::wantedLogits() const {
  if (repetitionPenalty != 1)
    return 0;
  return temperature <= 0 ? 1 : topK;
}

std::optional<int64_t> Sampler::sample(ArrayRef<float> logits) {
  std::vector<Candidate> candidates;
  Candidate best = {-INFINITY, -1};
  for (size_t i = 0; i != logits.size(); ++i) {
    Candidate candidate = {penalised(logits[i], int64_t(i)), int64_t(i)};
    if (!(candidate.logit > -INFINITY)) // excluded, or no number
      continue;
    if (candidate.logit > best.logit)
      best = candidate;
    if (options.temperature > 0)
      candidates.push_back(candidate);
  }
  if (best.token < 0)
    return std::nullopt;
  return draw(best, std::move(candidates));
}

std::optional<int64_t> Sampler::sample(ArrayRef<float> logits,
                                       ArrayRef<int64_t> tokens) {
  std::vector<Candidate> candidates;
  for (size_t i = 0; i != logits.size() && tokens[i] >= 0; ++i)
    candidates.push_back({logits[i], tokens[i]});
  if (candidates.empty())
    return std::nullopt;
  Candidate best = candidates.front();
  return draw(best, std::move(candidates));
}

int64_t Sampler::draw(Candidate best, std::vector<Candidate> candidates) {
  int64_t token = choose(best, std::move(candidates));
  see(token);
  return token;
}

int64_t Sampler::choose(Candidate best, std::vector<Candidate> candidates) {
  // Of an infinite logit there are no probabilities.
  if (options.temperature <= 0 || best.logit == INFINITY)
    return best.token;
  keepLikely(candidates);
  double sum = 0;
  std::vector<double> sums;
  for (const Candidate &candidate : candidates) {
    sum += std::exp((candidate.logit - best.logit) / options.temperature);
    sums.push_back(sum);
  }
  double point = double(random() >> 11) * 0x1p-53 * sum;
  auto found = std::upper_bound(sums.begin(), sums.end(), point);
  size_t index = std::min(size_t(found - sums.begin()), sums.size() - 1);
  return candidates[index].token;
}

/// Top-k, top-p and min-p.
void Sampler::keepLikely(std::vector<Candidate> &candidates) const {
  if (options.topK <= 0 && options.topP >= 1 && options.minP <= 0)
    return;
  auto isLess = [](const Candidate &a, const Candidate &b) {
    return a.logit != b.logit ? a.logit < b.logit : a.token > b.token;
  };
  auto isGreater = [&](const Candidate &a, const Candidate &b) {
    return isLess(b, a);
  };
  if (options.topK > 0 && uint64_t(options.topK) < candidates.size()) {
    std::nth_element(candidates.begin(), candidates.begin() + options.topK - 1,
                     candidates.end(), isGreater);
    candidates.resize(size_t(options.topK));
  }
  double largest =
      std::max_element(candidates.begin(), candidates.end(), isLess)->logit;
  auto weight = [&](const Candidate &candidate) {
    return std::exp((candidate.logit - largest) / options.temperature);
  };
  double all = 0;
  std::sort(
      candidates.begin(), candidates.end(),
      [](const Candidate &a, const Candidate &b) { return a.token < b.token; });
  for (const Candidate &candidate : candidates)
    all += weight(candidate);
  // The likeliest first, as many as are kept.
  std::make_heap(candidates.begin(), candidates.end(), isLess);
  std::vector<Candidate> kept;
  for (double sum = 0;
       !candidates.empty() &&
       (kept.empty() || sum < options.topP * all || options.topP >= 1);) {
    std::pop_heap(candidates.begin(), candidates.end(), isLess);
    Candidate candidate = candidates.back();
    candidates.pop_back();
    if (!kept.empty() && weight(candidate) < options.minP)
      break;
    kept.push_back(candidate);
    sum += weight(candidate);
  }
  candidates = std::move(kept);
}

} // namespace qopt

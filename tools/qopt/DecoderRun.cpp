//===- DecoderRun.cpp - Random prompts for a language model ---------------===//

#include "tools/qopt/DecoderRun.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <random>

using namespace llvm;

namespace qopt {

static constexpr int64_t maxDecoded = 256;

Expected<std::vector<int64_t>>
choosePromptLengths(const qopt_model_info &info, const BenchOptions &options) {
  std::vector<int64_t> lengths = options.promptLengths;
  if (lengths.empty())
    // Decoding goes on from the shorter one: it leaves room.
    lengths = {std::clamp<int64_t>(info.max_context / 2, 1, 128),
               std::clamp<int64_t>(info.max_context, 1, 512)};
  llvm::sort(lengths);
  lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  if (lengths.back() > info.max_context)
    return createStringError("a prompt of " + Twine(lengths.back()) +
                             " tokens is longer than the model's context, " +
                             Twine(info.max_context));
  if (lengths.front() == info.max_context)
    return createStringError("expects a prompt shorter than the model's "
                             "context, " +
                             Twine(info.max_context));
  return lengths;
}

DecoderRun::DecoderRun(const qopt_model_info &info, const BenchOptions &options,
                       qopt_session *session, ArrayRef<int64_t> lengths)
    : options(options), session(session), shortest(lengths.front()),
      hasCandidates(info.max_candidates > 0 && !options.allLogits) {
  std::mt19937_64 random(1);
  for (int64_t i = 0; i != std::max(lengths.back(), maxDecoded); ++i)
    tokens.push_back(int64_t(random() % uint64_t(info.vocabulary)));
  logits.resize(
      size_t(info.vocabulary * (options.allLogits ? lengths.back() : 1)));
}

Expected<double> DecoderRun::prefill(int64_t length) {
  qopt_session_reset(session);
  qopt_prompt prompt = {};
  prompt.tokens = tokens.data();
  prompt.batch = 1;
  prompt.length = length;
  return measure([&] {
    return check(qopt_session_prefill(
        session, &prompt,
        options.allLogits ? QOPT_LOGITS_ALL : QOPT_LOGITS_LAST, logits.data()));
  });
}

Expected<std::vector<double>> DecoderRun::decode(int64_t count) {
  if (Error error = check(qopt_session_truncate(session, shortest)))
    return std::move(error);
  std::vector<double> result;
  for (int64_t i = 0; i != count; ++i) {
    const int64_t *token = &tokens[size_t(i)];
    int64_t best;
    qopt_candidates greedy = {1, logits.data(), &best};
    Expected<double> seconds = measure([&] {
      return check(hasCandidates ? qopt_session_decode_candidates(
                                       session, token, 1, nullptr, &greedy)
                                 : qopt_session_decode(session, token, 1,
                                                       nullptr, logits.data()));
    });
    if (!seconds)
      return seconds.takeError();
    result.push_back(*seconds);
  }
  return result;
}

int64_t DecoderRun::room() const {
  return std::min(maxDecoded, qopt_session_max_context(session) - shortest);
}

} // namespace qopt

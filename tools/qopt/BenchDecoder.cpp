//===- BenchDecoder.cpp - Speed of language models ------------------------===//

#include "lib/Eval/Statistics.h"
#include "lib/Files/Safetensors.h"
#include "tools/qopt/Artifact.h"
#include "tools/qopt/Bench.h"
#include "tools/qopt/WeightReader.h"
#include <algorithm>
#include <cmath>
#include <random>

using namespace llvm;

namespace qopt {

/// Of all tensors that are no padding.
static Expected<int64_t> getWeightBytes(StringRef path) {
  Expected<SafetensorsHeader> header =
      readSafetensorsHeader(getArtifactFile(path, "weights.safetensors"));
  if (!header)
    return header.takeError();
  uint64_t sum = 0;
  for (const SafetensorsEntry &tensor : header->tensors)
    if (!StringRef(tensor.name).starts_with("__pad."))
      sum += tensor.end - tensor.begin;
  return int64_t(sum);
}

namespace {
class DecoderBench {
public:
  DecoderBench(const qopt_model_info &info, const BenchOptions &options,
               qopt_session *session, std::vector<int64_t> lengths)
      : options(options), session(session), lengths(std::move(lengths)) {
    int64_t longest =
        *std::max_element(this->lengths.begin(), this->lengths.end());
    std::mt19937_64 random(1);
    for (int64_t i = 0; i != std::max<int64_t>(longest, maxDecoded); ++i)
      tokens.push_back(int64_t(random() % uint64_t(info.vocabulary)));
    logits.resize(size_t(info.vocabulary * (options.allLogits ? longest : 1)));
  }

  Expected<double> prefill(int64_t length) {
    qopt_session_reset(session);
    qopt_prompt prompt = {};
    prompt.tokens = tokens.data();
    prompt.batch = 1;
    prompt.length = length;
    return measure([&] {
      return check(qopt_session_prefill(session, &prompt,
                                        options.allLogits ? QOPT_LOGITS_ALL
                                                          : QOPT_LOGITS_LAST,
                                        logits.data()));
    });
  }

  /// Seconds a token, of `count` tokens after the first prompt.
  Expected<double> decode(int64_t count) {
    if (Error error = check(qopt_session_truncate(session, lengths.front())))
      return error;
    Expected<double> seconds = measure([&]() -> Error {
      for (int64_t i = 0; i != count; ++i)
        if (Error error = check(qopt_session_decode(session, &tokens[size_t(i)],
                                                    1, nullptr, logits.data())))
          return error;
      return Error::success();
    });
    if (!seconds)
      return seconds.takeError();
    return *seconds / double(count);
  }

  /// As many tokens as take a quarter of a second, or as there is room for.
  Expected<int64_t> chooseDecoded() {
    int64_t room = std::min(maxDecoded, qopt_session_max_context(session) -
                                            lengths.front());
    Expected<double> seconds = decode(std::min<int64_t>(room, 4));
    if (!seconds)
      return seconds.takeError();
    return std::clamp<int64_t>(std::llround(0.25 / *seconds),
                               std::min<int64_t>(room, 8), room);
  }

  Expected<DecoderFigures> run(WeightReader &reader, int64_t weightBytes);

private:
  static constexpr int64_t maxDecoded = 256;
  const BenchOptions &options;
  qopt_session *session;
  std::vector<int64_t> lengths, tokens;
  std::vector<float> logits;
};
} // namespace

Expected<DecoderFigures> DecoderBench::run(WeightReader &reader,
                                           int64_t weightBytes) {
  // Warms up: touches weights, code and memory, and leaves the first prompt.
  for (int64_t length : {lengths.back(), lengths.front()})
    if (Expected<double> seconds = prefill(length); !seconds)
      return seconds.takeError();
  Expected<int64_t> decoded = chooseDecoded();
  if (!decoded)
    return decoded.takeError();
  reader.read();

  Progress progress;
  std::vector<std::vector<double>> prefillSeconds(lengths.size());
  std::vector<double> decodeSeconds, readSeconds;
  for (int64_t run = 0; run != options.runs; ++run) {
    progress.update("measuring", double(run) / double(options.runs));
    // The shortest prompt comes last: it is the one that decoding goes on from.
    for (size_t i = lengths.size(); i-- > 0;) {
      Expected<double> seconds = prefill(lengths[i]);
      if (!seconds)
        return seconds.takeError();
      prefillSeconds[i].push_back(*seconds);
    }
    Expected<double> seconds = decode(*decoded);
    if (!seconds)
      return seconds.takeError();
    decodeSeconds.push_back(*seconds);
    readSeconds.push_back(reader.read());
  }

  DecoderFigures figures = {};
  figures.threads = qopt_session_threads(session);
  for (size_t i = 0; i != lengths.size(); ++i)
    figures.prefill.push_back({lengths[i], median(prefillSeconds[i])});
  figures.decodeContext = lengths.front();
  figures.decodedTokens = *decoded;
  figures.secondsPerToken = median(decodeSeconds);
  figures.weightBytes = weightBytes;
  figures.readSeconds = median(readSeconds);
  return figures;
}

Expected<DecoderFigures> benchDecoder(StringRef path, qopt_model *model,
                                      const BenchOptions &options) {
  const qopt_model_info &info = *qopt_model_get_info(model);
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
  Expected<SessionPointer> session = createSession(model, {options.threads});
  if (!session)
    return session.takeError();
  Expected<int64_t> weightBytes = getWeightBytes(path);
  if (!weightBytes)
    return weightBytes.takeError();
  // The tensors lie one after the other at the end of the file.
  int64_t readBytes = std::min(*weightBytes, info.weights_bytes);
  WeightReader reader(info.weights + (info.weights_bytes - readBytes),
                      readBytes, qopt_session_threads(session->get()));
  return DecoderBench(info, options, session->get(), std::move(lengths))
      .run(reader, *weightBytes);
}

} // namespace qopt

//===- BenchDecoder.cpp - Speed of language models ------------------------===//

#include "lib/Eval/Statistics.h"
#include "lib/Files/Safetensors.h"
#include "tools/qopt/Artifact.h"
#include "tools/qopt/DecoderRun.h"
#include "tools/qopt/FmaPeak.h"
#include "tools/qopt/WeightReader.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace llvm;

namespace qopt {

static double mean(ArrayRef<double> samples) {
  return std::accumulate(samples.begin(), samples.end(), 0.0) /
         double(samples.size());
}

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

/// Of a prefill: two for each element of a product's weights and each token;
/// the head's for the tokens whose logits are computed.
static double countOperations(const WeightSummary &weights, int64_t length,
                              bool allLogits) {
  double head = 0;
  for (const WeightSummary::Row &row : weights.rows)
    if (row.role == "head")
      head += double(row.totals.elements);
  return 2 * (double(length) * double(weights.linears.elements) +
              head * double(allLogits ? length : 1));
}

/// As many tokens as take a quarter of a second, or as there is room for.
static Expected<int64_t> chooseDecoded(DecoderRun &run) {
  Expected<std::vector<double>> seconds =
      run.decode(std::min<int64_t>(run.room(), 4));
  if (!seconds)
    return seconds.takeError();
  return std::clamp<int64_t>(std::llround(0.25 / mean(*seconds)),
                             std::min<int64_t>(run.room(), 8), run.room());
}

namespace {
struct Samples {
  std::vector<std::vector<double>> prefill; ///< for each length
  std::vector<double> decode, tokens, read, peak;
};
} // namespace

static Error measureOnce(DecoderRun &run, WeightReader &reader,
                         ArrayRef<int64_t> lengths, int64_t decoded,
                         StringRef isa, int threads, Samples &samples) {
  samples.prefill.resize(lengths.size());
  samples.peak.push_back(measureFmaPeak(isa, threads));
  // The shortest prompt comes last: it is the one that decoding goes on from.
  for (size_t i = lengths.size(); i-- > 0;) {
    Expected<double> seconds = run.prefill(lengths[i]);
    if (!seconds)
      return seconds.takeError();
    samples.prefill[i].push_back(*seconds);
  }
  Expected<std::vector<double>> seconds = run.decode(decoded);
  if (!seconds)
    return seconds.takeError();
  samples.decode.push_back(mean(*seconds));
  append_range(samples.tokens, *seconds);
  samples.read.push_back(reader.read());
  return Error::success();
}

Expected<DecoderFigures> benchDecoder(StringRef path, qopt_model *model,
                                      const BenchOptions &options) {
  const qopt_model_info &info = *qopt_model_get_info(model);
  Expected<std::vector<int64_t>> lengths = choosePromptLengths(info, options);
  if (!lengths)
    return lengths.takeError();
  Expected<SessionPointer> session = createSession(model, {options.threads});
  if (!session)
    return session.takeError();
  Expected<int64_t> weightBytes = getWeightBytes(path);
  if (!weightBytes)
    return weightBytes.takeError();
  Expected<WeightSummary> weights = summariseArtifact(path);
  if (!weights)
    return weights.takeError();
  // The tensors lie one after the other at the end of the file.
  int64_t readBytes = std::min(*weightBytes, info.weights_bytes);
  int threads = qopt_session_threads(session->get());
  WeightReader reader(info.weights + (info.weights_bytes - readBytes),
                      readBytes, threads);

  DecoderRun run(info, options, session->get(), *lengths);
  // Warms up: touches weights, code and memory, and leaves the first prompt.
  for (int64_t length : {lengths->back(), lengths->front()})
    if (Expected<double> seconds = run.prefill(length); !seconds)
      return seconds.takeError();
  Expected<int64_t> decoded = chooseDecoded(run);
  if (!decoded)
    return decoded.takeError();
  reader.read();

  Progress progress;
  Samples samples;
  for (int64_t i = 0; i != options.runs; ++i) {
    progress.update("measuring", double(i) / double(options.runs));
    if (Error error = measureOnce(run, reader, *lengths, *decoded, info.isa,
                                  threads, samples))
      return std::move(error);
  }

  DecoderFigures figures = {};
  figures.threads = threads;
  for (auto [length, seconds] : zip_equal(*lengths, samples.prefill))
    figures.prefill.push_back(
        {length, median(seconds),
         countOperations(*weights, length, options.allLogits)});
  figures.decodeContext = lengths->front();
  figures.decodedTokens = *decoded;
  figures.secondsPerToken = median(samples.decode);
  figures.seconds50 = median(samples.tokens);
  figures.seconds90 = quantile(samples.tokens, 0.9);
  figures.seconds99 = quantile(samples.tokens, 0.99);
  figures.weightBytes = *weightBytes;
  figures.readSeconds = median(samples.read);
  figures.fmaPeak = median(samples.peak);
  return figures;
}

} // namespace qopt

//===- Eval.cpp - qopt eval -----------------------------------------------===//

#include "lib/Eval/Evaluation.h"
#include "lib/Report/Format.h"
#include "lib/Report/Json.h"
#include "lib/Report/Progress.h"
#include "lib/Report/Table.h"
#include "tools/qopt/Artifact.h"
#include "tools/qopt/Commands.h"
#include "tools/qopt/EvalLayers.h"
#include "tools/qopt/Model.h"
#include "tools/qopt/Tokens.h"
#include <chrono>

using namespace llvm;

namespace qopt {

namespace {
/// A language model with one session and room for the logits of a window.
struct Evaluated {
  std::string path;
  ModelPointer model;
  SessionPointer session;
  std::vector<float> logits;
  uint64_t bytes = 0; ///< of the artifact's files
  WeightSummary weights;

  const qopt_model_info &info() const {
    return *qopt_model_get_info(model.get());
  }
};
} // namespace

static Expected<Evaluated> openEvaluated(const std::string &path,
                                         int64_t window, int64_t threads) {
  Evaluated result;
  result.path = path;
  Expected<ModelPointer> model = openModel(path);
  if (!model)
    return model.takeError();
  result.model = std::move(*model);
  if (!result.info().is_decoder || result.info().vocabulary <= 0)
    return createFileError(path, createStringError("not a language model"));
  if (Error error = checkWindow(path, result.info(), window))
    return std::move(error);
  Expected<SessionPointer> session =
      createSession(result.model.get(), {threads, window});
  if (!session)
    return session.takeError();
  result.session = std::move(*session);
  result.logits.resize(size_t(window * result.info().vocabulary));
  Expected<uint64_t> bytes = getArtifactBytes(path);
  if (!bytes)
    return bytes.takeError();
  result.bytes = *bytes;
  Expected<WeightSummary> weights = summariseArtifact(path);
  if (!weights)
    return weights.takeError();
  result.weights = std::move(*weights);
  return result;
}

/// Logits of all tokens of a window, from an empty cache.
static Error computeLogits(Evaluated &evaluated, ArrayRef<int64_t> window) {
  qopt_session_reset(evaluated.session.get());
  qopt_prompt prompt = {};
  prompt.tokens = window.data();
  prompt.batch = 1;
  prompt.length = int64_t(window.size());
  return check(qopt_session_prefill(evaluated.session.get(), &prompt,
                                    QOPT_LOGITS_ALL, evaluated.logits.data()));
}

/// Windows of this many tokens as they stand, each from an empty cache; every
/// token of a window but its first is predicted.
static Expected<Figures> evaluate(Evaluated &model, Evaluated *reference,
                                  ArrayRef<int64_t> tokens, size_t window) {
  Evaluation evaluation(model.info().vocabulary);
  Progress progress;
  for (size_t begin = 0; begin < tokens.size(); begin += window) {
    ArrayRef<int64_t> part =
        tokens.slice(begin, std::min(window, tokens.size() - begin));
    if (part.size() < 2)
      break;
    progress.update("evaluating", double(begin) / double(tokens.size()));
    if (Error error = computeLogits(model, part))
      return error;
    if (reference)
      if (Error error = computeLogits(*reference, part))
        return error;
    evaluation.add(model.logits.data(),
                   reference ? reference->logits.data() : nullptr,
                   part.drop_front());
  }
  return evaluation.getFigures();
}

static json::Value orNull(bool known, double value) {
  return known ? finiteOrNull(value) : json::Value(nullptr);
}

static void writeSize(json::OStream &json, const Evaluated &evaluated) {
  json.attribute("bytes", evaluated.bytes);
  json.attribute("bits_per_weight", evaluated.weights.all.bitsPerWeight());
  json.attribute("bits_per_weight_linears",
                 evaluated.weights.linears.bitsPerWeight());
}

static void printJson(const Figures &figures, const Evaluated &model,
                      const Evaluated *reference, double seconds) {
  bool known = figures.hasReference;
  json::OStream json(outs(), /*IndentSize=*/2);
  json.object([&] {
    json.attribute("model", model.path);
    json.attribute("tokens", figures.tokens);
    json.attribute("perplexity", orNull(true, figures.perplexity));
    json.attribute("kl", orNull(known, figures.klMean));
    json.attribute("kl_median", orNull(known, figures.klMedian));
    json.attribute("kl_p99", orNull(known, figures.kl99));
    json.attribute("kl_max", orNull(known, figures.klMax));
    json.attribute("top1", orNull(known, figures.top1));
    json.attribute("cosine", orNull(known, figures.cosine));
    writeSize(json, model);
    if (reference)
      json.attributeObject("reference", [&] {
        json.attribute("model", reference->path);
        json.attribute("perplexity",
                       orNull(known, figures.referencePerplexity));
        writeSize(json, *reference);
      });
    json.attribute("isa", model.info().isa);
    json.attribute("threads", qopt_session_threads(model.session.get()));
    json.attribute("seconds", seconds);
  });
  outs() << '\n';
}

static void printText(const Figures &figures, const Evaluated &model,
                      const Evaluated *reference) {
  Table table({{}, {"", /*rightAligned=*/true}});
  table.addRow({"perplexity", formatFixed(figures.perplexity, 4)});
  if (reference) {
    table.addRow(
        {"  of the reference", formatFixed(figures.referencePerplexity, 4)});
    table.addRow({"KL to the reference, mean", formatFixed(figures.klMean, 6)});
    table.addRow({"  median", formatFixed(figures.klMedian, 6)});
    table.addRow({"  99 %", formatFixed(figures.kl99, 6)});
    table.addRow({"  largest", formatFixed(figures.klMax, 6)});
    table.addRow({"top-1 agreement", formatFixed(figures.top1, 4)});
    table.addRow({"cosine of logits, mean", formatFixed(figures.cosine, 6)});
  }
  table.addRow({"predicted tokens", std::to_string(figures.tokens)});
  auto addSize = [&](const std::string &what, auto text) {
    table.addRow({what, text(model)});
    if (reference)
      table.addRow({"  of the reference", text(*reference)});
  };
  addSize("size", [](const Evaluated &of) { return formatBytes(of.bytes); });
  addSize("bits per weight, all", [](const Evaluated &of) {
    return formatFixed(of.weights.all.bitsPerWeight(), 2);
  });
  addSize("bits per weight, linears", [](const Evaluated &of) {
    return formatFixed(of.weights.linears.bitsPerWeight(), 2);
  });
  table.print(outs());
}

static Expected<int> eval(const Arguments &arguments) {
  if (!arguments.has("tokens"))
    return createStringError("expects --tokens");
  Expected<int64_t> threads = arguments.getInteger("threads", 0, 1, maxThreads);
  if (!threads)
    return threads.takeError();
  Expected<int64_t> window =
      arguments.getInteger("window", 256, 2, int64_t(1) << 24);
  if (!window)
    return window.takeError();
  if (arguments.has("per-layer"))
    return evalLayers(arguments, *window, *threads);

  Expected<Evaluated> model =
      openEvaluated(arguments.operand(0).str(), *window, *threads);
  if (!model)
    return model.takeError();
  std::optional<Evaluated> reference;
  if (arguments.has("reference")) {
    Expected<Evaluated> opened =
        openEvaluated(arguments.get("reference"), *window, *threads);
    if (!opened)
      return opened.takeError();
    reference = std::move(*opened);
    if (reference->info().vocabulary != model->info().vocabulary)
      return createStringError("the models have vocabularies of " +
                               Twine(model->info().vocabulary) + " and " +
                               Twine(reference->info().vocabulary) + " tokens");
  }
  Expected<std::vector<int64_t>> tokens =
      readTokens(arguments.get("tokens"), model->info().vocabulary);
  if (!tokens)
    return tokens.takeError();

  auto start = std::chrono::steady_clock::now();
  Evaluated *other = reference ? &*reference : nullptr;
  Expected<Figures> figures = evaluate(*model, other, *tokens, *window);
  if (!figures)
    return figures.takeError();
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (arguments.has("json"))
    printJson(*figures, *model, other, seconds);
  else
    printText(*figures, *model, other);
  return 0;
}

const Command evalCommand = {
    "eval",
    "measure perplexity, KL divergence, top-1 agreement, or each node's error",
    {"m.qopt"},
    {{"tokens", "FILE.npy", "token ids, integers of any type"},
     {"window", "N",
      "tokens that are evaluated together, from an empty cache (default: 256)"},
     {"reference", "other.qopt", "model to compare with, of the same tokens"},
     {"per-layer", "MODEL.onnx",
      "measure each quantized node instead, from float inputs: SQNR and\n"
      "cosine of its output, the worst first; of encoders, too"},
     threadsOption,
     jsonOption},
    {"qopt eval model.qopt --tokens tokens.npy",
     "qopt eval bf16.qopt --tokens tokens.npy --reference f32.qopt --json",
     "qopt eval w4.qopt --tokens tokens.npy --per-layer model.onnx"},
    eval};

} // namespace qopt

//===- Eval.cpp - qopt eval -----------------------------------------------===//

#include "tools/qopt/Eval.h"

#include "tools/qopt/Artifact.h"
#include "tools/qopt/Commands.h"
#include "tools/qopt/EvalLayers.h"
#include "tools/qopt/Tokens.h"

using namespace llvm;

namespace qopt {

void Evaluated::writeSize(json::OStream &json) const {
  json.attribute("bytes", bytes);
  json.attribute("bits_per_weight", weights.all.bitsPerWeight());
  json.attribute("bits_per_weight_linears", weights.linears.bitsPerWeight());
}

Expected<Evaluated> openEvaluated(const std::string &path,
                                  const EvalOptions &options) {
  Evaluated result;
  result.path = path;
  Expected<ModelPointer> model = openModel(path);
  if (!model)
    return model.takeError();
  result.model = std::move(*model);
  if (Error error = checkWindow(path, result.info(), options.window))
    return std::move(error);
  Expected<SessionPointer> session =
      createSession(result.model.get(), {options.threads, options.window});
  if (!session)
    return session.takeError();
  result.session = std::move(*session);
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

static Expected<EvalOptions> readOptions(const Arguments &arguments) {
  if (arguments.has("tokens") == arguments.has("text"))
    return createStringError("expects --tokens or --text, one of them");
  EvalOptions options;
  constexpr int64_t largest = int64_t(1) << 24;
  auto read = [&](StringRef name, int64_t min, int64_t max,
                  int64_t &to) -> Error {
    Expected<int64_t> value = arguments.getInteger(name, to, min, max);
    if (!value)
      return value.takeError();
    to = *value;
    return Error::success();
  };
  if (Error error = read("threads", 1, maxThreads, options.threads))
    return error;
  if (Error error = read("window", 2, largest, options.window))
    return error;
  options.stride = options.window;
  // A longer stride would leave tokens out.
  if (Error error = read("stride", 1, options.window, options.stride))
    return error;
  if (Error error = read("report", 1, largest, options.report))
    return error;
  if (arguments.has("tokens") && arguments.has("tokenizer") && !options.report)
    return createStringError("option '--tokenizer' is for --text or --report");
  options.isJson = arguments.has("json");
  return options;
}

/// That two models say something of the same things.
static Error checkReference(const Evaluated &model,
                            const Evaluated &reference) {
  if (model.isLanguageModel() != reference.isLanguageModel()) {
    const Evaluated &other = model.isLanguageModel() ? reference : model;
    return createFileError(other.path,
                           createStringError("not a language model, but the "
                                             "one it is compared with is"));
  }
  if (reference.info().vocabulary != model.info().vocabulary)
    return createStringError("the models have vocabularies of " +
                             Twine(model.info().vocabulary) + " and " +
                             Twine(reference.info().vocabulary) + " tokens");
  return Error::success();
}

static Expected<int> eval(const Arguments &arguments) {
  Expected<EvalOptions> options = readOptions(arguments);
  if (!options)
    return options.takeError();
  if (arguments.has("per-layer"))
    return evalLayers(arguments, *options);

  Expected<Evaluated> model =
      openEvaluated(arguments.operand(0).str(), *options);
  if (!model)
    return model.takeError();
  std::optional<Evaluated> reference;
  if (arguments.has("reference")) {
    Expected<Evaluated> opened =
        openEvaluated(arguments.get("reference"), *options);
    if (!opened)
      return opened.takeError();
    reference = std::move(*opened);
    if (Error error = checkReference(*model, *reference))
      return error;
  } else if (!model->isLanguageModel()) {
    return createFileError(
        model->path,
        createStringError("not a language model: expects --reference, a model "
                          "to compare its outputs with"));
  }
  Expected<EvalTokens> tokens =
      readEvalTokens(arguments, *options, model->info().vocabulary);
  if (!tokens)
    return tokens.takeError();
  if (Error error = model->isLanguageModel()
                        ? evalLogits(*model, reference ? &*reference : nullptr,
                                     *tokens, *options)
                        : evalOutputs(*model, *reference, *tokens, *options))
    return error;
  return 0;
}

const Command evalCommand = {
    "eval",
    "measure perplexity, KL divergence, outputs' cosine, or each node's error",
    {"m.qopt"},
    {{"tokens", "FILE.npy", "token ids, integers of any type"},
     {"text", "FILE", "a text instead, encoded without special tokens"},
     {"tokenizer", "DIR", "folder of the tokenizer (default: the artifact)"},
     {"window", "N",
      "tokens that are evaluated together, from an empty cache (default: 256)"},
     {"stride", "N",
      "tokens from the start of a window to that of the next; where they\n"
      "overlap, a token counts in the first that has it (default: the window)"},
     {"reference", "other.qopt",
      "model to compare with, of the same tokens; needed for models without\n"
      "logits, whose outputs are compared row by row"},
     {"report", "N",
      "show the N worst windows: by KL or cosine with a reference, else by\n"
      "the mean of -ln p"},
     {"per-layer", "MODEL.onnx",
      "measure each quantized node instead, from float inputs: SQNR and\n"
      "cosine of its output, the worst first; of encoders, too"},
     threadsOption,
     jsonOption},
    {"qopt eval model.qopt --tokens tokens.npy",
     "qopt eval model.qopt --text story.txt --window 512 --stride 256",
     "qopt eval bf16.qopt --tokens tokens.npy --reference f32.qopt --json",
     "qopt eval encoder-w4.qopt --text story.txt --reference encoder.qopt "
     "--report 5",
     "qopt eval w4.qopt --tokens tokens.npy --per-layer model.onnx"},
    eval};

} // namespace qopt

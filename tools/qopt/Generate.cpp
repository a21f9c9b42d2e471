//===- Generate.cpp - qopt generate ---------------------------------------===//

#include "lib/Report/Cleanup.h"
#include "lib/Report/Format.h"
#include "tools/qopt/BatchGenerator.h"
#include "tools/qopt/Commands.h"
#include "tools/qopt/GeneratedText.h"
#include "tools/qopt/Model.h"
#include "tools/qopt/Prompts.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace llvm;

namespace qopt {

static Expected<double> getNumber(const Arguments &arguments, StringRef option,
                                  double otherwise, double min, double max) {
  std::string text = arguments.get(option);
  double value = otherwise;
  if (arguments.has(option) &&
      (StringRef(text).getAsDouble(value) || !(value >= min && value <= max))) {
    std::string error;
    raw_string_ostream(error)
        << "option '--" << option << "' expects a number in ["
        << format("%g", min) << ", " << format("%g", max) << "], but got '"
        << text << "'";
    return createStringError(error);
  }
  return value;
}

static Expected<SamplingOptions> readSampling(const Arguments &arguments) {
  SamplingOptions result;
  struct Number {
    const char *option;
    double &value;
    double min, max;
  };
  for (Number number :
       {Number{"temperature", result.temperature, 0, 1000},
        Number{"top-p", result.topP, 0, 1}, Number{"min-p", result.minP, 0, 1},
        Number{"repetition-penalty", result.repetitionPenalty, 0.01, 1000}}) {
    Expected<double> value = getNumber(arguments, number.option, number.value,
                                       number.min, number.max);
    if (!value)
      return value.takeError();
    number.value = *value;
  }
  Expected<int64_t> topK =
      arguments.getInteger("top-k", 0, 0, int64_t(1) << 32);
  if (!topK)
    return topK.takeError();
  result.topK = *topK;
  Expected<int64_t> seed =
      arguments.getInteger("seed", 0, 0, std::numeric_limits<int64_t>::max());
  if (!seed)
    return seed.takeError();
  result.seed = uint64_t(*seed);
  return result;
}

static void printStatistics(const Generation &generation) {
  int64_t tokens = 0;
  for (const GeneratedRow &row : generation.rows)
    tokens += int64_t(row.tokens.size());
  errs() << generation.promptTokens << " prompt tokens, first token after "
         << formatDuration(generation.firstTokenSeconds) << "; " << tokens
         << " tokens";
  if (generation.decodedTokens)
    errs() << ", "
           << formatNumber(double(generation.decodedTokens) /
                           generation.decodeSeconds)
           << " tokens/s";
  for (size_t i = 0; i != generation.rows.size(); ++i)
    errs() << (i ? ", " : "; ") << describe(generation.rows[i].end);
  errs() << '\n';
}

static void printJson(const Generation &generation, const RowPrinter &printer,
                      bool hasText) {
  json::OStream json(outs(), /*IndentSize=*/2);
  json.object([&] {
    json.attributeArray("rows", [&] {
      for (size_t i = 0; i != generation.rows.size(); ++i)
        json.object([&] {
          const GeneratedRow &row = generation.rows[i];
          json.attribute("prompt_tokens", json::Array(row.prompt));
          json.attribute("tokens", json::Array(row.tokens));
          if (hasText)
            json.attribute("text", json::fixUTF8(printer.text(i)));
          json.attribute("end", describe(row.end));
        });
    });
    json.attribute("first_token_seconds", generation.firstTokenSeconds);
    if (generation.decodedTokens)
      json.attribute("tokens_per_second", double(generation.decodedTokens) /
                                              generation.decodeSeconds);
  });
  outs() << '\n';
}

/// Everything that the model has no say in.
static Error readOptions(const Arguments &arguments, GenerationOptions &options,
                         SessionOptions &limits) {
  if (arguments.has("tokens"))
    for (StringRef option : {"chat", "stop", "tokenizer"})
      if (arguments.has(option))
        return createStringError("option '--" + option +
                                 "' is for texts, not for --tokens");
  if (is_contained(arguments.getAll("stop"), ""))
    return createStringError(
        "option '--stop' expects a text that is not empty");
  Expected<SamplingOptions> sampling = readSampling(arguments);
  if (!sampling)
    return sampling.takeError();
  options.sampling = *sampling;
  struct Integer {
    const char *option;
    int64_t &value;
    int64_t otherwise, max;
  };
  for (Integer integer :
       {Integer{"max-tokens", options.maxTokens, 256, int64_t(1) << 32},
        Integer{"context", limits.context, 0, int64_t(1) << 32},
        Integer{"threads", limits.threads, 0, maxThreads}}) {
    Expected<int64_t> value =
        arguments.getInteger(integer.option, integer.otherwise, 1, integer.max);
    if (!value)
      return value.takeError();
    integer.value = *value;
  }
  options.isInterrupted = isInterrupted;
  limits.cancel = [](void *) -> int { return isInterrupted(); };
  return Error::success();
}

/// Room for all tokens of the longest row, as far as the model has it; the last
/// token needs none.
static int64_t chooseContext(const qopt_model_info &info,
                             const EncodedPrompts &prompts, int64_t maxTokens) {
  size_t longest = 0;
  for (const std::vector<int64_t> &row : prompts.ids)
    longest = std::max(longest, row.size());
  return std::max<int64_t>(
      1, std::min(info.max_context, int64_t(longest) + maxTokens - 1));
}

/// Generates, and shows the texts as they come.
static Expected<Generation>
generateTexts(qopt_session *session, const qopt_model_info &info,
              EncodedPrompts prompts, GenerationOptions &options,
              std::vector<RowText> &texts, RowPrinter &printer) {
  for (size_t i = 0; i != texts.size(); ++i)
    if (Error error = texts[i].begin(prompts.ids[i]))
      return std::move(error);
  options.accept = [&](size_t row, int64_t token) -> Expected<bool> {
    Expected<std::string> text = texts[row].push(token);
    if (!text)
      return text.takeError();
    printer.put(row, *text);
    return texts[row].hasStopped();
  };
  options.ended = [&](size_t row) {
    printer.put(row, texts[row].finish());
    printer.end(row);
  };
  return generate(session, info, std::move(prompts.ids), options);
}

static Expected<int> runGenerate(const Arguments &arguments) {
  GenerationOptions options;
  SessionOptions limits;
  Expected<std::vector<std::string>> prompts = readPrompts(arguments);
  if (!prompts)
    return prompts.takeError();
  if (Error error = readOptions(arguments, options, limits))
    return std::move(error);

  std::string artifact = arguments.operand(0).str();
  Expected<ModelPointer> model = openModel(artifact);
  if (!model)
    return model.takeError();
  const qopt_model_info &info = *qopt_model_get_info(model->get());
  if (!info.is_decoder || info.vocabulary <= 0)
    return createFileError(artifact, createStringError("not a language model"));
  std::string folder = arguments.get("tokenizer", artifact);
  std::unique_ptr<text::Tokenizer> tokenizer;
  if (!arguments.has("tokens")) {
    auto loaded = text::Tokenizer::load(folder);
    if (!loaded)
      return loaded.takeError();
    tokenizer = std::move(*loaded);
  }
  Expected<std::vector<int64_t>> endTokens = readEndTokens(artifact);
  if (!endTokens)
    return endTokens.takeError();
  options.endTokens = std::move(*endTokens);
  Expected<EncodedPrompts> encoded = encodePrompts(
      arguments, *prompts, tokenizer.get(), folder, info.vocabulary);
  if (!encoded)
    return encoded.takeError();

  deferInterrupt(); // the first Ctrl-C ends the text
  limits.batch = int64_t(encoded->ids.size());
  if (!limits.context)
    limits.context = chooseContext(info, *encoded, options.maxTokens);
  if (limits.context > info.max_context)
    errs() << "qopt generate: warning: a context of " << limits.context
           << " is longer than the model's own, " << info.max_context << '\n';
  Expected<SessionPointer> session = createSession(model->get(), limits);
  if (!session)
    return session.takeError();
  bool isJson = arguments.has("json");
  RowPrinter printer(encoded->ids.size(), isJson);
  std::vector<RowText> texts;
  for (size_t i = 0; i != encoded->ids.size(); ++i) {
    texts.emplace_back(tokenizer.get(), arguments.getAll("stop"));
    if (!isJson)
      printer.put(i, encoded->shown[i]);
  }
  Expected<Generation> generation = generateTexts(
      session->get(), info, std::move(*encoded), options, texts, printer);
  if (!generation) {
    printer.endLine();
    return generation.takeError();
  }
  if (isJson)
    printJson(*generation, printer, bool(tokenizer));
  else
    printStatistics(*generation);
  return isInterrupted() ? 130 : 0;
}

const Command generateCommand = {
    "generate",
    "continue texts with a language model",
    {"m.qopt"},
    {{"prompt", "TEXT", "texts to continue; several run as one batch",
      /*list=*/true},
     {"prompt-file", "FILE", "one more text, '-': from standard input"},
     {"chat", nullptr, "prompts are messages of a user: use the chat template"},
     {"max-tokens", "N", "most tokens of each text (default: 256)"},
     {"temperature", "T", "sample; 0: the likeliest token (default)"},
     {"top-k", "K", "sample from the K likeliest tokens"},
     {"top-p", "P", "sample from the likeliest that reach probability P"},
     {"min-p", "M", "sample from those with M times the largest probability"},
     {"repetition-penalty", "R",
      "divide logits of tokens that are there by R (default: 1)"},
     {"seed", "S", "of sampling (default: 0)"},
     {"stop", "TEXT", "end in front of this text", /*list=*/true},
     {"context", "N",
      "most tokens, prompt included (default: what is needed, up to the "
      "model's)"},
     {"tokenizer", "DIR", "folder of the tokenizer (default: the artifact)"},
     {"tokens", nullptr, "prompts are token ids, and ids are printed"},
     threadsOption,
     jsonOption},
    {"qopt generate model.qopt --prompt 'Once upon a time'",
     "qopt generate model.qopt --chat --prompt 'Who are you?' --temperature "
     "0.7 --top-p 0.9",
     "qopt generate model.qopt --tokens --prompt '1 403 407' --max-tokens 8"},
    runGenerate};

} // namespace qopt

//===- Bench.cpp - qopt bench ---------------------------------------------===//

#include "tools/qopt/Bench.h"

#include "lib/Report/Format.h"
#include "lib/Report/Table.h"
#include "tools/qopt/Commands.h"
#include "llvm/Support/JSON.h"

using namespace llvm;

namespace qopt {

static Expected<BenchOptions> makeOptions(const Arguments &arguments) {
  constexpr int64_t maxSize = int64_t(1) << 24;
  BenchOptions options;
  auto read = [&](StringRef name, int64_t otherwise, int64_t min, int64_t max,
                  int64_t &to) -> Error {
    Expected<int64_t> value = arguments.getInteger(name, otherwise, min, max);
    if (!value)
      return value.takeError();
    to = *value;
    return Error::success();
  };
  auto readList = [&](StringRef name, std::vector<int64_t> otherwise,
                      std::vector<int64_t> &to) -> Error {
    Expected<std::vector<int64_t>> values =
        arguments.getIntegers(name, std::move(otherwise), 1, maxSize);
    if (!values)
      return values.takeError();
    to = std::move(*values);
    return Error::success();
  };
  if (Error error = read("runs", 5, 1, 100000, options.runs))
    return error;
  if (Error error = read("threads", 0, 1, maxThreads, options.threads))
    return error;
  if (Error error = readList("prompt-lengths", {}, options.promptLengths))
    return error;
  if (Error error = readList("batch", {1, 8}, options.batches))
    return error;
  if (Error error = readList("sequence", {32, 128}, options.sequences))
    return error;
  options.allLogits = arguments.has("all-logits");
  options.perOp = arguments.has("per-op");
  return options;
}

void writeCommon(json::OStream &json, StringRef path,
                 const qopt_model_info &info, int32_t threads, int64_t runs) {
  json.attribute("model", json::fixUTF8(path));
  json.attribute("isa", info.isa);
  json.attribute("threads", threads);
  json.attribute("runs", runs);
}

static void printJson(ArrayRef<LatencyFigures> figures, StringRef path,
                      const qopt_model_info &info, int32_t threads,
                      int64_t runs) {
  json::OStream json(outs(), /*IndentSize=*/2);
  json.object([&] {
    writeCommon(json, path, info, threads, runs);
    json.attributeArray("latency", [&] {
      for (const LatencyFigures &one : figures)
        json.object([&] {
          json.attribute("batch", one.batch);
          json.attribute("sequence", one.sequence);
          json.attribute("runs", one.runs);
          json.attribute("seconds", one.median);
          json.attribute("seconds_fastest", one.fastest);
          json.attribute("seconds_95", one.slowest95);
        });
    });
  });
  outs() << '\n';
}

static void printText(ArrayRef<LatencyFigures> figures,
                      const qopt_model_info &info, int32_t threads) {
  outs() << info.name << ", " << info.isa << ", " << threads
         << (threads == 1 ? " thread" : " threads") << '\n';
  Table table({{"batch", true},
               {"sequence", true},
               {"median ms", true},
               {"fastest", true},
               {"95 %", true},
               {"batches/s", true},
               {"runs", true}});
  for (const LatencyFigures &one : figures)
    table.addRow({std::to_string(one.batch), std::to_string(one.sequence),
                  formatNumber(one.median * 1e3),
                  formatNumber(one.fastest * 1e3),
                  formatNumber(one.slowest95 * 1e3),
                  formatNumber(1 / one.median), std::to_string(one.runs)});
  table.print(outs());
}

/// Options that say nothing about this kind of model.
static Error checkOptions(const Arguments &arguments, bool isDecoder) {
  std::vector<StringRef> others =
      isDecoder
          ? std::vector<StringRef>{"batch", "sequence"}
          : std::vector<StringRef>{"prompt-lengths", "all-logits", "per-op"};
  for (StringRef option : others)
    if (arguments.has(option))
      return createStringError(
          "option '--" + option + "' is for " +
          (isDecoder ? "models without caches" : "language models"));
  return Error::success();
}

static Expected<int> bench(const Arguments &arguments) {
  Expected<BenchOptions> options = makeOptions(arguments);
  if (!options)
    return options.takeError();
  StringRef path = arguments.operand(0);
  Expected<std::optional<OpeningFigures>> opening =
      benchOpening(path, *options);
  if (!opening)
    return opening.takeError();
  if (Error error = checkOptions(arguments, opening->has_value()))
    return std::move(error);
  Expected<ModelPointer> model = openModel(path);
  if (!model)
    return model.takeError();
  const qopt_model_info &info = *qopt_model_get_info(model->get());
  bool json = arguments.has("json");

  if (*opening) {
    Expected<DecoderFigures> figures =
        benchDecoder(path, model->get(), *options);
    if (!figures)
      return figures.takeError();
    if (options->perOp) {
      auto loops = benchLoops(path, model->get(), *options, *figures);
      if (!loops)
        return loops.takeError();
      figures->loops = std::move(*loops);
    }
    if (json)
      printJson(*figures, **opening, path, info, options->runs);
    else
      printText(*figures, **opening, info, options->runs);
    return 0;
  }
  int32_t threads = 0;
  Expected<std::vector<LatencyFigures>> figures =
      benchLatency(model->get(), *options, threads);
  if (!figures)
    return figures.takeError();
  if (json)
    printJson(*figures, path, info, threads, options->runs);
  else
    printText(*figures, info, threads);
  return 0;
}

const Command benchCommand = {
    "bench",
    "measure speed, first token, memory of language models, latency of others",
    {"m.qopt"},
    {{"runs", "N", "runs of each measurement, at least (default: 5)"},
     {"prompt-lengths", "N",
      "language models: tokens to prefill (default: 128 and 512, or what fits\n"
      "the context); decoding goes on from the shortest, and it is the one\n"
      "of the first token after open",
      /*list=*/true},
     {"all-logits", nullptr,
      "language models: prefill computes the logits of all positions, not\n"
      "only those of the last"},
     {"per-op", nullptr,
      "language models: also the time of each parallel loop, in the longest\n"
      "prompt and in decoding, beside what is predicted and what is the limit"},
     {"batch", "N", "other models: batches (default: 1 and 8)", /*list=*/true},
     {"sequence", "N",
      "other models: sizes of their other dynamic dimensions (default: 32 and\n"
      "128)",
      /*list=*/true},
     threadsOption,
     jsonOption},
    {"qopt bench decoder.qopt",
     "qopt bench decoder.qopt --prompt-lengths 64 256",
     "qopt bench decoder.qopt --per-op --threads 1",
     "qopt bench encoder.qopt --batch 1,32 --sequence 128 --threads 2 --json"},
    bench};

} // namespace qopt

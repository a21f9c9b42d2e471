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
  return options;
}

static void printCommon(json::OStream &json, StringRef path,
                        const qopt_model_info &info, int32_t threads,
                        int64_t runs) {
  json.attribute("model", path);
  json.attribute("isa", info.isa);
  json.attribute("threads", threads);
  json.attribute("runs", runs);
}

static void printJson(const DecoderFigures &figures, StringRef path,
                      const qopt_model_info &info, int64_t runs) {
  json::OStream json(outs(), /*IndentSize=*/2);
  json.object([&] {
    printCommon(json, path, info, figures.threads, runs);
    json.attributeArray("prefill", [&] {
      for (const PrefillFigures &prefill : figures.prefill)
        json.object([&] {
          json.attribute("length", prefill.length);
          json.attribute("seconds", prefill.seconds);
          json.attribute("tokens_per_second", prefill.tokensPerSecond());
        });
    });
    json.attributeObject("decode", [&] {
      json.attribute("context", figures.decodeContext);
      json.attribute("tokens", figures.decodedTokens);
      json.attribute("seconds_per_token", figures.secondsPerToken);
      json.attribute("tokens_per_second", 1 / figures.secondsPerToken);
      json.attribute("weight_bytes", figures.weightBytes);
      json.attribute("bytes_per_second",
                     double(figures.weightBytes) / figures.secondsPerToken);
      json.attribute("read_bytes_per_second",
                     double(figures.weightBytes) / figures.readSeconds);
      json.attribute("bandwidth_share", figures.share());
    });
  });
  outs() << '\n';
}

static void printText(const DecoderFigures &figures,
                      const qopt_model_info &info, int64_t runs) {
  outs() << info.name << ", " << info.isa << ", " << figures.threads
         << (figures.threads == 1 ? " thread" : " threads") << ", medians of "
         << runs << " runs\n";
  Table table({{}, {"", true}, {}});
  for (const PrefillFigures &prefill : figures.prefill)
    table.addRow({"prefill of " + std::to_string(prefill.length),
                  formatNumber(prefill.tokensPerSecond()), "tokens/s"});
  table.addRow({"decode after " + std::to_string(figures.decodeContext),
                formatNumber(1 / figures.secondsPerToken), "tokens/s"});
  auto addBandwidth = [&](const char *what, double seconds) {
    table.addRow({what,
                  formatNumber(double(figures.weightBytes) / seconds / 1e9),
                  "GB/s"});
  };
  addBandwidth("  weights read", figures.secondsPerToken);
  addBandwidth("  plain read of them", figures.readSeconds);
  table.addRow(
      {"  share of bandwidth", formatNumber(100 * figures.share()), "%"});
  table.print(outs());
}

static void printJson(ArrayRef<LatencyFigures> figures, StringRef path,
                      const qopt_model_info &info, int32_t threads,
                      int64_t runs) {
  json::OStream json(outs(), /*IndentSize=*/2);
  json.object([&] {
    printCommon(json, path, info, threads, runs);
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

static Expected<int> bench(const Arguments &arguments) {
  Expected<BenchOptions> options = makeOptions(arguments);
  if (!options)
    return options.takeError();
  StringRef path = arguments.operand(0);
  Expected<ModelPointer> model = openModel(path);
  if (!model)
    return model.takeError();
  const qopt_model_info &info = *qopt_model_get_info(model->get());
  bool json = arguments.has("json");

  if (info.is_decoder && info.vocabulary > 0) {
    Expected<DecoderFigures> figures =
        benchDecoder(path, model->get(), *options);
    if (!figures)
      return figures.takeError();
    if (json)
      printJson(*figures, path, info, options->runs);
    else
      printText(*figures, info, options->runs);
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
    "measure speed: prefill and decode of language models, latency of others",
    {"m.qopt"},
    {{"runs", "N", "runs of each measurement, at least (default: 5)"},
     {"prompt-lengths", "N",
      "language models: tokens to prefill (default: 128 and 512, or what fits\n"
      "the context); decoding goes on from the shortest",
      /*list=*/true},
     {"all-logits", nullptr,
      "language models: prefill computes the logits of all positions, not\n"
      "only those of the last"},
     {"batch", "N", "other models: batches (default: 1 and 8)", /*list=*/true},
     {"sequence", "N",
      "other models: sizes of their other dynamic dimensions (default: 32 and\n"
      "128)",
      /*list=*/true},
     threadsOption,
     jsonOption},
    {"qopt bench decoder.qopt",
     "qopt bench decoder.qopt --prompt-lengths 64 256",
     "qopt bench encoder.qopt --batch 1,32 --sequence 128 --threads 2 --json"},
    bench};

} // namespace qopt

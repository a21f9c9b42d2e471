//===- BenchDecoderPrint.cpp - How fast a language model is ---------------===//

#include "lib/Report/Format.h"
#include "lib/Report/Table.h"
#include "tools/qopt/Bench.h"

using namespace llvm;

namespace qopt {

static void writeDecode(json::OStream &json, const DecoderFigures &figures) {
  json.attribute("context", figures.decodeContext);
  json.attribute("tokens", figures.decodedTokens);
  json.attribute("seconds_per_token", figures.secondsPerToken);
  json.attribute("seconds_p50", figures.seconds50);
  json.attribute("seconds_p90", figures.seconds90);
  json.attribute("seconds_p99", figures.seconds99);
  json.attribute("tokens_per_second", 1 / figures.secondsPerToken);
  json.attribute("weight_bytes", figures.weightBytes);
  json.attribute("bytes_per_second",
                 double(figures.weightBytes) / figures.secondsPerToken);
  json.attribute("read_bytes_per_second",
                 double(figures.weightBytes) / figures.readSeconds);
  json.attribute("bandwidth_share", figures.share());
}

static void writeOpening(json::OStream &json, const OpeningFigures &opening) {
  json.attributeObject("first_token", [&] {
    json.attribute("length", opening.length);
    json.attribute("seconds_warm", opening.warmSeconds);
    json.attribute("seconds_prefill", opening.prefillSeconds);
    json.attribute("seconds_cold", opening.coldSeconds
                                       ? json::Value(*opening.coldSeconds)
                                       : json::Value(nullptr));
    json.attribute("resident_share", opening.residentShare);
  });
  json.attributeObject("memory", [&] {
    json.attribute("peak_bytes", opening.peakBytes);
    json.attribute("weight_bytes", opening.weightBytes);
    json.attribute("program_bytes", opening.programBytes);
  });
}

void printJson(const DecoderFigures &figures, const OpeningFigures &opening,
               StringRef path, const qopt_model_info &info, int64_t runs) {
  json::OStream json(outs(), /*IndentSize=*/2);
  json.object([&] {
    writeCommon(json, path, info, figures.threads, runs);
    json.attributeArray("prefill", [&] {
      for (const PrefillFigures &prefill : figures.prefill)
        json.object([&] {
          json.attribute("length", prefill.length);
          json.attribute("seconds", prefill.seconds);
          json.attribute("tokens_per_second", prefill.tokensPerSecond());
          json.attribute("operations", prefill.operations);
          json.attribute("fma_share", figures.fmaShare(prefill));
        });
    });
    json.attribute("fma_operations_per_second", figures.fmaPeak);
    json.attributeObject("decode", [&] { writeDecode(json, figures); });
    writeOpening(json, opening);
    if (!figures.loops.empty())
      json.attributeArray("per_op", [&] {
        for (const LoopFigures &loops : figures.loops)
          writeLoops(json, loops);
      });
  });
  outs() << '\n';
}

static void addOpening(Table &table, const OpeningFigures &opening) {
  auto milliseconds = [](double seconds) {
    return formatNumber(seconds * 1e3);
  };
  auto megabytes = [](int64_t bytes) {
    return formatNumber(double(bytes) / 1e6);
  };
  table.addRow(
      {"first token of " + std::to_string(opening.length) + " after open",
       milliseconds(opening.warmSeconds), "ms"});
  table.addRow({"  of it prefill", milliseconds(opening.prefillSeconds), "ms"});
  if (opening.coldSeconds)
    table.addRow(
        {"  cold page cache", milliseconds(*opening.coldSeconds), "ms"});
  else
    table.addRow({"  cold page cache", "-",
                  "the kernel kept " +
                      formatNumber(100 * opening.residentShare) +
                      " % of the files in memory"});
  table.addRow({"peak memory", megabytes(opening.peakBytes), "MB"});
  table.addRow({"  weights, mapped", megabytes(opening.weightBytes), "MB"});
  table.addRow({"  before open", megabytes(opening.programBytes), "MB"});
}

void printText(const DecoderFigures &figures, const OpeningFigures &opening,
               const qopt_model_info &info, int64_t runs) {
  outs() << info.name << ", " << info.isa << ", " << figures.threads
         << (figures.threads == 1 ? " thread" : " threads") << ", medians of "
         << runs << " runs\n";
  Table table({{}, {"", true}, {}});
  auto addShare = [&](const char *what, double share) {
    table.addRow({what, formatNumber(100 * share), "%"});
  };
  for (const PrefillFigures &prefill : figures.prefill) {
    table.addRow({"prefill of " + std::to_string(prefill.length),
                  formatNumber(prefill.tokensPerSecond()), "tokens/s"});
    addShare("  share of FMA peak", figures.fmaShare(prefill));
  }
  table.addRow({"decode after " + std::to_string(figures.decodeContext),
                formatNumber(1 / figures.secondsPerToken), "tokens/s"});
  for (auto [what, seconds] : {std::pair("  50 % of tokens", figures.seconds50),
                               {"  90 %", figures.seconds90},
                               {"  99 %", figures.seconds99}})
    table.addRow({what, formatNumber(seconds * 1e3), "ms"});
  auto addBandwidth = [&](const char *what, double seconds) {
    table.addRow({what,
                  formatNumber(double(figures.weightBytes) / seconds / 1e9),
                  "GB/s"});
  };
  addBandwidth("  weights read", figures.secondsPerToken);
  addBandwidth("  plain read of them", figures.readSeconds);
  addShare("  share of bandwidth", figures.share());
  addOpening(table, opening);
  table.print(outs());
  for (const LoopFigures &loops : figures.loops)
    printLoops(loops);
}

} // namespace qopt

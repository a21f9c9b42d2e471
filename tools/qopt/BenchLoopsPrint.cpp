//===- BenchLoopsPrint.cpp - Where the time of a model goes ---------------===//

#include "lib/Report/Format.h"
#include "lib/Report/Table.h"
#include "tools/qopt/Bench.h"

using namespace llvm;

namespace qopt {

static const char *limitOf(const LoopLine &line) {
  return line.memory >= line.compute ? "memory" : "compute";
}

void printLoops(const LoopFigures &figures) {
  auto milliseconds = [](double seconds) {
    return formatNumber(seconds * 1e3);
  };
  auto share = [&](double seconds) {
    return formatFixed(100 * seconds / figures.seconds, 1);
  };
  outs() << (figures.isPrefill
                 ? "\nloops of a prompt of " + std::to_string(figures.length)
                 : "\nloops of a token after " + std::to_string(figures.length))
         << '\n';
  Table table({{"loop"},
               {"calls", true},
               {"ms", true},
               {"%", true},
               {"predicted", true},
               {"limit"},
               {"% of it", true}});
  for (const LoopLine &line : figures.lines) {
    std::vector<std::string> cells = {line.name, std::to_string(line.calls),
                                      milliseconds(line.seconds),
                                      share(line.seconds)};
    if (line.limit > 0)
      cells.insert(cells.end(),
                   {milliseconds(line.predicted), limitOf(line),
                    formatFixed(100 * line.limit / line.seconds, 1)});
    cells.resize(7);
    table.addRow(std::move(cells));
  }
  table.addRow({"outside of loops", "", milliseconds(figures.outside),
                share(figures.outside), "", "", ""});
  table.addRow({"all", "", milliseconds(figures.seconds),
                share(figures.seconds), "", "", ""});
  table.print(outs());
}

void writeLoops(json::OStream &json, const LoopFigures &figures) {
  json.object([&] {
    json.attribute("phase", figures.isPrefill ? "prefill" : "decode");
    json.attribute(figures.isPrefill ? "length" : "context", figures.length);
    json.attribute("seconds", figures.seconds);
    json.attribute("seconds_outside", figures.outside);
    json.attributeArray("loops", [&] {
      for (const LoopLine &line : figures.lines)
        json.object([&] {
          json.attribute("name", json::fixUTF8(line.name));
          json.attributeArray("nodes", [&] {
            for (const std::string &node : line.nodes)
              json.value(json::fixUTF8(node));
          });
          json.attribute("calls", line.calls);
          json.attribute("seconds", line.seconds);
          if (line.limit == 0)
            return;
          json.attribute("predicted_seconds", line.predicted);
          json.attribute("limit", limitOf(line));
          json.attribute("limit_share", line.limit / line.seconds);
        });
    });
  });
}

} // namespace qopt

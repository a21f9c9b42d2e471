//===- InspectWeights.cpp - Where the bytes of weights are ----------------===//

#include "lib/Report/Format.h"
#include "lib/Report/Table.h"
#include "tools/qopt/Inspect.h"

using namespace llvm;

namespace qopt {

static std::string formatBits(double bits) { return formatFixed(bits, 2); }

static void addRow(Table &table, std::string what, std::string stored,
                   std::string activations, const WeightTotals &totals) {
  table.addRow({std::move(what), std::to_string(totals.weights),
                std::move(stored), std::move(activations),
                formatBytes(uint64_t(totals.sourceBytes)),
                formatBytes(uint64_t(totals.bytes)),
                totals.elements ? formatBits(totals.bitsPerWeight()) : ""});
}

static std::string spellRole(const WeightSummary::Row &row) {
  if (row.role.empty())
    return "norms, biases, others";
  return row.role + (row.isTied ? " and embedding" : "");
}

void printWeights(const Inspection &inspection, raw_ostream &os) {
  WeightSummary summary = summarise(inspection.records);
  Table table({{"role"},
               {"weights", true},
               {"stored as"},
               {"activations"},
               {"in the model", true},
               {"bytes", true},
               {"bits/weight", true}});
  for (const WeightSummary::Row &row : summary.rows)
    addRow(table, spellRole(row), row.stored, row.activations, row.totals);
  addRow(table, "linears", "", "", summary.linears);
  addRow(table, "all", "", "", summary.all);
  table.addRow({"header and gaps of the file", "", "", "", "",
                formatBytes(inspection.weightsOverhead), ""});
  table.print(os, /*indent=*/2);
}

void printEachWeight(const Inspection &inspection, raw_ostream &os) {
  Table table({{"weight"},
               {"role"},
               {"shape"},
               {"stored as"},
               {"method"},
               {"in the model", true},
               {"bytes", true},
               {"bits/weight", true}});
  for (const WeightRecord &record : inspection.records) {
    WeightTotals totals;
    totals.add(record);
    table.addRow({record.path.empty() ? record.name : record.path, record.role,
                  formatShape(record.shape), record.stored, record.method,
                  formatBytes(uint64_t(record.sourceBytes)),
                  formatBytes(uint64_t(record.bytes)),
                  totals.elements ? formatBits(totals.bitsPerWeight()) : ""});
  }
  table.print(os, /*indent=*/2);
}

static void writeTotals(json::OStream &json, const WeightTotals &totals) {
  json.attribute("weights", totals.weights);
  json.attribute("elements", totals.elements);
  json.attribute("source_bytes", totals.sourceBytes);
  json.attribute("bytes", totals.bytes);
  json.attribute("bits_per_weight", totals.bitsPerWeight());
}

void writeWeights(const Inspection &inspection, json::OStream &json) {
  json.attribute("weights", json::Array(inspection.records));
  WeightSummary summary = summarise(inspection.records);
  json.attributeArray("roles", [&] {
    for (const WeightSummary::Row &row : summary.rows)
      json.object([&] {
        json.attribute("role", json::fixUTF8(row.role));
        json.attribute("tied", row.isTied);
        json.attribute("stored", json::fixUTF8(row.stored));
        json.attribute("activations", json::fixUTF8(row.activations));
        writeTotals(json, row.totals);
      });
  });
  json.attribute("bits_per_weight", summary.all.bitsPerWeight());
  json.attribute("bits_per_weight_linears", summary.linears.bitsPerWeight());
  json.attribute("weights_overhead_bytes", inspection.weightsOverhead);
}

} // namespace qopt

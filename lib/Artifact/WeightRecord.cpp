//===- WeightRecord.cpp - What became of weights and caches ---------------===//

#include "lib/Artifact/WeightRecord.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <tuple>

using namespace llvm;

namespace qopt {

int64_t WeightRecord::elements() const {
  if (sourceBytes == 0)
    return 0;
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

bool WeightRecord::isLinear() const {
  return !role.empty() && role != "embedding" && role != "head";
}

json::Value toJSON(const WeightRecord &record) {
  json::Object object{{"name", json::fixUTF8(record.name)},
                      {"shape", json::Array(record.shape)},
                      {"source", record.source},
                      {"stored", record.stored},
                      {"source_bytes", record.sourceBytes},
                      {"bytes", record.bytes}};
  auto add = [&](StringRef key, const std::string &text) {
    if (!text.empty())
      object[key] = json::fixUTF8(text);
  };
  add("node", record.node);
  add("role", record.role);
  add("path", record.path);
  add("tied", record.tied);
  add("method", record.method);
  add("activations", record.activations);
  if (!record.factors.empty())
    object["factors"] = json::Array(record.factors);
  json::Object options;
  for (const auto &[key, option] : record.methodOptions)
    options[key] = option;
  if (!options.empty())
    object["method_options"] = std::move(options);
  return object;
}

bool fromJSON(const json::Value &value, WeightRecord &record, json::Path path) {
  json::ObjectMapper map(value, path);
  if (!map || !map.map("name", record.name) ||
      !map.map("shape", record.shape) || !map.map("source", record.source) ||
      !map.map("stored", record.stored) ||
      !map.map("source_bytes", record.sourceBytes) ||
      !map.map("bytes", record.bytes) ||
      !map.mapOptional("factors", record.factors) ||
      !map.mapOptional("node", record.node) ||
      !map.mapOptional("role", record.role) ||
      !map.mapOptional("path", record.path) ||
      !map.mapOptional("tied", record.tied) ||
      !map.mapOptional("method", record.method) ||
      !map.mapOptional("activations", record.activations) ||
      !map.mapOptional("method_options", record.methodOptions))
    return false;
  // A manifest may be anybody's; sums over a million weights do not overflow.
  constexpr int64_t limit = int64_t(1) << 42;
  int64_t count = 1;
  for (int64_t size : record.shape)
    if (size < 0 || MulOverflow(count, size, count) || count > limit) {
      path.field("shape").report("impossible size");
      return false;
    }
  for (int64_t bytes : {record.sourceBytes, record.bytes})
    if (bytes < 0 || bytes > limit) {
      path.report("impossible number of bytes");
      return false;
    }
  return true;
}

json::Value toJSON(const CacheRecord &record) {
  return json::Object{{"path", json::fixUTF8(record.path)},
                      {"stored", record.stored},
                      {"bytes", record.bytes}};
}

bool fromJSON(const json::Value &value, CacheRecord &record, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("path", record.path) &&
         map.map("stored", record.stored) && map.map("bytes", record.bytes);
}

void WeightTotals::add(const WeightRecord &record) {
  ++weights;
  elements += record.elements();
  sourceBytes += record.sourceBytes;
  bytes += record.bytes;
}

double WeightTotals::bitsPerWeight() const {
  return elements ? 8.0 * double(bytes) / double(elements) : 0;
}

WeightSummary summarise(ArrayRef<WeightRecord> records) {
  WeightSummary summary;
  std::vector<WeightSummary::Row> others;
  for (const WeightRecord &record : records) {
    WeightSummary::Row row = {record.role,
                              record.stored,
                              record.activations,
                              !record.tied.empty(),
                              {}};
    auto &rows = record.role.empty() ? others : summary.rows;
    auto key = [](const WeightSummary::Row &of) {
      return std::tie(of.role, of.stored, of.activations, of.isTied);
    };
    auto found = find_if(rows, [&](const WeightSummary::Row &other) {
      return key(other) == key(row);
    });
    if (found == rows.end())
      found = rows.insert(found, std::move(row));
    found->totals.add(record);
    summary.all.add(record);
    if (record.isLinear())
      summary.linears.add(record);
  }
  append_range(summary.rows, others);
  return summary;
}

} // namespace qopt

//===- Costs.cpp - Predicted times of a model's products ------------------===//

#include "passes/Compiler/Costs.h"

#include "lib/Recipes/Paths.h"
#include "lib/Report/Format.h"
#include "lib/Report/Table.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace qopt {

static bool isProduct(const WeightRecord &record) {
  return !record.role.empty() && record.role != "embedding" &&
         record.shape.size() == 2;
}

Expected<CostTable> CostTable::make(ArrayRef<WeightRecord> records,
                                    const X86Isa &isa, bool isDecoder) {
  CostTable table(isa);
  const CostModel model(isa, getAssumedSpeed(isa));
  for (const WeightRecord &record : records) {
    if (!isProduct(record))
      continue;
    Product product;
    product.path = pathOfAll(record.path);
    product.record = &record;
    auto found = find_if(table.products, [&](const Product &other) {
      return other.path == product.path &&
             other.record->shape == record.shape &&
             other.record->stored == record.stored &&
             other.record->activations == record.activations;
    });
    if (found != table.products.end()) {
      ++found->number;
      continue;
    }
    auto shape =
        ProductShape::parse(record.shape, record.stored, record.activations);
    if (!shape)
      return shape.takeError();
    auto run = [&](int64_t rows) {
      return Run{rows, planProduct(*shape, isa, rows),
                 model.cost(*shape, rows)};
    };
    product.number = 1;
    product.decode = run(1);
    product.prefill = run(isDecoder && record.role == "head" ? 1 : prefillRows);
    table.products.push_back(std::move(product));
  }
  return table;
}

double CostTable::seconds(Run Product::*run) const {
  double sum = 0;
  for (const Product &product : products)
    sum += double(product.number) * (product.*run).cost.seconds();
  return sum;
}

static std::string limitOf(const ProductCost &cost) {
  return cost.isMemoryBound() ? "memory" : "compute";
}

void CostTable::print(raw_ostream &os) const {
  MachineSpeed speed = getAssumedSpeed(isa);
  os << formatv("\n{0}, 1 thread of a CPU of {1} GHz that reads {2} GB/s, ms "
                "of all layers\n",
                isa.name, formatNumber(speed.gigahertz),
                formatNumber(speed.gigabytesPerSecondOfCore));
  Table table({{"product"},
               {"layers", true},
               {"N x K"},
               {"bytes", true},
               {"1 row"},
               {"tile", true},
               {"ms", true},
               {"limit"},
               {std::to_string(prefillRows) + " rows"},
               {"tile", true},
               {"ms", true},
               {"limit"}});
  int64_t bytes = 0;
  for (const Product &product : products) {
    std::vector<std::string> cells = {
        product.path, std::to_string(product.number),
        formatShape(product.record->shape),
        formatBytes(uint64_t(product.number * product.decode.cost.bytes))};
    bytes += product.number * product.decode.cost.bytes;
    for (const Run *run : {&product.decode, &product.prefill}) {
      cells.push_back(unitName(run->plan.unit).str());
      cells.push_back(std::to_string(run->plan.tileRows) + "x" +
                      std::to_string(run->plan.tileColumns));
      cells.push_back(
          formatNumber(1e3 * double(product.number) * run->cost.seconds()));
      cells.push_back(limitOf(run->cost));
    }
    table.addRow(std::move(cells));
  }
  auto milliseconds = [&](Run Product::*run) {
    return formatNumber(1e3 * seconds(run));
  };
  table.addRow({"all", "", "", formatBytes(uint64_t(bytes)), "", "",
                milliseconds(&Product::decode), "", "", "",
                milliseconds(&Product::prefill), ""});
  table.print(os);
}

json::Value CostTable::toJson(const Run &run) {
  return json::Object{
      {"rows", run.rows},
      {"unit", unitName(run.plan.unit)},
      {"one_pass", run.plan.isFew},
      {"tile", json::Array{run.plan.tileRows, run.plan.tileColumns}},
      {"bytes", run.cost.bytes},
      {"operations", run.cost.operations},
      {"seconds", run.cost.seconds()},
      {"seconds_memory", run.cost.memorySeconds},
      {"seconds_compute", run.cost.computeSeconds},
      {"limit", limitOf(run.cost)}};
}

json::Value toJSON(const CostTable &table) {
  MachineSpeed speed = getAssumedSpeed(table.isa);
  json::Array products;
  for (const CostTable::Product &product : table.products)
    products.push_back(
        json::Object{{"path", json::fixUTF8(product.path)},
                     {"layers", product.number},
                     {"shape", json::Array(product.record->shape)},
                     {"decode", CostTable::toJson(product.decode)},
                     {"prefill", CostTable::toJson(product.prefill)}});
  return json::Object{
      {"isa", table.isa.name},
      {"gigahertz", speed.gigahertz},
      {"bytes_per_second", 1e9 * speed.gigabytesPerSecondOfCore},
      {"seconds_decode", table.seconds(&CostTable::Product::decode)},
      {"seconds_prefill", table.seconds(&CostTable::Product::prefill)},
      {"products", std::move(products)}};
}

} // namespace qopt

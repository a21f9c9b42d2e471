//===- Explain.cpp - How every node is compiled ---------------------------===//

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Compiler/Compilation.h"
#include "passes/Compiler/Costs.h"
#include "passes/Compiler/Table.h"
#include "passes/Lower/Generic/Support.h"
#include "passes/Pipelines.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace mlir;

namespace qopt {

namespace {

/// One line of the report.
struct Line {
  std::string function, node, oper, how, path, role;
  /// Of its weight: what it becomes, bytes, and what is not as expected.
  std::string storage;
  const WeightRecord *weight = nullptr; ///< of a product or a table
  std::vector<std::string> fused;       ///< nodes that it does the work of
  std::vector<LoopMember> loop;         ///< ops that run in one loop with it
  std::vector<std::string> remarks;
  bool compilable = true;
  bool isRounding =
      false; ///< of a product's input; the product has the remarks
};

std::string text(StringAttr attribute) {
  return attribute ? attribute.getValue().str() : "";
}

/// What is known of the weights, by their names.
struct Weights {
  const Recipe &recipe;
  std::vector<WeightRecord> records;
  llvm::StringMap<size_t> places;

  const WeightRecord *find(Value value) const {
    auto get = value ? value.getDefiningOp<GetWeightOp>() : nullptr;
    auto found = get ? places.find(get.getWeight()) : places.end();
    return found == places.end() ? nullptr : &records[found->second];
  }
};

std::string bytesText(int64_t bytes, int64_t sourceBytes) {
  return llvm::formatv("{0} bytes ({1} in the model)", bytes, sourceBytes);
}

/// "bf16, 1048576 bytes (2097152 in the model)" for a product or a table.
std::string storageOf(const WeightRecord &weight, Type type, bool isProduct,
                      const Recipe &recipe) {
  std::string result;
  llvm::raw_string_ostream os(result);
  os << weight.stored;
  if (!weight.factors.empty())
    os << ", times factors of its " << llvm::join(weight.factors, " and ");
  if (!weight.method.empty())
    os << ", by " << weight.method;
  for (const auto &[key, option] : weight.methodOptions)
    os << " " << key << "=" << option;
  if (isProduct && !weight.activations.empty())
    os << ", activations " << weight.activations;
  os << ", " << bytesText(weight.bytes, weight.sourceBytes);
  if (auto codes = dyn_cast<QTensorType>(type)) {
    int64_t group = codes.getFormat().getValue().groupSize(codes.getK());
    if (codes.getK() % group != 0)
      os << ", the last group of " << codes.getK() % group;
  }
  if (!recipe.find(weight.role, weight.path) &&
      (weight.tied.empty() || !recipe.find("embedding", weight.tied)))
    os << ", stays float: no rule matches";
  if (!weight.tied.empty())
    os << ", one storage of " << weight.path << " and " << weight.tied;
  return result;
}

/// The same for all weights that another op reads, or nothing. Of one that
/// cannot be compiled there is no choice to explain.
std::string storageOfOthers(Operation *op, const Weights &weights,
                            bool compilable) {
  int64_t bytes = 0, sourceBytes = 0;
  std::string stored;
  bool isMatrix = false;
  for (Value operand : op->getOperands())
    if (const WeightRecord *weight = weights.find(operand)) {
      bytes += weight->bytes;
      sourceBytes += weight->sourceBytes;
      if (!StringRef(stored).contains(weight->stored))
        stored += (stored.empty() ? "" : " and ") + weight->stored;
      isMatrix |= weight->shape.size() > 1 && weight->stored[0] == 'f';
    }
  if (stored.empty())
    return "";
  return stored + ", " + bytesText(bytes, sourceBytes) +
         (isMatrix && compilable ? ", stays float: neither product nor table"
                                 : "");
}

/// "f16, 512 bytes a token" of the cache that the attention reads, or nothing.
std::string cacheOf(AttentionOp op) {
  auto get =
      op.getKeyCache() ? op.getKeyCache().getDefiningOp<GetCacheOp>() : nullptr;
  if (!get)
    return "";
  CacheRecord cache = makeRecord(
      SymbolTable::lookupNearestSymbolFrom<CacheOp>(get, get.getCacheAttr()));
  return llvm::formatv("{0}, {1} bytes a token", cache.stored, cache.bytes);
}

/// What a node is multiplied with, chosen when running.
std::string roundingOf(Operation *op) {
  if (auto quantize = dyn_cast<QuantizeOp>(op))
    return quantize.getPerToken() ? "int8, a scale for each token"
                                  : "int8, a scale for each " +
                                        std::to_string(quantize.getBlock());
  return isa<RoundOp>(op) ? "bf16" : "";
}

std::optional<Line> describeOp(Operation *op, const Weights &weights) {
  auto node = dyn_cast<onnx::NodeOp>(op);
  bool computes =
      isa<MatmulOp, EmbeddingOp, RMSNormOp, LayerNormOp, RotaryOp,
          RotaryTableOp, AttentionOp, SiluOp, GeluOp, QuantizeOp, RoundOp>(op);
  if (!node && !computes)
    return std::nullopt;
  Line line;
  if (auto function = op->getParentOfType<func::FuncOp>())
    line.function = function.getName();
  std::vector<std::string> names = nodeNames(op->getLoc());
  if (!names.empty()) {
    line.node = names.front();
    line.fused.assign(names.begin() + 1, names.end());
  }
  line.how = op->getName().getStringRef();
  if (node) {
    line.oper = node.getOpType();
    line.how = "generic: linalg, vectors";
    if (auto why = whyNotLowerable(node)) {
      line.how = "cannot be compiled: " + *why;
      line.compilable = false;
    }
  }
  line.path = text(op->getAttrOfType<StringAttr>("path"));
  line.role = text(op->getAttrOfType<StringAttr>("role"));
  Value weight;
  if (auto matmul = dyn_cast<MatmulOp>(op))
    weight = matmul.getWeight();
  if (auto embedding = dyn_cast<EmbeddingOp>(op))
    weight = embedding.getTable();
  line.weight = weights.find(weight);
  line.storage = roundingOf(op);
  if (!line.storage.empty()) {
    // Its product does the work of the others.
    line.fused.clear();
    line.isRounding = true;
    return line;
  }
  auto attention = dyn_cast<AttentionOp>(op);
  if (std::string cache = attention ? cacheOf(attention) : ""; !cache.empty()) {
    line.role = cacheRole;
    line.storage = cache;
    return line;
  }
  line.storage = line.weight ? storageOf(*line.weight, weight.getType(),
                                         isa<MatmulOp>(op), weights.recipe)
                             : storageOfOthers(op, weights, line.compilable);
  return line;
}

void addRemarks(Line &line, const DiagnosticPrinter &diagnostics) {
  if (line.isRounding || line.node.empty())
    return;
  for (const DiagnosticPrinter::Remark &remark : diagnostics.getRemarks())
    if (remark.node == line.node &&
        !llvm::is_contained(line.remarks, remark.text))
      line.remarks.push_back(remark.text);
}

/// "up_proj" of a product, else "up_proj (qopt.quantize)".
std::string describe(const LoopMember &member) {
  return member.op == MatmulOp::getOperationName()
             ? member.node
             : member.node + " (" + member.op + ")";
}

void print(raw_ostream &os, const Line &line) {
  os << line.function << "  " << line.node;
  if (!line.oper.empty())
    os << " (" << line.oper << ")";
  os << ": " << line.how;
  if (!line.path.empty())
    os << ", " << line.path;
  if (!line.role.empty())
    os << " [" << line.role << "]";
  if (!line.storage.empty())
    os << ", " << line.storage;
  if (!line.fused.empty())
    os << ", with " << llvm::join(line.fused, ", ");
  if (!line.loop.empty())
    os << ", one loop with "
       << llvm::join(llvm::map_range(line.loop, describe), ", ");
  os << "\n";
  for (const std::string &remark : line.remarks)
    os << "    remark: " << remark << "\n";
}

llvm::json::Array toJson(const std::vector<std::string> &texts) {
  return llvm::json::Array(texts);
}

llvm::json::Array toJson(const std::vector<LoopMember> &members) {
  llvm::json::Array names;
  for (const LoopMember &member : members)
    names.push_back(member.node);
  return names;
}

llvm::json::Object toJson(const Line &line) {
  llvm::json::Object object{{"function", line.function},
                            {"node", line.node},
                            {"operator", line.oper},
                            {"path", line.path},
                            {"role", line.role},
                            {"storage", line.storage},
                            {"compilable", line.compilable},
                            {"how", line.how},
                            {"fused", toJson(line.fused)},
                            {"loop", toJson(line.loop)},
                            {"remarks", toJson(line.remarks)}};
  if (line.weight)
    object["weight"] = toJSON(*line.weight);
  return object;
}

/// All weights together.
void print(raw_ostream &os, const WeightSummary &summary) {
  if (summary.all.weights == 0)
    return;
  os << llvm::formatv("weights: {0}, {1:F2} bits each",
                      bytesText(summary.all.bytes, summary.all.sourceBytes),
                      summary.all.bitsPerWeight());
  if (summary.linears.weights)
    os << llvm::formatv(", {0:F2} those of linears",
                        summary.linears.bitsPerWeight());
  os << "\n";
}

llvm::json::Object toJson(const WeightTotals &totals) {
  return llvm::json::Object{{"weights", totals.weights},
                            {"elements", totals.elements},
                            {"source_bytes", totals.sourceBytes},
                            {"bytes", totals.bytes},
                            {"bits_per_weight", totals.bitsPerWeight()}};
}

} // namespace

/// Layers stay apart, as their nodes are explained one by one; so this knows
/// all but what the kernels say.
FailureOr<SharedLoops> Compilation::findSharedLoops() {
  OwningOpRef<ModuleOp> copy = module->clone();
  BufferOptions buffers;
  if (failed(run("linalg", 0.12, buildLinalgPipeline, *copy)) ||
      failed(run(
          "buffers", 0.15,
          [&](OpPassManager &pm) { buildBufferPipeline(pm, buffers); }, *copy)))
    return failure();
  return SharedLoops(*copy);
}

LogicalResult Compilation::explain(const ExplainOptions &how, raw_ostream &os) {
  auto recipe = loadRecipe(options.recipe);
  if (!recipe)
    return report(recipe.takeError());
  StorageOptions storage;
  storage.recipe = options.recipe;
  if (failed(import()) || failed(raise()) ||
      failed(run("fuse", 0.1,
                 [&](OpPassManager &pm) { buildFusePipeline(pm, storage); })))
    return failure();
  // Without them the nodes can be explained all the same.
  auto collected = collectWeights(*module);
  bool compilable = succeeded(collected);
  Weights known{*recipe, {}, {}};
  if (compilable)
    known.records = makeRecords(*collected, readers, *recipe);
  for (auto [i, record] : llvm::enumerate(known.records))
    known.places[record.name] = i;
  // What the interface cannot be is an error that is said here.
  compilable &= succeeded(makeTable(*module));

  std::vector<Line> lines;
  module->walk([&](Operation *op) {
    if (auto line = describeOp(op, known)) {
      compilable &= line->compilable;
      lines.push_back(std::move(*line));
    }
  });
  if (compilable) {
    auto loops = findSharedLoops();
    compilable = succeeded(loops);
    for (Line &line : lines)
      if (compilable)
        line.loop = loops->othersOf({line.function, line.how, line.node});
  }
  llvm::json::Array nodes;
  for (Line &line : lines) {
    addRemarks(line, diagnostics);
    if (how.json)
      nodes.push_back(toJson(line));
    else
      print(os, line);
  }
  WeightSummary summary = summarise(known.records);
  std::vector<CostTable> costs;
  for (const X86Isa &isa : getX86Isas())
    if (how.costs && compilable && llvm::is_contained(options.isas, isa.name)) {
      bool isDecoder = !module->getOps<CacheOp>().empty();
      auto table = CostTable::make(known.records, isa, isDecoder);
      if (!table)
        return report(table.takeError());
      costs.push_back(std::move(*table));
    }
  if (how.json) {
    llvm::json::Object object{{"nodes", std::move(nodes)},
                              {"weights", toJson(summary.all)},
                              {"linears", toJson(summary.linears)},
                              {"compilable", compilable}};
    if (how.costs)
      object["costs"] = llvm::json::Array(costs);
    os << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
    return success(compilable);
  }
  print(os, summary);
  for (const CostTable &table : costs)
    table.print(os);
  return success(compilable);
}

} // namespace qopt

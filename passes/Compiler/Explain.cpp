//===- Explain.cpp - How every node is compiled ---------------------------===//

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Compiler/Compilation.h"
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
  std::string storage;            ///< type and bytes of its weight
  std::vector<std::string> fused; ///< nodes that it does the work of
  std::vector<std::string> remarks;
  bool compilable = true;
};

std::string text(StringAttr attribute) {
  return attribute ? attribute.getValue().str() : "";
}

/// "bf16, 1048576 bytes" for a product or a table.
std::string storageOf(Operation *op) {
  Value weight;
  if (auto matmul = dyn_cast<MatmulOp>(op))
    weight = matmul.getWeight();
  if (auto embedding = dyn_cast<EmbeddingOp>(op))
    weight = embedding.getTable();
  auto get = weight ? weight.getDefiningOp<GetWeightOp>() : nullptr;
  if (!get)
    return "";
  std::string result;
  if (auto codes = dyn_cast<QTensorType>(get.getResult().getType())) {
    const Format &format = codes.getFormat().getValue();
    llvm::raw_string_ostream os(result);
    os << format.str() << ", " << codes.getPanels().bytes() << " bytes";
    if (codes.getK() % format.groupSize(codes.getK()) != 0)
      os << ", the last group of "
         << codes.getK() % format.groupSize(codes.getK());
    return result;
  }
  auto type = cast<RankedTensorType>(get.getResult().getType());
  llvm::raw_string_ostream(result)
      << type.getElementType() << ", "
      << type.getNumElements() * (type.getElementTypeBitWidth() / 8)
      << " bytes";
  return result;
}

std::optional<Line> describeOp(Operation *op,
                               const DiagnosticPrinter &diagnostics) {
  auto node = dyn_cast<onnx::NodeOp>(op);
  bool computes = isa<MatmulOp, EmbeddingOp, RMSNormOp, LayerNormOp, RotaryOp,
                      RotaryTableOp, AttentionOp, SiluOp, GeluOp>(op);
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
  line.storage = storageOf(op);
  for (const DiagnosticPrinter::Remark &remark : diagnostics.getRemarks())
    if (remark.node == line.node && !line.node.empty() &&
        !llvm::is_contained(line.remarks, remark.text))
      line.remarks.push_back(remark.text);
  return line;
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
  os << "\n";
  for (const std::string &remark : line.remarks)
    os << "    remark: " << remark << "\n";
}

llvm::json::Array toJson(const std::vector<std::string> &texts) {
  return llvm::json::Array(texts);
}

llvm::json::Object toJson(const Line &line) {
  return llvm::json::Object{{"function", line.function},
                            {"node", line.node},
                            {"operator", line.oper},
                            {"path", line.path},
                            {"role", line.role},
                            {"storage", line.storage},
                            {"compilable", line.compilable},
                            {"how", line.how},
                            {"fused", toJson(line.fused)},
                            {"remarks", toJson(line.remarks)}};
}

} // namespace

LogicalResult Compilation::explain(raw_ostream &os, bool json) {
  StorageOptions storage;
  storage.recipe = options.recipe;
  if (failed(import()) || failed(raise()) ||
      failed(run("fuse", 0.1,
                 [&](OpPassManager &pm) { buildFusePipeline(pm, storage); })))
    return failure();
  llvm::json::Array nodes;
  bool compilable = true;
  module->walk([&](Operation *op) {
    auto line = describeOp(op, diagnostics);
    if (!line)
      return;
    compilable &= line->compilable;
    if (json)
      nodes.push_back(toJson(*line));
    else
      print(os, *line);
  });
  if (json)
    os << llvm::formatv("{0:2}\n", llvm::json::Value(llvm::json::Object{
                                       {"nodes", std::move(nodes)},
                                       {"compilable", compilable}}));
  return success(compilable);
}

} // namespace qopt

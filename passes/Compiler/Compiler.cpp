//===- Compiler.cpp - From an ONNX file to an artifact --------------------===//

#include "passes/Compiler.h"

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "lib/Artifact/Directory.h"
#include "lib/Artifact/Manifest.h"
#include "lib/Artifact/ModelHeader.h"
#include "lib/Artifact/OutputFile.h"
#include "lib/Report/Cleanup.h"
#include "lib/Report/Progress.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Support/FileUtilities.h"
#include "passes/Compiler/Diagnostics.h"
#include "passes/Compiler/PackedWeights.h"
#include "passes/Compiler/Table.h"
#include "passes/Emit/EmitModel.h"
#include "passes/Import/ImportONNX.h"
#include "passes/Lower/Generic/Support.h"
#include "passes/Pipelines.h"
#include "qopt/artifact.h"
#include "qopt/runtime.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/raw_ostream.h"
#include <set>

using namespace mlir;

namespace qopt {
namespace {

/// Files of a language model that lie beside it and belong to the artifact.
constexpr StringRef sideFiles[] = {"config.json",
                                   "generation_config.json",
                                   "tokenizer.json",
                                   "tokenizer.model",
                                   "tokenizer_config.json",
                                   "special_tokens_map.json",
                                   "vocab.txt",
                                   "vocab.json",
                                   "merges.txt",
                                   "chat_template.jinja"};

/// One compilation: the module and what is known beside it.
class Compilation {
public:
  explicit Compilation(const CompileOptions &options)
      : options(options), context(makeRegistry()), diagnostics(&context) {
    if (options.printIRAfterAll)
      context.disableMultithreading();
  }

  LogicalResult import();
  LogicalResult raise();
  LogicalResult compile();
  LogicalResult explain(raw_ostream &os, bool json);

private:
  static DialectRegistry makeRegistry();
  LogicalResult run(StringRef stage, double fraction,
                    llvm::function_ref<void(OpPassManager &)> build,
                    ModuleOp target);
  LogicalResult run(StringRef stage, double fraction,
                    llvm::function_ref<void(OpPassManager &)> build) {
    return run(stage, fraction, build, *module);
  }
  LogicalResult report(llvm::Error error);
  LogicalResult writeText(StringRef text);
  LogicalResult writeModule();
  LogicalResult makeVariants();
  LogicalResult emitCode();
  LogicalResult emitArtifact();
  void fillTable();
  std::string folder() const {
    StringRef parent = llvm::sys::path::parent_path(options.model);
    return parent.empty() ? "." : parent.str();
  }
  unsigned threads() const {
    return options.threads
               ? options.threads
               : llvm::hardware_concurrency().compute_thread_count();
  }
  void progress(StringRef stage, double fraction) {
    if (options.progress)
      options.progress(stage, fraction);
  }

  const CompileOptions &options;
  MLIRContext context;
  DiagnosticPrinter diagnostics;
  OwningOpRef<ModuleOp> module;
  std::string pipeline; ///< text of all passes so far
  std::vector<PackedWeight> weights;
  ArtifactTable table;
  SmallVector<VariantModule> variants;
};

DialectRegistry Compilation::makeRegistry() {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<onnx::ONNXDialect, QOptDialect>();
  return registry;
}

LogicalResult Compilation::report(llvm::Error error) {
  if (!error)
    return success();
  clearProgressBar();
  llvm::errs() << "error: " << toString(std::move(error)) << "\n";
  return failure();
}

LogicalResult Compilation::run(StringRef stage, double fraction,
                               llvm::function_ref<void(OpPassManager &)> build,
                               ModuleOp target) {
  progress(stage, fraction);
  PassManager pm(&context);
  if (options.printIRAfterAll)
    pm.enableIRPrinting(
        /*shouldPrintBeforePass=*/nullptr,
        [](Pass *, Operation *) { return true; },
        /*printModuleScope=*/true, /*printAfterOnlyOnChange=*/false,
        /*printAfterOnlyOnFailure=*/false, llvm::errs());
  if (options.timing)
    pm.enableTiming();
  build(pm);
  llvm::raw_string_ostream text(pipeline);
  pm.printAsTextualPipeline(text, options.dumpPassPipeline);
  text << "\n";
  if (options.dumpPassPipeline) {
    pm.printAsTextualPipeline(llvm::errs(), /*pretty=*/true);
    llvm::errs() << "\n";
  }
  return pm.run(target);
}

LogicalResult Compilation::import() {
  progress("import", 0);
  module = importONNX(options.model, &context);
  return success(bool(module));
}

LogicalResult Compilation::raise() {
  return run("raise", 0.02, buildRaisePipeline);
}

LogicalResult Compilation::writeText(StringRef text) {
  if (options.output.empty()) {
    llvm::outs() << text;
    return success();
  }
  if (!options.force && llvm::sys::fs::exists(options.output)) {
    llvm::errs() << "error: '" << options.output
                 << "' exists; --force replaces it\n";
    return failure();
  }
  return report(writeSyncedFile(options.output, text));
}

LogicalResult Compilation::writeModule() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, OpPrintingFlags().enableDebugInfo(false));
  return writeText(text + "\n");
}

/// A clone of the module for each ISA version, lowered to the LLVM dialect.
LogicalResult Compilation::makeVariants() {
  for (const X86Isa &isa : getX86Isas()) {
    if (!llvm::is_contained(options.isas, isa.name))
      continue;
    VariantModule variant;
    variant.isa = &isa;
    variant.module = module->clone();
    TargetOptions target;
    target.isa = std::string(isa.name);
    if (failed(run(("lower to " + StringRef(isa.name)).str(), 0.2,
                   [&](OpPassManager &pm) { buildTargetPipeline(pm, target); },
                   *variant.module)))
      return failure();
    SignatureOp signature = *variant.module->getOps<SignatureOp>().begin();
    variant.scratchBytes = signature.getScratchBytes();
    std::vector<std::string> messages;
    for (Attribute message : signature.getMessages())
      messages.push_back(cast<StringAttr>(message).getValue().str());
    if (variants.empty())
      table.messages = messages;
    else if (table.messages != messages)
      return module->emitError("ISA versions disagree about error messages");
    for (Operation &op : llvm::make_early_inc_range(variant.module->getOps()))
      if (isa_and_nonnull<QOptDialect>(op.getDialect()))
        op.erase();
    variants.push_back(std::move(variant));
  }
  return success();
}

void Compilation::fillTable() {
  table.version = qopt_version();
  table.modelName = llvm::sys::path::stem(options.model).str();
  if (table.modelName == "model") // model.onnx: the folder has the name
    if (StringRef parent = llvm::sys::path::filename(
            llvm::sys::path::parent_path(options.model));
        !parent.empty() && parent != ".")
      table.modelName = parent.str();
  table.maxContext = 2048;
  auto config = llvm::MemoryBuffer::getFile(folder() + "/config.json");
  if (!config)
    return;
  auto json = llvm::json::parse((*config)->getBuffer());
  if (!json)
    return llvm::consumeError(json.takeError());
  if (auto *object = json->getAsObject())
    if (auto positions = object->getInteger("max_position_embeddings"))
      table.maxContext = *positions;
}

LogicalResult Compilation::emitCode() {
  if (options.emit == Emit::Shared) {
    if (options.output.empty()) {
      llvm::errs() << "error: --emit=shared needs -o FILE\n";
      return failure();
    }
    return report(emitShared(variants, table, options.output, threads()));
  }
  EmitKind kind = options.emit == Emit::LLVM       ? EmitKind::LLVMIR
                  : options.emit == Emit::Assembly ? EmitKind::Assembly
                                                   : EmitKind::Object;
  auto modules = emitModules(variants, table, kind, threads());
  if (!modules)
    return report(modules.takeError());
  std::string text;
  for (const EmittedModule &emitted : *modules)
    if (kind != EmitKind::Object || emitted.name == (*modules)[0].name)
      text.append(emitted.contents.begin(), emitted.contents.end());
  return writeText(text);
}

LogicalResult Compilation::emitArtifact() {
  auto directory = ArtifactDirectory::create(options.output, options.force);
  if (!directory)
    return report(directory.takeError());
  Temporary guard(directory->temporary().str());
  progress("generate code", 0.3);
  if (failed(report(emitShared(variants, table, directory->file(libraryFile),
                               threads()))))
    return failure();
  WriteWeightsOptions writing;
  writing.threads = threads();
  writing.progress = [&](int64_t done, int64_t all) {
    progress("write weights", 0.5 + 0.45 * double(done) / double(all));
    return true;
  };
  if (failed(report(writeWeights(directory->file(weightsFileName), weights, {},
                                 writing))) ||
      failed(report(directory->write(headerFile, modelHeader(table)))))
    return failure();
  Manifest manifest;
  manifest.version = qopt_version();
  manifest.abi = QOPT_ABI_VERSION;
  manifest.recipe = options.recipe;
  for (const VariantModule &variant : variants)
    manifest.targets.push_back(variant.isa->name);
  manifest.pipeline = pipeline;
  progress("hash", 0.95);
  auto digest = [&](const std::string &path) -> FailureOr<FileDigest> {
    auto result = digestFile(path);
    if (!result)
      return report(result.takeError());
    return *result;
  };
  auto model = digest(options.model);
  if (failed(model))
    return failure();
  manifest.model = *model;
  std::set<std::string> external;
  for (const PackedWeight &weight : weights)
    if (!weight.file.empty() && weight.file != options.model)
      external.insert(weight.file);
  for (const std::string &path : external) {
    auto result = digest(path);
    if (failed(result))
      return failure();
    manifest.externalData.push_back(*result);
  }
  SmallVector<std::string> files = {libraryFile, weightsFileName, headerFile};
  for (StringRef name : sideFiles) {
    std::string path = folder() + "/" + name.str();
    if (!llvm::sys::fs::exists(path))
      continue;
    if (failed(report(directory->copy(path, name))))
      return failure();
    files.push_back(name.str());
  }
  for (const std::string &name : files) {
    auto result = digest(directory->file(name));
    if (failed(result))
      return failure();
    manifest.files.push_back(*result);
  }
  if (failed(report(directory->write(manifestFile, manifestText(manifest)))))
    return failure();
  if (failed(report(directory->commit())))
    return failure();
  guard.keep();
  return success();
}

LogicalResult Compilation::compile() {
  if (failed(import()))
    return failure();
  if (options.emit == Emit::ONNX)
    return writeModule();
  if (failed(raise()))
    return failure();
  if (options.emit == Emit::QOpt)
    return writeModule();
  auto made = makeTable(*module);
  if (failed(made))
    return failure();
  table = *made;
  // Token ids are rows of the table that the tokens select.
  module->walk([&](EmbeddingOp op) {
    if (isa<BlockArgument>(op.getIds()) && !table.caches.empty())
      table.vocabulary = std::max(
          table.vocabulary,
          cast<RankedTensorType>(op.getTable().getType()).getDimSize(0));
  });
  StorageOptions storage;
  storage.storage = options.recipe;
  if (failed(run("optimize", 0.1, [&](OpPassManager &pm) {
        buildOptimizePipeline(pm, storage);
      })))
    return failure();
  auto collected = collectWeights(*module);
  if (failed(collected))
    return failure();
  weights = std::move(*collected);
  auto file = weightsFile(weights, {});
  if (!file)
    return report(file.takeError());
  table.weightsBytes = file->bytes;
  table.weightsOffset = file->dataOffset;
  fillTable();
  if (failed(run("linalg", 0.12, buildLinalgPipeline)))
    return failure();
  if (options.emit == Emit::Linalg)
    return writeModule();
  if (failed(run("buffers", 0.15, buildBufferPipeline)) ||
      failed(makeVariants()))
    return failure();
  LogicalResult result =
      options.emit == Emit::Artifact ? emitArtifact() : emitCode();
  if (succeeded(result))
    progress("done", 1);
  return result;
}

LogicalResult Compilation::explain(raw_ostream &os, bool json) {
  if (failed(import()) || failed(raise()))
    return failure();
  llvm::json::Array nodes;
  bool compilable = true;
  module->walk([&](Operation *op) {
    auto node = dyn_cast<onnx::NodeOp>(op);
    auto why = node ? whyNotLowerable(node) : std::nullopt;
    bool computes = isa<MatmulOp, EmbeddingOp, RMSNormOp, LayerNormOp, RotaryOp,
                        RotaryTableOp, AttentionOp, SiluOp, GeluOp>(op);
    if (!node && !computes)
      return;
    compilable &= !why;
    auto path = op->getAttrOfType<StringAttr>("path");
    auto role = op->getAttrOfType<StringAttr>("role");
    std::string name = nodeName(op->getLoc());
    std::string how = why    ? "cannot be compiled: " + *why
                      : node ? "generic: linalg, vectors"
                             : op->getName().getStringRef().str();
    auto function = op->getParentOfType<func::FuncOp>();
    if (json) {
      nodes.push_back(
          llvm::json::Object{{"function", function ? function.getName() : ""},
                             {"node", name},
                             {"operator", node ? node.getOpType() : ""},
                             {"path", path ? path.getValue() : ""},
                             {"role", role ? role.getValue() : ""},
                             {"compilable", !why},
                             {"how", how}});
      return;
    }
    os << (function ? function.getName() : "") << "  " << name;
    if (node)
      os << " (" << node.getOpType() << ")";
    os << ": " << how;
    if (path)
      os << ", " << path.getValue();
    if (role)
      os << " [" << role.getValue() << "]";
    os << "\n";
  });
  if (json)
    os << llvm::formatv("{0:2}\n", llvm::json::Value(llvm::json::Object{
                                       {"nodes", std::move(nodes)},
                                       {"compilable", compilable}}));
  return success(compilable);
}

} // namespace

LogicalResult compileModel(const CompileOptions &options) {
  return Compilation(options).compile();
}

LogicalResult explainModel(const CompileOptions &options, raw_ostream &os,
                           bool json) {
  return Compilation(options).explain(os, json);
}

} // namespace qopt

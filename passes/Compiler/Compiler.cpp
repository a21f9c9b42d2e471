//===- Compiler.cpp - From an ONNX file to an artifact --------------------===//

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "lib/Artifact/OutputFile.h"
#include "lib/Methods/HostIsa.h"
#include "lib/Methods/ParallelFor.h"
#include "lib/Report/Progress.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "passes/Compiler/Compilation.h"
#include "passes/Compiler/Table.h"
#include "passes/Import/ImportONNX.h"
#include "passes/Pipelines.h"
#include "qopt/runtime.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace qopt {

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

LogicalResult
Compilation::runPasses(llvm::function_ref<void(OpPassManager &)> build,
                       ModuleOp target, bool verifies, std::string &text) {
  PassManager pm(&context, ModuleOp::getOperationName());
  pm.enableVerifier(verifies);
  if (options.printIRAfterAll)
    pm.enableIRPrinting(
        /*shouldPrintBeforePass=*/nullptr,
        [](Pass *, Operation *) { return true; },
        /*printModuleScope=*/true, /*printAfterOnlyOnChange=*/false,
        /*printAfterOnlyOnFailure=*/false, llvm::errs());
  if (options.timing)
    pm.enableTiming();
  build(pm);
  llvm::raw_string_ostream stream(text);
  pm.printAsTextualPipeline(stream, options.dumpPassPipeline);
  stream << "\n";
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
  if (failed(run("raise", 0.02, buildRaisePipeline)))
    return failure();
  readers = findReaders(*module);
  return success();
}

LogicalResult Compilation::writeText(StringRef text) {
  if (options.output.empty()) {
    llvm::outs() << text;
    return success();
  }
  if (llvm::Error error = checkOutputFile(options.output, options.force))
    return report(std::move(error));
  return report(writeSyncedFile(options.output, text));
}

LogicalResult Compilation::writeModule() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, OpPrintingFlags().enableDebugInfo(false));
  return writeText(text + "\n");
}

static std::string textOf(DictionaryAttr part, StringRef key) {
  auto text = part.getAs<StringAttr>(key);
  return text ? text.getValue().str() : "";
}

/// As the signature has them.
static LoopTable makeLoopTable(SignatureOp signature) {
  LoopTable table;
  for (NamedAttribute function : signature.getLoops())
    for (Attribute attribute : cast<ArrayAttr>(function.getValue())) {
      LoopStep step;
      if (auto callee = dyn_cast<FlatSymbolRefAttr>(attribute))
        step.call = callee.getValue().str();
      else
        for (auto part :
             cast<ArrayAttr>(attribute).getAsRange<DictionaryAttr>())
          step.parts.push_back(
              {textOf(part, "op"), textOf(part, "node"), textOf(part, "path")});
      table[function.getName().str()].push_back(std::move(step));
    }
  return table;
}

static void buildPipeline(OpPassManager &pm, const X86Isa &isa) {
  TargetOptions target;
  target.isa = std::string(isa.name);
  buildTargetPipeline(pm, target);
}

/// Loads the dialects that the passes make, as threads cannot.
static void loadTargetDialects(MLIRContext &context) {
  OpPassManager pm(ModuleOp::getOperationName());
  buildTargetPipeline(pm, {});
  DialectRegistry registry;
  pm.getDependentDialects(registry);
  context.appendDialectRegistry(registry);
  for (StringRef name : registry.getDialectNames())
    context.getOrLoadDialect(name);
}

LogicalResult Compilation::lower(VariantModule &variant, std::string &text) {
#ifdef NDEBUG
  bool verifies = false; // as long as the passes: LLVM verifies the result
#else
  bool verifies = true;
#endif
  return runPasses([&](OpPassManager &pm) { buildPipeline(pm, *variant.isa); },
                   *variant.module, verifies, text);
}

/// Takes what the lowered signature says, and erases it.
LogicalResult Compilation::takeSignature(VariantModule &variant) {
  SignatureOp signature = *variant.module->getOps<SignatureOp>().begin();
  variant.scratchBytes = signature.getScratchBytes();
  std::vector<std::string> messages;
  for (Attribute message : signature.getMessages())
    messages.push_back(cast<StringAttr>(message).getValue().str());
  if (StringRef rows = signature.getRows(); !rows.empty()) {
    auto symbol = llvm::find(table.symbols, rows);
    if (symbol == table.symbols.end())
      return module->emitError("the signature has no symbol '") << rows << "'";
    table.rowsSymbol = int32_t(symbol - table.symbols.begin());
  }
  LoopTable itsLoops = makeLoopTable(signature);
  if (&variant == &variants.front()) {
    table.messages = messages;
    loops = std::move(itsLoops);
  } else if (table.messages != messages || loops != itsLoops) {
    return module->emitError(
        "ISA versions disagree about error messages or loops");
  }
  for (Operation &op : llvm::make_early_inc_range(variant.module->getOps()))
    if (isa_and_nonnull<QOptDialect>(op.getDialect()))
      op.erase();
  return success();
}

/// A clone of the module for each ISA version, lowered to the LLVM dialect.
LogicalResult Compilation::makeVariants() {
  bool multipliesNarrow = false; // codes or bf16
  module->walk(
      [&](Operation *op) { multipliesNarrow |= isa<QuantizeOp, RoundOp>(op); });
  for (const X86Isa &isa : getX86Isas()) {
    if (!llvm::is_contained(options.isas, isa.name))
      continue;
    // Without such products it would be the code of the next version.
    if (isa.vnni && !multipliesNarrow &&
        llvm::is_contained(options.isas, "x86-64-v4"))
      continue;
    VariantModule variant;
    variant.isa = &isa;
    variant.module = module->clone();
    variants.push_back(std::move(variant));
  }
  std::string names = llvm::join(
      llvm::map_range(variants,
                      [](const VariantModule &each) { return each.isa->name; }),
      ", ");
  progress("lower to " + names, 0.2);
  loadTargetDialects(context);
  std::vector<std::string> texts(variants.size());
  std::vector<std::vector<Diagnostic>> said(variants.size());
  std::vector<LogicalResult> results(variants.size(), success());
  // What is printed meanwhile is printed one after the other.
  bool prints = options.timing || options.dumpPassPipeline;
  parallelFor(int64_t(variants.size()), prints ? 1 : threads(), [&](int64_t i) {
    DiagnosticKeeper keeper(&context, said[i]);
    results[i] = lower(variants[i], texts[i]);
  });
  for (size_t i = 0; i < variants.size(); ++i) {
    for (Diagnostic &diagnostic : said[i])
      context.getDiagEngine().emit(std::move(diagnostic));
    if (failed(results[i]) || failed(takeSignature(variants[i])))
      return failure();
    pipeline += texts[i];
  }
  return success();
}

void Compilation::fillTable() {
  table.version = qopt_version();
  table.modelName = llvm::sys::path::stem(options.model).str();
  if (table.modelName == "model") // model.onnx: the folder has the name
    if (SmallString<128> path(options.model);
        !llvm::sys::fs::make_absolute(path)) {
      llvm::sys::path::remove_dots(path, /*remove_dot_dot=*/true);
      StringRef parent =
          llvm::sys::path::filename(llvm::sys::path::parent_path(path));
      if (!parent.empty() && parent != "/")
        table.modelName = parent.str();
    }
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
  if (options.emit == Emit::Shared)
    return report(emitShared(variants, table, options.output, threads()));
  if (options.emit == Emit::Object)
    return report(emitObject(variants, table, options.output, threads()));
  EmitKind kind =
      options.emit == Emit::LLVM ? EmitKind::LLVMIR : EmitKind::Assembly;
  auto modules = emitModules(variants, table, kind, threads());
  if (!modules)
    return report(modules.takeError());
  std::string text;
  for (const EmittedModule &emitted : *modules) {
    text += (kind == EmitKind::LLVMIR ? "; " : "# ") + emitted.name + "\n";
    text.append(emitted.contents.begin(), emitted.contents.end());
  }
  return writeText(text);
}

void Compilation::reportRemarks() {
  const auto &remarks = diagnostics.getRemarks();
  if (options.compareCodes) // nothing is fused, on purpose
    return;
  if (options.remarks)
    for (const DiagnosticPrinter::Remark &remark : remarks)
      llvm::errs() << "remark: " << remark.where
                   << (remark.where.empty() ? "" : ": ") << remark.text << "\n";
  else if (!remarks.empty() && options.emit == Emit::Artifact)
    llvm::errs() << remarks.size()
                 << (remarks.size() == 1 ? " remark" : " remarks")
                 << " about what is slower or not fused: --remarks shows "
                    "them\n";
}

/// Token ids are rows of the table that a decoder's tokens select.
static int64_t findVocabulary(ModuleOp module) {
  int64_t vocabulary = 0;
  if (module.getOps<CacheOp>().empty())
    return vocabulary;
  module.walk([&](EmbeddingOp op) {
    if (isa<BlockArgument>(op.getIds()))
      vocabulary = std::max(
          vocabulary,
          cast<RankedTensorType>(op.getTable().getType()).getDimSize(0));
  });
  return vocabulary;
}

LogicalResult Compilation::compile() {
  if (failed(report(checkHostIsa())) || failed(import()))
    return failure();
  if (options.emit == Emit::ONNX)
    return writeModule();
  if (failed(raise()))
    return failure();
  if (options.emit == Emit::QOpt)
    return writeModule();
  int64_t vocabulary = findVocabulary(*module);
  StorageOptions storage;
  storage.recipe = options.recipe;
  storage.fuse = options.fuse;
  storage.compareCodes = bool(options.compareCodes);
  if (failed(run("optimize", 0.1, [&](OpPassManager &pm) {
        buildOptimizePipeline(pm, storage);
      })))
    return failure();
  auto made = makeTable(*module);
  if (failed(made))
    return failure();
  table = *made;
  table.vocabulary = vocabulary;
  if (options.compareCodes)
    *options.compareCodes = listComparedOps(*module);
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
  BufferOptions buffers;
  buffers.fuse = options.fuse;
  if (failed(
          run("buffers", 0.15,
              [&](OpPassManager &pm) { buildBufferPipeline(pm, buffers); })) ||
      failed(makeVariants()))
    return failure();
  LogicalResult result =
      options.emit == Emit::Artifact ? emitArtifact() : emitCode();
  if (succeeded(result))
    progress("done", 1);
  reportRemarks();
  return result;
}

LogicalResult compileModel(const CompileOptions &options) {
  return Compilation(options).compile();
}

LogicalResult explainModel(const CompileOptions &options,
                           const ExplainOptions &how, raw_ostream &os) {
  return Compilation(options).explain(how, os);
}

} // namespace qopt

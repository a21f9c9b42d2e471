//===- EmitModel.cpp - Lowered modules to native code ---------------------===//

#include "passes/Emit/EmitModel.h"

#include "lib/Artifact/Link.h"
#include "lib/Artifact/OutputFile.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "passes/Emit/CodeGen.h"
#include "passes/Emit/Support.h"
#include "passes/Emit/TableModule.h"
#include <algorithm>
#include <atomic>
#include <thread>

using namespace mlir;

namespace qopt {
namespace {

constexpr const char *entryNames[QOPT_NUM_ENTRIES] = {"main", "prefill",
                                                      "decode"};

/// Gives an entry its name in the artifact, or nothing when it is not there.
std::string exportEntry(llvm::Module &module, const std::string &name,
                        llvm::StringRef isa) {
  llvm::Function *function = module.getFunction(name);
  if (!function || function->isDeclaration())
    return "";
  function->setName(name + "." + isa);
  function->setLinkage(llvm::GlobalValue::ExternalLinkage);
  function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return function->getName().str();
}

void makeInternal(llvm::Module &module) {
  for (llvm::GlobalValue &value : module.global_values())
    if (!value.isDeclaration() && !value.getName().starts_with("llvm.")) {
      value.setVisibility(llvm::GlobalValue::DefaultVisibility);
      value.setLinkage(llvm::GlobalValue::InternalLinkage);
    }
}

/// Translates one variant; says in `entries` what the table needs.
llvm::Expected<std::unique_ptr<CodeModule>> translate(VariantModule &variant,
                                                      TableVariant &entries) {
  llvm::StringRef isa = variant.isa->name;
  auto code = CodeModule::create(isa, *variant.isa);
  if (!code)
    return code.takeError();
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(*variant.module, (*code)->getContext(), isa);
  if (!module)
    return llvm::createStringError("cannot translate the code for " + isa +
                                   " to LLVM IR");
  makeInternal(*module);
  entries.isa = variant.isa;
  entries.scratchBytes = variant.scratchBytes;
  for (size_t i = 0; i < QOPT_NUM_ENTRIES; ++i) {
    std::string kind = entryNames[i];
    entries.run[i] = exportEntry(*module, kind + "_run", isa);
    entries.arenaBytes[i] = exportEntry(*module, kind + "_arena_bytes", isa);
    if (entries.run[i].empty() != entries.arenaBytes[i].empty())
      return llvm::createStringError("the code for " + isa +
                                     " defines only one of " + kind +
                                     "_run and " + kind + "_arena_bytes");
  }
  (*code)->setModule(std::move(module));
  return code;
}

/// Code for the table and what goes with it: any CPU runs it.
llvm::Error
addCommonModules(const ArtifactTable &table,
                 llvm::ArrayRef<TableVariant> variants,
                 std::vector<std::unique_ptr<CodeModule>> &modules) {
  auto tableCode = CodeModule::create("table", *findX86Isa("x86-64"));
  if (!tableCode)
    return tableCode.takeError();
  auto tableModule =
      buildTableModule((*tableCode)->getContext(),
                       (*tableCode)->getDataLayout(), table, variants);
  if (!tableModule)
    return tableModule.takeError();
  (*tableCode)->setModule(std::move(*tableModule));
  modules.push_back(std::move(*tableCode));

  auto support = CodeModule::create("support", *findX86Isa("x86-64"));
  if (!support)
    return support.takeError();
  auto supportModule = buildSupportModule((*support)->getContext());
  if (!supportModule)
    return supportModule.takeError();
  (*support)->setModule(std::move(*supportModule));
  modules.push_back(std::move(*support));
  return llvm::Error::success();
}

/// Emits all, `threads` at a time: the last ones first, as the baseline's code
/// is the most. The error is that of the first module in order that has one.
llvm::Expected<std::vector<EmittedModule>>
emitAll(llvm::ArrayRef<std::unique_ptr<CodeModule>> modules, EmitKind kind,
        unsigned threads) {
  std::vector<EmittedModule> emitted(modules.size());
  std::vector<std::string> failures(modules.size());
  std::atomic<size_t> next{0};
  auto work = [&] {
    for (size_t taken; (taken = next++) < modules.size();) {
      size_t i = modules.size() - 1 - taken;
      if (llvm::Error error = modules[i]->emit(kind, emitted[i]))
        failures[i] = llvm::toString(std::move(error));
    }
  };
  std::vector<std::thread> workers;
  for (size_t i = 1;
       i < std::min<size_t>(std::max(threads, 1u), modules.size()); ++i)
    workers.emplace_back(work);
  work();
  for (std::thread &worker : workers)
    worker.join();
  for (const std::string &failure : failures)
    if (!failure.empty())
      return llvm::createStringError(failure);
  return std::move(emitted);
}

} // namespace

llvm::Expected<std::vector<EmittedModule>>
emitModules(llvm::MutableArrayRef<VariantModule> variants,
            const ArtifactTable &table, EmitKind kind, unsigned threads) {
  std::vector<TableVariant> entries(variants.size());
  std::vector<std::unique_ptr<CodeModule>> modules;
  for (size_t i = 0; i < variants.size(); ++i) {
    DialectRegistry registry;
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    variants[i].module->getContext()->appendDialectRegistry(registry);
    auto code = translate(variants[i], entries[i]);
    if (!code)
      return code.takeError();
    modules.push_back(std::move(*code));
  }
  if (llvm::Error error = addCommonModules(table, entries, modules))
    return std::move(error);
  return emitAll(modules, kind, threads);
}

/// Emits the objects and writes what `link` makes of them.
static llvm::Error emitLinked(llvm::MutableArrayRef<VariantModule> variants,
                              const ArtifactTable &table,
                              const std::string &path, unsigned threads,
                              llvm::function_ref<llvm::Expected<std::string>(
                                  llvm::ArrayRef<llvm::StringRef>)>
                                  link) {
  auto emitted = emitModules(variants, table, EmitKind::Object, threads);
  if (!emitted)
    return emitted.takeError();
  std::vector<llvm::StringRef> objects;
  for (const EmittedModule &module : *emitted)
    objects.emplace_back(module.contents.data(), module.contents.size());
  llvm::Expected<std::string> linked = link(objects);
  if (!linked)
    return linked.takeError();
  return writeSyncedFile(path, *linked);
}

llvm::Error emitShared(llvm::MutableArrayRef<VariantModule> variants,
                       const ArtifactTable &table, const std::string &path,
                       unsigned threads) {
  return emitLinked(variants, table, path, threads, linkShared);
}

llvm::Error emitObject(llvm::MutableArrayRef<VariantModule> variants,
                       const ArtifactTable &table, const std::string &path,
                       unsigned threads) {
  return emitLinked(variants, table, path, threads, linkRelocatable);
}

} // namespace qopt

//===- EmitModel.cpp - Lowered modules to native code ---------------------===//

#include "passes/Emit/EmitModel.h"

#include "lib/Artifact/Link.h"
#include "lib/Artifact/OutputFile.h"
#include "lib/Methods/ParallelFor.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "passes/Emit/CodeGen.h"
#include "passes/Emit/Support.h"
#include "passes/Emit/TableModule.h"

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

/// Emits one variant; says in `entries` what the table needs.
llvm::Error emitVariant(VariantModule &variant, EmitKind kind,
                        TableVariant &entries, EmittedModule &result) {
  llvm::StringRef isa = variant.isa->name;
  auto code = CodeModule::create(isa, *variant.isa);
  if (!code)
    return code.takeError();
  // It is verified when it is emitted.
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(*variant.module, (*code)->getContext(), isa,
                              /*disableVerification=*/true);
  if (!module)
    return llvm::createStringError("cannot translate the code for " + isa +
                                   " to LLVM IR");
  variant.module = {};
  makeInternal(*module);
  entries.isa = variant.isa;
  entries.scratchBytes = variant.scratchBytes;
  for (size_t i = 0; i < QOPT_NUM_ENTRIES; ++i) {
    std::string name = entryNames[i];
    entries.run[i] = exportEntry(*module, name + "_run", isa);
    entries.arenaBytes[i] = exportEntry(*module, name + "_arena_bytes", isa);
    if (entries.run[i].empty() != entries.arenaBytes[i].empty())
      return llvm::createStringError("the code for " + isa +
                                     " defines only one of " + name +
                                     "_run and " + name + "_arena_bytes");
  }
  (*code)->setModule(std::move(module));
  return (*code)->emit(kind, result);
}

/// Emits what goes with the variants: any CPU runs it.
llvm::Error
emitCommon(llvm::StringRef name, EmitKind kind,
           llvm::function_ref<
               llvm::Expected<std::unique_ptr<llvm::Module>>(CodeModule &)>
               build,
           EmittedModule &result) {
  auto code = CodeModule::create(name, *findX86Isa("x86-64"));
  if (!code)
    return code.takeError();
  auto module = build(**code);
  if (!module)
    return module.takeError();
  (*code)->setModule(std::move(*module));
  return (*code)->emit(kind, result);
}

} // namespace

llvm::Expected<std::vector<EmittedModule>>
emitModules(llvm::MutableArrayRef<VariantModule> variants,
            const ArtifactTable &table, EmitKind kind, unsigned threads) {
  size_t count = variants.size();
  std::vector<TableVariant> entries(count);
  std::vector<EmittedModule> emitted(count + 2);
  std::vector<std::string> failures(count);
  for (VariantModule &variant : variants) {
    DialectRegistry registry;
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    variant.module->getContext()->appendDialectRegistry(registry);
  }
  // The last ones first, as the baseline's code is the most.
  parallelFor(int64_t(count), threads, [&](int64_t taken) {
    size_t i = count - 1 - size_t(taken);
    if (llvm::Error error =
            emitVariant(variants[i], kind, entries[i], emitted[i]))
      failures[i] = llvm::toString(std::move(error));
  });
  for (const std::string &failure : failures)
    if (!failure.empty())
      return llvm::createStringError(failure);
  if (llvm::Error error = emitCommon(
          "table", kind,
          [&](CodeModule &code) {
            return buildTableModule(code.getContext(), code.getDataLayout(),
                                    table, entries);
          },
          emitted[count]))
    return std::move(error);
  if (llvm::Error error = emitCommon(
          "support", kind,
          [](CodeModule &code) {
            return buildSupportModule(code.getContext());
          },
          emitted[count + 1]))
    return std::move(error);
  return std::move(emitted);
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

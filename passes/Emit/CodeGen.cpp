//===- CodeGen.cpp - LLVM modules to text and objects ---------------------===//

#include "passes/Emit/CodeGen.h"

#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Triple.h"
#include <mutex>

using namespace llvm;

namespace qopt {

/// What LLVM said when it gave up, on this thread.
static thread_local std::string fatalMessage;

/// Ends the work of a CrashRecoveryContext; LLVM would end the process.
static void handleFatalError(void *, const char *reason, bool) {
  fatalMessage = reason;
  if (CrashRecoveryContext *current = CrashRecoveryContext::GetCurrent())
    current->HandleExit(1);
  errs() << "LLVM error: " << reason << "\n";
}

static void initialize() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser(); // inline assembly
    install_fatal_error_handler(handleFatalError);
  });
}

Expected<std::unique_ptr<CodeModule>> CodeModule::create(StringRef name,
                                                         const X86Isa &isa) {
  initialize();
  Triple triple("x86_64-unknown-linux-gnu");
  std::string why;
  const Target *target = TargetRegistry::lookupTarget(triple, why);
  if (!target)
    return createStringError("no code generator for x86-64: " + why);
  TargetOptions options;
  options.FunctionSections = true; // so that the linker can drop some
  std::unique_ptr<CodeModule> result(new CodeModule(name, isa));
  result->machine.reset(target->createTargetMachine(
      triple, isa.cpu, isa.extras, options, Reloc::PIC_, std::nullopt,
      CodeGenOptLevel::Default));
  result->dataLayout = result->machine->createDataLayout();
  result->context.setDiagnosticHandlerCallBack(
      [](const DiagnosticInfo *info, void *text) {
        if (info->getSeverity() != DS_Error)
          return;
        raw_string_ostream stream(*static_cast<std::string *>(text));
        DiagnosticPrinterRawOStream printer(stream);
        info->print(printer);
        stream << "\n";
      },
      &result->diagnostics);
  return std::move(result);
}

void CodeModule::setModule(std::unique_ptr<Module> newModule) {
  module = std::move(newModule);
  module->setModuleIdentifier(name);
  module->setSourceFileName(name);
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(dataLayout);
  module->setPICLevel(PICLevel::BigPIC);
  for (Function &function : *module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", isa.cpu);
    if (*isa.extras)
      function.addFnAttr("target-features", isa.extras);
    function.addFnAttr(
        "no-builtins"); // loops stay loops: there is no C library
    function.addFnAttr("frame-pointer", "none");
    function.addFnAttr(Attribute::NoUnwind);
    // LLVM's CPU model prefers 256 bits.
    if (isa.vectorBits == 512)
      function.addFnAttr("prefer-vector-width", "512");
  }
}

/// Lowered code is vector code, its loops unrolled as far as is meant. What is
/// left: take descriptors of buffers apart, thread conditions that are known in
/// a step of a loop, move out of loops what does not change, fold addresses.
/// The rest of O2 takes as long as code generation and makes no code faster.
static constexpr StringRef pipeline =
    "globalopt,cgscc(inline),globaldce,"
    "function<eager-inv>("
    "sroa,early-cse,instcombine<max-iterations=1;no-verify-fixpoint>,"
    "loop-mssa(loop-rotate,licm),simplifycfg,"
    "jump-threading,correlated-propagation,"
    "loop(indvars,loop-deletion),"
    "early-cse<memssa>,loop-mssa(licm),"
    "instcombine<max-iterations=1;no-verify-fixpoint>,"
    "simplifycfg<no-keep-loops;hoist-common-insts;sink-common-insts>),"
    "constmerge";

void CodeModule::optimize() {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PassBuilder builder(machine.get());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  ModulePassManager passes;
  cantFail(builder.parsePassPipeline(passes, pipeline));
  passes.run(*module, modules);
}

Error CodeModule::emit(EmitKind kind, EmittedModule &result) {
  result.name = name;
  result.contents.clear();
  raw_svector_ostream stream(result.contents);
  std::string invalid;
  raw_string_ostream invalidStream(invalid);
  if (verifyModule(*module, &invalidStream))
    return createStringError("code for " + name + " is not valid LLVM IR: " +
                             StringRef(invalid).trim());
  if (kind == EmitKind::LLVMIR) {
    module->print(stream, nullptr);
    return Error::success();
  }

  bool isSupported = true;
  fatalMessage.clear();
  CrashRecoveryContext::Enable();
  bool finished = CrashRecoveryContext().RunSafely([&] {
    optimize();
    legacy::PassManager passes;
    isSupported = !machine->addPassesToEmitFile(
        passes, stream, nullptr,
        kind == EmitKind::Assembly ? CodeGenFileType::AssemblyFile
                                   : CodeGenFileType::ObjectFile);
    if (isSupported)
      passes.run(*module);
  });
  if (!finished) {
    // Whatever state they are in, they cannot be destroyed.
    (void)module.release();
    (void)machine.release();
    return createStringError(
        "cannot generate code for " + name + ": " +
        (fatalMessage.empty() ? "LLVM crashed" : fatalMessage));
  }
  if (!isSupported || !diagnostics.empty())
    return createStringError("cannot generate code for " + name + ": " +
                             StringRef(diagnostics).trim());
  return Error::success();
}

} // namespace qopt

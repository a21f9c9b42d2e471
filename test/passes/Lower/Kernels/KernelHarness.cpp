//===- KernelHarness.cpp - Runs lowered kernels in tests ------------------===//

#include "test/passes/Lower/Kernels/KernelHarness.h"

#include "dialects/QOpt/QOpt.h"
#include "lib/Target/Host.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "qopt/artifact.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include <sys/syscall.h>
#include <unistd.h>

using namespace mlir;

namespace qopt {

/// As the runtime asks for them.
static bool mayUseTiles() { return syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

std::vector<const X86Isa *> runnableIsas() {
  uint64_t features = getHostFeatures();
  if (!mayUseTiles())
    features &= ~QOPT_CPU_AMX_INT8_BF16;
  std::vector<const X86Isa *> isas;
  for (const X86Isa &isa : getX86Isas()) {
    if ((isa.features & ~features) == 0)
      isas.push_back(&isa);
  }
  return isas;
}

//===-- Kernels -----------------------------------------------------------===//

struct Kernel::Implementation {
  MLIRContext context;
  std::unique_ptr<ExecutionEngine> engine;
  std::vector<GuardedMemory> scratch;
  size_t numScratch = 0;
  Tensor<int32_t> error{{1}};
  std::vector<std::unique_ptr<int64_t>> values; ///< of arguments
  std::vector<void *> arguments;
  void (*function)(void **) = nullptr;
};

/// Scratch memory and the place for an error become arguments.
static std::vector<int64_t> makeArguments(ModuleOp module) {
  auto function = cast<func::FuncOp>(module.lookupSymbol("f"));
  OpBuilder builder(module.getContext());
  auto argument = [&](Type type) -> Value {
    unsigned at = function.getNumArguments();
    (void)function.insertArgument(at, type, {}, module.getLoc());
    return function.getArgument(at);
  };
  Value error = argument(MemRefType::get({1}, builder.getI32Type()));
  function.walk([&](FailIfOp op) {
    builder.setInsertionPoint(op);
    auto branch = scf::IfOp::create(builder, op.getLoc(), op.getCondition());
    builder.setInsertionPointToStart(branch.thenBlock());
    Value one = arith::ConstantIntOp::create(builder, op.getLoc(), 1, 32);
    Value zero = arith::ConstantIndexOp::create(builder, op.getLoc(), 0);
    memref::StoreOp::create(builder, op.getLoc(), one, error, zero);
    op.erase();
  });
  function.walk([&](PrefetchDistanceOp op) {
    builder.setInsertionPoint(op);
    op.replaceAllUsesWith(
        arith::ConstantIndexOp::create(builder, op.getLoc(), 1024).getResult());
    op.erase();
  });
  std::vector<int64_t> sizes;
  function.walk([&](ScratchOp op) {
    auto type = cast<MemRefType>(op.getResult().getType());
    sizes.push_back(type.getNumElements() *
                    std::max(1u, type.getElementTypeBitWidth() / 8));
    op.replaceAllUsesWith(argument(type));
    op.erase();
  });
  return sizes;
}

static const char loweringToLLVM[] =
    "func.func(scf-forall-to-for),canonicalize,cse,convert-scf-to-cf,"
    "convert-to-llvm,reconcile-unrealized-casts,canonicalize,cse";

Kernel::Kernel(const std::string &text, const X86Isa &isa)
    : self(std::make_unique<Implementation>()) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registry.insert<QOptDialect>();
  self->context.appendDialectRegistry(registry);
  // Remarks about packing are none of the tests' business.
  self->context.getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
    return success(diagnostic.getSeverity() == DiagnosticSeverity::Remark);
  });
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, &self->context);
  if (!module)
    llvm::report_fatal_error("test module does not parse");
  PassManager lower(&self->context);
  LowerKernelsOptions options;
  options.isa = isa.name;
  lower.addPass(createLowerKernels(options));
  ExpandMathOptions math;
  math.isa = options.isa;
  lower.addPass(createExpandMath(math));
  lower.addPass(createCanonicalizerPass());
  lower.addPass(createCSEPass());
  if (failed(lower.run(*module)))
    llvm::report_fatal_error("qopt-lower-kernels failed");
  if (getenv("QOPT_DUMP_KERNELS"))
    module->dump();
  for (int64_t bytes : makeArguments(*module))
    self->scratch.emplace_back(llvm::alignTo(bytes, 64));
  self->numScratch = self->scratch.size();
  static bool registered = (registerAllPasses(), true);
  (void)registered;
  PassManager passes(&self->context);
  if (failed(parsePassPipeline(loweringToLLVM, passes)) ||
      failed(passes.run(*module)))
    llvm::report_fatal_error("lowering to LLVM failed");

  auto machine = llvm::cantFail(
      llvm::cantFail(llvm::orc::JITTargetMachineBuilder::detectHost())
          .createTargetMachine());
  auto optimize = makeOptimizingTransformer(2, 0, machine.get());
  auto transform = [&](llvm::Module *llvmModule) {
    for (llvm::Function &function : *llvmModule) {
      function.addFnAttr("target-cpu", isa.cpu);
      // Nothing of the host's.
      function.addFnAttr("target-features", *isa.extras ? isa.extras : "+sse2");
    }
    return optimize(llvmModule);
  };
  ExecutionEngineOptions engineOptions;
  engineOptions.transformer = transform;
  engineOptions.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Default;
  engineOptions.enableObjectDump = true;
  self->engine = llvm::cantFail(
      ExecutionEngine::create(module->getOperation(), engineOptions));
  self->function = llvm::cantFail(self->engine->lookupPacked("f"));
  if (const char *path = getenv("QOPT_DUMP_OBJECT"))
    self->engine->dumpToObjectFile(path);
}

Kernel::~Kernel() = default;

Kernel &Kernel::operator<<(int64_t index) {
  self->values.push_back(std::make_unique<int64_t>(index));
  self->arguments.push_back(self->values.back().get());
  return *this;
}

/// A memref is: pointer, aligned pointer, offset, sizes, strides.
void Kernel::pass(void *data, llvm::ArrayRef<int64_t> sizes) {
  *this << int64_t(data) << int64_t(data) << 0;
  for (int64_t size : sizes)
    *this << size;
  for (size_t i = 0; i < sizes.size(); ++i) {
    int64_t stride = 1;
    for (int64_t size : sizes.drop_front(i + 1))
      stride *= size;
    *this << stride;
  }
}

void Kernel::prepare() {
  self->error[0] = 0;
  *this << self->error;
  for (GuardedMemory &memory : self->scratch)
    pass(memory.data(), {1});
}

bool Kernel::run() {
  prepare();
  call();
  self->arguments.clear();
  return self->error[0] != 0;
}

void Kernel::call() { self->function(self->arguments.data()); }

} // namespace qopt

//===- Jit.cpp - Lowered code, called in the test -------------------------===//

#include "test/passes/Lower/Generic/Jit.h"

#include "dialects/QOpt/QOpt.h"
#include "lib/Target/X86.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;

namespace qopt::test {

Buffer::Buffer(std::vector<int64_t> shape, unsigned elementBytes)
    : shape(std::move(shape)), elementBytes(elementBytes) {
  bytes.resize(count() * elementBytes);
}

int64_t Buffer::count() const {
  int64_t product = 1;
  for (int64_t size : shape)
    product *= size;
  return product;
}

std::vector<std::string> runnableIsas() {
  std::vector<std::string> names = {"x86-64"};
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    names.push_back("x86-64-v3");
  if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    names.push_back("x86-64-v4");
  return names;
}

struct Jit::State {
  MLIRContext context{MLIRContext::Threading::DISABLED};
  OwningOpRef<ModuleOp> module;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<ExecutionEngine> engine;
};

Jit::Jit() : state(std::make_unique<State>()) {}
Jit::~Jit() = default;

/// Upstream lowers copies to a function of its own runtime library.
static void expandCopies(ModuleOp module) {
  module.walk([](memref::CopyOp copy) {
    OpBuilder builder(copy);
    linalg::CopyOp::create(builder, copy.getLoc(), copy.getSource(),
                           copy.getTarget());
    copy.erase();
  });
}

static LogicalResult lower(ModuleOp module, const std::string &isa) {
  PassManager pm(module.getContext());
  if (isa.empty()) {
    expandCopies(module);
    pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  } else {
    pm.addPass(createVectorizeLinalg(VectorizeLinalgOptions{isa}));
    pm.addPass(createExpandMath(ExpandMathOptions{isa}));
    pm.addPass(createForallToForLoopPass());
  }
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  if (isa.empty())
    pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  return pm.run(module);
}

std::unique_ptr<Jit> Jit::compile(const std::string &mlir,
                                  const std::string &isa) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  std::unique_ptr<Jit> jit(new Jit);
  State &state = *jit->state;
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<QOptDialect>();
  registerAllToLLVMIRTranslations(registry);
  state.context.appendDialectRegistry(registry);
  state.context.loadAllAvailableDialects();
  state.module = parseSourceString<ModuleOp>(mlir, &state.context);
  if (!state.module || failed(lower(*state.module, isa)))
    return nullptr;
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  std::string why;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, why);
  std::string cpu = isa.empty() ? "x86-64" : isa;
  auto makeMachine = [&] {
    return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
        triple, cpu, "", llvm::TargetOptions(), llvm::Reloc::PIC_));
  };
  state.machine = makeMachine();
  ExecutionEngineOptions options;
  llvm::TargetMachine *machine = state.machine.get();
  auto optimize = [machine, cpu](llvm::Module *module) -> llvm::Error {
    for (llvm::Function &function : *module)
      if (!function.isDeclaration())
        function.addFnAttr("target-cpu", cpu);
    return makeOptimizingTransformer(2, 0, machine)(module);
  };
  options.transformer = optimize;
  auto engine = ExecutionEngine::create(*state.module, options, makeMachine());
  if (!engine) {
    llvm::errs() << llvm::toString(engine.takeError()) << "\n";
    return nullptr;
  }
  state.engine = std::move(*engine);
  return jit;
}

bool Jit::call(const std::string &function, std::vector<Buffer> &buffers) {
  int64_t page = sysconf(_SC_PAGESIZE);
  struct Guarded {
    char *base, *data;
    int64_t length;
  };
  std::vector<Guarded> memory;
  std::vector<std::vector<int64_t>> descriptors;
  for (Buffer &buffer : buffers) {
    int64_t size = buffer.bytes.size();
    int64_t pages = (size + page - 1) / page + 1;
    char *base =
        static_cast<char *>(mmap(nullptr, pages * page, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base + (pages - 1) * page, page, PROT_NONE);
    char *data = base + (pages - 1) * page - size;
    if (size)
      std::memcpy(data, buffer.bytes.data(), size);
    memory.push_back({base, data, pages * page});
    // allocated, aligned, offset, sizes, strides
    std::vector<int64_t> descriptor = {int64_t(data), int64_t(data), 0};
    for (int64_t length : buffer.shape)
      descriptor.push_back(length);
    for (size_t d = 0; d < buffer.shape.size(); ++d) {
      int64_t stride = 1;
      for (size_t later = d + 1; later < buffer.shape.size(); ++later)
        stride *= buffer.shape[later];
      descriptor.push_back(stride);
    }
    descriptors.push_back(descriptor);
  }
  std::vector<void *> pointers(descriptors.size());
  llvm::SmallVector<void *> arguments;
  for (size_t i = 0; i < descriptors.size(); ++i) {
    pointers[i] = descriptors[i].data();
    arguments.push_back(&pointers[i]);
  }
  llvm::Error error =
      state->engine->invokePacked("_mlir_ciface_" + function, arguments);
  bool succeeded = !error;
  if (error)
    llvm::errs() << llvm::toString(std::move(error)) << "\n";
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (!buffers[i].bytes.empty())
      std::memcpy(buffers[i].bytes.data(), memory[i].data,
                  buffers[i].bytes.size());
    munmap(memory[i].base, memory[i].length);
  }
  return succeeded;
}

} // namespace qopt::test

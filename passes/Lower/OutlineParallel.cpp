//===- OutlineParallel.cpp - Kernels from parallel loops ------------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/Lower/Call.h"
#include "passes/Lower/LoopParts.h"
#include "passes/Passes.h"
#include "qopt/artifact.h"
#include <cstddef>
#include <unordered_map>

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_OUTLINEPARALLEL
#include "passes/Passes.h.inc"

namespace {

/// Values that a kernel makes again rather than loads.
bool isRemade(Value value) {
  Operation *op = value.getDefiningOp();
  return op && isa<arith::ConstantOp, memref::GetGlobalOp>(op);
}

class Outliner {
public:
  explicit Outliner(ModuleOp module)
      : module(module), signature(*module.getOps<SignatureOp>().begin()),
        converter(module.getContext()), builder(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())),
        i64(IntegerType::get(module.getContext(), 64)) {
    for (Attribute message : signature.getMessages())
      messages.push_back(cast<StringAttr>(message).getValue());
  }

  LogicalResult run();

private:
  /// The runtime's call, which the function has as first argument.
  FailureOr<Value> callOf(func::FuncOp host, Operation *user);
  LogicalResult outline(scf::ForallOp loop, func::FuncOp host);
  func::FuncOp makeKernel(scf::ForallOp loop, ArrayRef<Value> captures,
                          LLVM::LLVMStructType environment);
  /// The kernel with the same code that is there already, or this one.
  func::FuncOp unique(func::FuncOp kernel);
  int64_t lowerScratch(Region &region, Value memory, int64_t offset);
  void lowerFailures(Operation *root, Value call);

  ModuleOp module;
  SignatureOp signature;
  LLVMTypeConverter converter;
  OpBuilder builder;
  Type pointer, i64;
  std::unordered_map<size_t, SmallVector<func::FuncOp>> kernels; ///< by hash
  unsigned numKernels = 0;
  SmallVector<StringRef> messages;
  int64_t scratchBytes = 0;
};

void Outliner::lowerFailures(Operation *root, Value call) {
  SmallVector<FailIfOp> failures;
  root->walk([&](FailIfOp op) { failures.push_back(op); });
  for (FailIfOp op : failures) {
    StringRef message = op.getMessage();
    auto found = llvm::find(messages, message);
    int32_t code = found - messages.begin() + 1;
    if (found == messages.end())
      messages.push_back(op.getMessageAttr().getValue());
    builder.setInsertionPoint(op);
    Location loc = op.getLoc();
    scf::IfOp::create(
        builder, loc, op.getCondition(), [&](OpBuilder &nested, Location loc) {
          Value value = LLVM::ConstantOp::create(
              nested, loc, nested.getI32Type(), nested.getI32IntegerAttr(code));
          // Threads may report at once: any of their errors will do.
          LLVM::StoreOp::create(
              nested, loc, value,
              addressAt(nested, loc, call, offsetof(qopt_call, error)),
              /*alignment=*/4, /*isVolatile=*/false, /*isNonTemporal=*/false,
              /*isInvariantGroup=*/false, LLVM::AtomicOrdering::monotonic);
          scf::YieldOp::create(nested, loc);
        });
    op.erase();
  }
}

/// What is in a region is there while the region runs: the memory of regions
/// beside each other is the same. Returns the end of what is used.
int64_t Outliner::lowerScratch(Region &region, Value memory, int64_t offset) {
  for (auto op : llvm::make_early_inc_range(region.getOps<ScratchOp>())) {
    builder.setInsertionPoint(op);
    auto type = cast<MemRefType>(op.getResult().getType());
    Value bytes = bytesAt(builder, op.getLoc(), memory);
    Value start = arith::ConstantIndexOp::create(builder, op.getLoc(), offset);
    op.getResult().replaceAllUsesWith(memref::ViewOp::create(
        builder, op.getLoc(), type, bytes, start, ValueRange()));
    op.erase();
    offset += llvm::alignTo(type.getNumElements() *
                                std::max(1u, type.getElementTypeBitWidth() / 8),
                            64);
  }
  int64_t end = offset;
  for (Operation &op : region.getOps())
    for (Region &inner : op.getRegions())
      end = std::max(end, lowerScratch(inner, memory, offset));
  return end;
}

func::FuncOp Outliner::makeKernel(scf::ForallOp loop, ArrayRef<Value> captures,
                                  LLVM::LLVMStructType environment) {
  Location loc = loop.getLoc();
  builder.setInsertionPointToEnd(module.getBody());
  auto kernel = func::FuncOp::create(
      builder, loc, "kernel_" + std::to_string(numKernels++),
      builder.getFunctionType({pointer, i64, i64, pointer}, {}));
  kernel.setPrivate();
  builder.setInsertionPointToStart(kernel.addEntryBlock());
  SmallVector<Value> inside; // the captures, there
  for (auto [i, value] : llvm::enumerate(captures)) {
    if (isRemade(value)) {
      inside.push_back(builder.clone(*value.getDefiningOp())->getResult(0));
      continue;
    }
    Value address = LLVM::GEPOp::create(builder, loc, pointer, environment,
                                        kernel.getArgument(0),
                                        ArrayRef<LLVM::GEPArg>{0, int32_t(i)});
    Type stored = environment.getBody()[i];
    Value loaded = LLVM::LoadOp::create(builder, loc, stored, address);
    inside.push_back(stored == value.getType()
                         ? loaded
                         : UnrealizedConversionCastOp::create(
                               builder, loc, value.getType(), loaded)
                               .getResult(0));
  }
  auto index = [&](Value number) -> Value {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      number);
  };
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto items = scf::ForOp::create(builder, loc, index(kernel.getArgument(1)),
                                  index(kernel.getArgument(2)), one);
  for (auto [value, its] : llvm::zip_equal(captures, inside))
    Value(value).replaceUsesWithIf(its, [&](OpOperand &use) {
      return loop.getRegion().isAncestor(use.getOwner()->getParentRegion());
    });
  loop.getInductionVar(0).replaceAllUsesWith(items.getInductionVar());
  auto &body = loop.getBody()->getOperations();
  items.getBody()->getOperations().splice(items.getBody()->begin(), body,
                                          body.begin(), std::prev(body.end()));
  builder.setInsertionPointToEnd(&kernel.front());
  func::ReturnOp::create(builder, loc);
  return kernel;
}

func::FuncOp Outliner::unique(func::FuncOp kernel) {
  llvm::hash_code hash = 0;
  kernel.getBody().walk([&](Operation *op) {
    hash =
        llvm::hash_combine(hash, OperationEquivalence::computeHash(
                                     op, OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::IgnoreLocations));
  });
  SmallVector<func::FuncOp> &alike = kernels[size_t(hash)];
  for (func::FuncOp other : alike) {
    DenseMap<Value, Value> its;
    // Operands one by one, not as sets, whose order might be that of addresses.
    if (OperationEquivalence::isRegionEquivalentTo(
            &kernel.getBody(), &other.getBody(),
            [&](Value a, Value b) { return success(its.lookup(a) == b); },
            [&](Value a, Value b) {
              its.insert({a, b});
            },
            OperationEquivalence::IgnoreLocations)) {
      kernel.erase();
      return other;
    }
  }
  alike.push_back(kernel);
  return kernel;
}

FailureOr<Value> Outliner::callOf(func::FuncOp host, Operation *user) {
  if (host.getNumArguments() == 0 || host.getArgumentTypes()[0] != pointer)
    return user->emitOpError("expects a function whose first argument is the "
                             "call, a ")
           << pointer;
  return Value(host.getArgument(0));
}

LogicalResult Outliner::outline(scf::ForallOp loop, func::FuncOp host) {
  if (loop.getRank() != 1 || loop.getNumResults() != 0 || !loop.isNormalized())
    return loop.emitOpError("cannot be made a kernel: expects one dimension "
                            "from 0 in steps of 1 and no results");
  Location loc = loop.getLoc();
  auto found = callOf(host, loop);
  if (failed(found))
    return failure();
  Value call = *found;
  lowerFailures(loop, call);
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(loop.getRegion(), used);
  SmallVector<Value> captures;
  for (bool remade : {false, true})
    for (Value value : used)
      if (isRemade(value) == remade)
        captures.push_back(value);
  SmallVector<Type> types;
  for (Value value : captures) {
    if (isRemade(value))
      continue;
    Type type = converter.convertType(value.getType());
    if (!type)
      return loop.emitOpError(
                 "cannot be made a kernel: it reads a value of type ")
             << value.getType();
    types.push_back(type);
  }
  auto environment =
      LLVM::LLVMStructType::getLiteral(module.getContext(), types);
  func::FuncOp kernel = makeKernel(loop, captures, environment);
  scratchBytes = std::max(
      scratchBytes, lowerScratch(kernel.getBody(), kernel.getArgument(3), 0));
  kernel = unique(kernel);

  builder.setInsertionPointToStart(&host.front());
  Value one =
      LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(1));
  Value memory =
      LLVM::AllocaOp::create(builder, loc, pointer, environment, one, 0);
  builder.setInsertionPoint(loop);
  for (auto [i, type] : llvm::enumerate(types)) {
    Value value = captures[i];
    if (type != value.getType())
      value = UnrealizedConversionCastOp::create(builder, loc, type, value)
                  .getResult(0);
    LLVM::StoreOp::create(
        builder, loc, value,
        LLVM::GEPOp::create(builder, loc, pointer, environment, memory,
                            ArrayRef<LLVM::GEPArg>{0, int32_t(i)}));
  }
  Value count = getValueOrCreateConstantIndexOp(builder, loc,
                                                loop.getMixedUpperBound()[0]);
  count = arith::IndexCastOp::create(builder, loc, i64, count);
  Value code = func::ConstantOp::create(builder, loc, kernel.getFunctionType(),
                                        kernel.getName());
  code = UnrealizedConversionCastOp::create(builder, loc, pointer, code)
             .getResult(0);
  Value parallelFor =
      loadField(builder, loc, call, offsetof(qopt_call, parallel_for), pointer);
  Value runtime =
      loadField(builder, loc, call, offsetof(qopt_call, runtime), pointer);
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(module.getContext()),
                                  {pointer, pointer, pointer, i64});
  LLVM::CallOp::create(builder, loc, type,
                       ValueRange{parallelFor, runtime, code, memory, count});
  loop.erase();
  return success();
}

LogicalResult Outliner::run() {
  if (DictionaryAttr loops = listLoops(module); !loops.empty())
    signature.setLoopsAttr(loops);
  SmallVector<std::pair<scf::ForallOp, func::FuncOp>> loops;
  auto hosts = llvm::to_vector(module.getOps<func::FuncOp>());
  for (func::FuncOp host : hosts)
    host.walk([&](scf::ForallOp loop) { loops.push_back({loop, host}); });
  for (auto [loop, host] : loops)
    if (failed(outline(loop, host)))
      return failure();
  for (func::FuncOp host : hosts) {
    if (host.getName().ends_with("_arena_bytes"))
      continue;
    FailIfOp first;
    host.walk([&](FailIfOp op) {
      first = op;
      return WalkResult::interrupt();
    });
    if (!first)
      continue;
    auto call = callOf(host, first);
    if (failed(call))
      return failure();
    lowerFailures(host, *call);
  }
  signature.setMessagesAttr(builder.getStrArrayAttr(messages));
  signature.setScratchBytes(scratchBytes);
  return success();
}

struct OutlineParallel final : impl::OutlineParallelBase<OutlineParallel> {
  void runOnOperation() override {
    if (getOperation().getOps<SignatureOp>().empty()) {
      getOperation().emitError("expects a qopt.signature");
      return signalPassFailure();
    }
    if (failed(Outliner(getOperation()).run()))
      signalPassFailure();
  }
};

} // namespace
} // namespace qopt

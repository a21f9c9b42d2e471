//===- PlanMemory.cpp - One arena for all buffers -------------------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "passes/Passes.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"

namespace {

/// Buffers start at multiples of a cache line.
constexpr int64_t alignment = 64;

/// A buffer of a function: when it is alive and how large it is.
struct Buffer {
  memref::AllocOp alloc;
  unsigned begin, end; ///< positions of the first and the last op that use it
  DimExpr bytes;
};

/// A place in the arena: as large as the largest of `sizes`, of which none is
/// known to be at most another.
struct Slot {
  SmallVector<DimExpr> sizes;
  unsigned end; ///< position of the last op that uses it so far
};

bool isAtMost(const DimExpr &a, const DimExpr &b) {
  return (b - a).isKnownNonNegative();
}

/// The last op in the function's block that reads or writes the buffer or a
/// view of it.
unsigned lastUse(Value buffer, const DenseMap<Operation *, unsigned> &order,
                 Block *block) {
  unsigned last = 0;
  for (Operation *user : buffer.getUsers()) {
    last = std::max(last, order.lookup(block->findAncestorOpInBlock(*user)));
    for (Value result : user->getResults())
      if (isa<MemRefType>(result.getType()))
        last = std::max(last, lastUse(result, order, block));
  }
  return last;
}

/// The size of an allocation, when its sizes are constants and symbols.
std::optional<DimExpr> bytesOf(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  DimExpr bytes(std::max(1u, type.getElementTypeBitWidth() / 8));
  unsigned dynamic = 0;
  for (int64_t size : type.getShape()) {
    if (!ShapedType::isDynamic(size)) {
      bytes = bytes * DimExpr(size);
      continue;
    }
    Value value = alloc.getDynamicSizes()[dynamic++];
    if (auto dim = value.getDefiningOp<DimOp>()) {
      auto expression = DimExpr::parse(dim.getExpression());
      if (!expression)
        return std::nullopt;
      bytes = bytes * *expression;
    } else if (auto constant = getConstantIntValue(value)) {
      bytes = bytes * DimExpr(*constant);
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

class FunctionPlanner {
public:
  explicit FunctionPlanner(func::FuncOp function) : function(function) {}

  LogicalResult plan();
  /// Computes the places at the start of the function and moves the buffers.
  void place();
  /// Makes `@f_arena_bytes`.
  void addSizeFunction();

private:
  /// The end of this function's own part of the arena; `offsets` gets the
  /// starts of the slots.
  Value emitOffsets(OpBuilder &builder, SmallVectorImpl<Value> &offsets);
  /// Calls of functions that have an arena too.
  SmallVector<func::CallOp> calls();

  func::FuncOp function;
  SmallVector<Buffer> buffers;
  SmallVector<unsigned> slotOf;
  SmallVector<Slot> slots;
};

std::string sizeFunctionName(StringRef function) {
  return (function + "_arena_bytes").str();
}

SmallVector<func::CallOp> FunctionPlanner::calls() {
  SmallVector<func::CallOp> calls;
  for (auto call : function.getOps<func::CallOp>()) {
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
        call, call.getCalleeAttr());
    if (callee && !callee.isDeclaration())
      calls.push_back(call);
  }
  return calls;
}

LogicalResult FunctionPlanner::plan() {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitOpError("expects one block");
  Block &block = function.front();
  auto nested = function.walk([&](memref::AllocOp alloc) {
    if (alloc->getBlock() == &block || isa<FusedOp>(alloc->getParentOp()))
      return WalkResult::advance();
    alloc.emitOpError("cannot be placed: it is inside another op");
    return WalkResult::interrupt();
  });
  if (nested.wasInterrupted())
    return failure();
  DenseMap<Operation *, unsigned> order;
  unsigned position = 0;
  for (Operation &op : block)
    order[&op] = position++;
  for (auto alloc : block.getOps<memref::AllocOp>()) {
    auto bytes = bytesOf(alloc);
    if (!bytes)
      return alloc.emitOpError("cannot be placed: its size is no expression "
                               "over the model's symbols");
    unsigned end = lastUse(alloc, order, &block);
    unsigned begin = end;
    for (Operation *user : alloc->getUsers())
      begin = std::min(begin, order.lookup(block.findAncestorOpInBlock(*user)));
    buffers.push_back({alloc, begin, end, *bytes});
  }
  llvm::sort(buffers, [&](const Buffer &a, const Buffer &b) {
    return std::pair(a.begin, order[a.alloc]) <
           std::pair(b.begin, order[b.alloc]);
  });
  for (Buffer &buffer : buffers) {
    // A free slot of the same size, else one that is large enough, else one
    // that grows, else a new one.
    auto fits = [&](unsigned kind) -> Slot * {
      for (Slot &slot : slots) {
        if (slot.end >= buffer.begin)
          continue;
        auto matches = [&](const DimExpr &size) {
          return kind == 0   ? size == buffer.bytes
                 : kind == 1 ? isAtMost(buffer.bytes, size)
                             : isAtMost(size, buffer.bytes);
        };
        if (kind == 2 ? llvm::all_of(slot.sizes, matches)
                      : llvm::any_of(slot.sizes, matches))
          return &slot;
      }
      return nullptr;
    };
    Slot *slot = fits(0);
    slot = slot ? slot : fits(1);
    slot = slot ? slot : fits(2);
    if (!slot) {
      slots.push_back({{}, 0});
      slot = &slots.back();
    }
    slot->end = buffer.end;
    if (!llvm::any_of(slot->sizes, [&](const DimExpr &size) {
          return isAtMost(buffer.bytes, size);
        })) {
      llvm::erase_if(slot->sizes, [&](const DimExpr &size) {
        return isAtMost(size, buffer.bytes);
      });
      slot->sizes.push_back(buffer.bytes);
    }
    slotOf.push_back(slot - slots.begin());
  }
  return success();
}

Value FunctionPlanner::emitOffsets(OpBuilder &builder,
                                   SmallVectorImpl<Value> &offsets) {
  Location loc = function.getLoc();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value end = constant(0);
  for (const Slot &slot : slots) {
    offsets.push_back(end);
    Value bytes = constant(0);
    for (const DimExpr &size : slot.sizes)
      bytes = arith::MaxSIOp::create(builder, loc, bytes,
                                     materialize(builder, loc, size));
    Value rounded =
        arith::AddIOp::create(builder, loc, bytes, constant(alignment - 1));
    rounded =
        arith::AndIOp::create(builder, loc, rounded, constant(-alignment));
    end = arith::AddIOp::create(builder, loc, end, rounded);
  }
  return end;
}

void FunctionPlanner::place() {
  MLIRContext *context = function.getContext();
  auto arenaType =
      MemRefType::get({ShapedType::kDynamic}, IntegerType::get(context, 8));
  unsigned number = function.getNumArguments();
  (void)function.insertArgument(number, arenaType, {}, function.getLoc());
  Value arena = function.getArgument(number);
  OpBuilder builder = OpBuilder::atBlockBegin(&function.front());
  SmallVector<Value> offsets;
  Value own = emitOffsets(builder, offsets);
  for (auto [buffer, slot] : llvm::zip(buffers, slotOf)) {
    builder.setInsertionPoint(buffer.alloc);
    Value view = memref::ViewOp::create(
        builder, buffer.alloc.getLoc(), buffer.alloc.getType(), arena,
        offsets[slot], buffer.alloc.getDynamicSizes());
    buffer.alloc.getResult().replaceAllUsesWith(view);
    buffer.alloc.erase();
  }
  for (func::CallOp call : calls()) {
    builder.setInsertionPoint(call);
    auto bytes = func::CallOp::create(builder, call.getLoc(),
                                      sizeFunctionName(call.getCallee()),
                                      builder.getIndexType());
    Value part = memref::ViewOp::create(builder, call.getLoc(), arenaType,
                                        arena, own, bytes.getResult(0));
    SmallVector<Value> operands(call.getOperands());
    operands.push_back(part);
    func::CallOp::create(builder, call.getLoc(), call.getCallee(), TypeRange(),
                         operands);
    call.erase();
  }
}

void FunctionPlanner::addSizeFunction() {
  OpBuilder builder(function);
  Location loc = function.getLoc();
  auto sizeFunction = func::FuncOp::create(
      builder, loc, sizeFunctionName(function.getName()),
      builder.getFunctionType({}, {builder.getIndexType()}));
  builder.setInsertionPointToStart(sizeFunction.addEntryBlock());
  SmallVector<Value> offsets;
  Value own = emitOffsets(builder, offsets);
  Value behind = arith::ConstantIndexOp::create(builder, loc, 0);
  llvm::StringSet<> seen;
  for (func::CallOp call : calls())
    if (seen.insert(call.getCallee()).second)
      behind = arith::MaxSIOp::create(
          builder, loc, behind,
          func::CallOp::create(builder, loc, sizeFunctionName(call.getCallee()),
                               builder.getIndexType())
              .getResult(0));
  Value all = arith::AddIOp::create(builder, loc, own, behind);
  func::ReturnOp::create(builder, loc, all);
}

struct PlanMemory final : impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    SmallVector<FunctionPlanner> planners;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration())
        planners.emplace_back(function);
    for (FunctionPlanner &planner : planners) {
      if (failed(planner.plan()))
        return signalPassFailure();
      planner.addSizeFunction();
    }
    for (FunctionPlanner &planner : planners)
      planner.place();
  }
};

} // namespace
} // namespace qopt

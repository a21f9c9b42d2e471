//===- LowerCall.cpp - Read sizes and tensors from the call ---------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/EntryArguments.h"
#include "passes/Lower/Call.h"
#include "passes/Passes.h"
#include "qopt/artifact.h"
#include <cstddef>

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_LOWERCALL
#include "passes/Passes.h.inc"

Value addressAt(OpBuilder &builder, Location loc, Value pointer,
                int64_t offset) {
  if (offset == 0)
    return pointer;
  return LLVM::GEPOp::create(builder, loc, pointer.getType(),
                             builder.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{int32_t(offset)});
}

Value loadField(OpBuilder &builder, Location loc, Value call, int64_t offset,
                Type type) {
  return LLVM::LoadOp::create(builder, loc, type,
                              addressAt(builder, loc, call, offset));
}

Value bytesAt(OpBuilder &builder, Location loc, Value pointer) {
  MLIRContext *context = builder.getContext();
  Type i64 = builder.getI64Type();
  auto array = LLVM::LLVMArrayType::get(i64, 1);
  auto descriptorType = LLVM::LLVMStructType::getLiteral(
      context, {pointer.getType(), pointer.getType(), i64, array, array});
  Value descriptor = LLVM::PoisonOp::create(builder, loc, descriptorType);
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    descriptor =
        LLVM::InsertValueOp::create(builder, loc, descriptor, value, position);
  };
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, i64,
                                    builder.getI64IntegerAttr(value));
  };
  insert(pointer, {0});
  insert(pointer, {1});
  insert(constant(0), {2});
  insert(constant(int64_t(1) << 62), {3, 0});
  insert(constant(1), {4, 0});
  auto type = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  return UnrealizedConversionCastOp::create(builder, loc, type, descriptor)
      .getResult(0);
}

namespace {

bool isSizeFunction(func::FuncOp function) {
  return function.getName().ends_with("_arena_bytes");
}

bool isEntry(func::FuncOp function) {
  return function.getName().ends_with("_run");
}

/// Lowers the ops of one function that read the call.
class FunctionLowering {
public:
  FunctionLowering(func::FuncOp function, SignatureOp signature,
                   SymbolTable &symbols)
      : function(function), signature(signature), symbols(symbols),
        builder(function.getContext()) {
    auto pointer = LLVM::LLVMPointerType::get(function.getContext());
    if (!isEntry(function))
      (void)function.insertArgument(0, pointer, {}, function.getLoc());
    call = function.getArgument(0);
  }

  LogicalResult run();

private:
  Value symbolPointer();
  FailureOr<Value> size(const DimExpr &expression, Location loc);
  LogicalResult lowerWeight(GetWeightOp op);
  LogicalResult lowerCache(GetCacheOp op);
  void passCall(func::CallOp op);

  func::FuncOp function;
  SignatureOp signature;
  SymbolTable &symbols;
  OpBuilder builder;
  Value call;
  Value symbolsValue; ///< const int64_t *symbols
  Value weights;
  llvm::StringMap<Value> symbolValues;
};

Value FunctionLowering::symbolPointer() {
  if (symbolsValue)
    return symbolsValue;
  if (isSizeFunction(function))
    return symbolsValue = call;
  OpBuilder top = OpBuilder::atBlockBegin(&function.front());
  return symbolsValue = loadField(top, function.getLoc(), call,
                                  offsetof(qopt_call, symbols), call.getType());
}

FailureOr<Value> FunctionLowering::size(const DimExpr &expression,
                                        Location loc) {
  Value sum;
  for (const auto &[monomial, coefficient] : expression.getTerms()) {
    Value product = arith::ConstantIndexOp::create(builder, loc, coefficient);
    for (const std::string &name : monomial) {
      Value &value = symbolValues[name];
      if (!value) {
        auto found = llvm::find_if(signature.getSymbols(), [&](Attribute a) {
          return cast<StringAttr>(a).getValue() == name;
        });
        if (found == signature.getSymbols().end())
          return emitError(loc)
                 << "symbol '" << name << "' is not in the signature";
        Value pointer = symbolPointer();
        OpBuilder top(function.getContext());
        if (auto *definition = pointer.getDefiningOp())
          top.setInsertionPointAfter(definition);
        else
          top.setInsertionPointToStart(&function.front());
        Value loaded = loadField(top, function.getLoc(), pointer,
                                 8 * (found - signature.getSymbols().begin()),
                                 top.getI64Type());
        value = arith::IndexCastOp::create(top, function.getLoc(),
                                           top.getIndexType(), loaded);
      }
      product = arith::MulIOp::create(builder, loc, product, value);
    }
    sum = sum ? arith::AddIOp::create(builder, loc, sum, product) : product;
  }
  return sum ? sum : Value(arith::ConstantIndexOp::create(builder, loc, 0));
}

LogicalResult FunctionLowering::lowerWeight(GetWeightOp op) {
  auto weight = symbols.lookup<WeightOp>(op.getWeight());
  if (weight.getPackedOffset() == uint64_t(-1))
    return op.emitOpError("cannot be lowered: the weight has no place in the "
                          "artifact");
  if (!weights) {
    OpBuilder top = OpBuilder::atBlockBegin(&function.front());
    weights = bytesAt(top, op.getLoc(),
                      loadField(top, op.getLoc(), call,
                                offsetof(qopt_call, weights), call.getType()));
  }
  Value offset = arith::ConstantIndexOp::create(builder, op.getLoc(),
                                                weight.getPackedOffset());
  op.getResult().replaceAllUsesWith(memref::ViewOp::create(
      builder, op.getLoc(), cast<MemRefType>(op.getResult().getType()), weights,
      offset, ValueRange()));
  op.erase();
  return success();
}

LogicalResult FunctionLowering::lowerCache(GetCacheOp op) {
  auto cache = symbols.lookup<CacheOp>(op.getCache());
  Location loc = op.getLoc();
  auto batch = size(DimExpr::symbol("batch"), loc);
  if (failed(batch))
    return failure();
  Value list = loadField(builder, loc, call, offsetof(qopt_call, caches),
                         call.getType());
  Value context = arith::IndexCastOp::create(
      builder, loc, builder.getIndexType(),
      loadField(builder, loc, call, offsetof(qopt_call, context),
                builder.getI64Type()));
  Value panel = arith::ConstantIndexOp::create(builder, loc, QOPT_CACHE_PANEL);
  Value panels = arith::CeilDivUIOp::create(builder, loc, context, panel);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  for (int64_t i : {0, 1}) {
    Value pointer = loadField(builder, loc, list,
                              8 * (2 * cache.getIndex() + i), call.getType());
    Value view = memref::ViewOp::create(
        builder, loc, cast<MemRefType>(op.getResult(i).getType()),
        bytesAt(builder, loc, pointer), zero, ValueRange{*batch, panels});
    op.getResult(i).replaceAllUsesWith(view);
  }
  op.erase();
  return success();
}

void FunctionLowering::passCall(func::CallOp op) {
  bool wantsSymbols = op.getCallee().ends_with("_arena_bytes");
  SmallVector<Value> operands = {wantsSymbols ? symbolPointer() : call};
  llvm::append_range(operands, op.getOperands());
  auto replacement = func::CallOp::create(builder, op.getLoc(), op.getCallee(),
                                          op.getResultTypes(), operands);
  op.replaceAllUsesWith(replacement.getResults());
  op.erase();
}

LogicalResult FunctionLowering::run() {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) {
    if (isa<DimOp, GetWeightOp, GetCacheOp, PrefetchDistanceOp, func::CallOp>(
            op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    builder.setInsertionPoint(op);
    if (auto dim = dyn_cast<DimOp>(op)) {
      auto expression = DimExpr::parse(dim.getExpression());
      if (!expression)
        return dim.emitOpError("expects an expression, but got \"")
               << dim.getExpression() << "\"";
      auto value = size(*expression, dim.getLoc());
      if (failed(value))
        return failure();
      dim.getResult().replaceAllUsesWith(*value);
      dim.erase();
    } else if (auto weight = dyn_cast<GetWeightOp>(op)) {
      if (failed(lowerWeight(weight)))
        return failure();
    } else if (isa<PrefetchDistanceOp>(op)) {
      Value distance = loadField(builder, op->getLoc(), call,
                                 offsetof(qopt_call, prefetch_distance),
                                 builder.getI64Type());
      op->getResult(0).replaceAllUsesWith(arith::IndexCastOp::create(
          builder, op->getLoc(), builder.getIndexType(), distance));
      op->erase();
    } else if (auto cache = dyn_cast<GetCacheOp>(op)) {
      if (failed(lowerCache(cache)))
        return failure();
    } else {
      passCall(cast<func::CallOp>(op));
    }
  }
  return success();
}

/// Makes `K_run(call)`, which calls `K` with the tensors of the signature.
LogicalResult addEntry(func::FuncOp function, SignatureOp signature) {
  OpBuilder builder(function->getContext());
  builder.setInsertionPointAfter(function);
  Location loc = function.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(function.getContext());
  auto entry =
      func::FuncOp::create(builder, loc, (function.getName() + "_run").str(),
                           builder.getFunctionType({pointer}, {}));
  builder.setInsertionPointToStart(entry.addEntryBlock());
  Value call = entry.getArgument(0);
  llvm::StringMap<std::pair<bool, RankedTensorType>> tensors;
  for (bool isOutput : {false, true})
    for (Attribute attribute :
         isOutput ? signature.getOutputs() : signature.getInputs()) {
      auto dictionary = cast<DictionaryAttr>(attribute);
      tensors[(isOutput ? "out:" : "in:") +
              dictionary.getAs<StringAttr>("name").str()] = {
          isOutput, cast<RankedTensorType>(
                        dictionary.getAs<TypeAttr>("type").getValue())};
    }
  SmallVector<Value> operands; // the call itself is passed when it is lowered
  int64_t counts[2] = {0, 0};
  unsigned numTensors = function.getNumArguments() - 1; // behind them the arena
  for (unsigned i = 0; i < numTensors; ++i) {
    auto name = function.getArgAttrOfType<StringAttr>(i, "qopt.name");
    auto isOutput = function.getArgAttr(i, "qopt.output") ? 1 : 0;
    auto entryType = function.getArgAttrOfType<TypeAttr>(i, entryTypeAttr);
    bool isLogitRows = bool(function.getArgAttr(i, logitRowsAttr));
    auto found = name ? tensors.find((isOutput ? "out:" : "in:") + name.str())
                      : tensors.end();
    auto candidates = function.getArgAttrOfType<IntegerAttr>(i, candidatesAttr);
    if (found == tensors.end() && !isLogitRows && !candidates)
      return function.emitOpError("has an argument that is no tensor of the "
                                  "signature");
    auto type = cast<MemRefType>(function.getArgument(i).getType());
    auto sizes =
        getSizes(entryType ? cast<RankedTensorType>(entryType.getValue())
                           : found->second.second);
    if (!sizes || int64_t(sizes->size()) != type.getRank())
      return function.emitOpError("has a tensor of unknown sizes: ") << name;
    SmallVector<Value> dynamic;
    for (auto [dim, size] : llvm::enumerate(*sizes))
      if (type.isDynamicDim(dim))
        dynamic.push_back(materialize(builder, loc, size));
    Value data;
    if (isLogitRows) {
      data = loadField(builder, loc, call, offsetof(qopt_call, logit_rows),
                       pointer);
    } else if (candidates) {
      data = loadField(builder, loc, call,
                       candidates.getInt() == 0
                           ? offsetof(qopt_call, candidate_logits)
                           : offsetof(qopt_call, candidate_tokens),
                       pointer);
    } else {
      Value list = loadField(builder, loc, call,
                             isOutput ? offsetof(qopt_call, outputs)
                                      : offsetof(qopt_call, inputs),
                             pointer);
      data = loadField(builder, loc, list, 8 * counts[isOutput]++, pointer);
    }
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    operands.push_back(memref::ViewOp::create(
        builder, loc, type, bytesAt(builder, loc, data), zero, dynamic));
  }
  Value arena =
      loadField(builder, loc, call, offsetof(qopt_call, arena), pointer);
  operands.push_back(bytesAt(builder, loc, arena));
  func::CallOp::create(builder, loc, function.getName(), TypeRange(), operands);
  func::ReturnOp::create(builder, loc);
  return success();
}

struct LowerCall final : impl::LowerCallBase<LowerCall> {
  void runOnOperation() override {
    auto signatures = getOperation().getOps<SignatureOp>();
    if (signatures.empty()) {
      getOperation().emitError("expects a qopt.signature");
      return signalPassFailure();
    }
    SignatureOp signature = *signatures.begin();
    SymbolTable symbols(getOperation());
    for (func::FuncOp function :
         llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (llvm::is_contained({"main", "prefill", "decode"},
                             function.getName()) &&
          failed(addEntry(function, signature)))
        return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(FunctionLowering(function, signature, symbols).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace qopt

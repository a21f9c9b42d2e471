//===- SplitDecoder.cpp - Prefill and decode ------------------------------===//

#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/Raise/Candidates.h"
#include "passes/Raise/LogitRows.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_SPLITDECODER
#include "passes/Passes.h.inc"

namespace {

/// The tensor type with a symbol replaced by a number.
Type specialise(Type type, StringRef symbol, const DimExpr &value) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  auto sizes = tensor ? getSizes(tensor) : std::nullopt;
  if (!sizes)
    return type;
  for (DimExpr &size : *sizes)
    size = size.substitute(symbol, value);
  return getTensorType(*sizes, tensor.getElementType());
}

void specialise(func::FuncOp function, StringRef symbol, const DimExpr &value) {
  auto change = [&](Type type) { return specialise(type, symbol, value); };
  for (BlockArgument argument : function.getArguments())
    argument.setType(change(argument.getType()));
  SmallVector<DimOp> dims;
  function.walk([&](Operation *op) {
    for (Value result : op->getResults())
      result.setType(change(result.getType()));
    if (auto dim = dyn_cast<DimOp>(op))
      dims.push_back(dim);
  });
  for (DimOp dim : dims) {
    auto size = DimExpr::parse(dim.getExpression());
    if (!size)
      continue;
    OpBuilder builder(dim);
    dim.getResult().replaceAllUsesWith(
        materialize(builder, dim.getLoc(), size->substitute(symbol, value)));
    dim.erase();
  }
  SmallVector<Type> arguments(function.getArgumentTypes()),
      results(function.getResultTypes());
  llvm::transform(arguments, arguments.begin(), change);
  llvm::transform(results, results.begin(), change);
  function.setType(
      FunctionType::get(function.getContext(), arguments, results));
}

struct SplitDecoder final : impl::SplitDecoderBase<SplitDecoder> {
  void runOnOperation() override {
    dropUnreadWeights();
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || getOperation().getOps<CacheOp>().empty())
      return;
    main.setName("prefill");
    OpBuilder builder(main);
    builder.setInsertionPointAfter(main);
    auto decode = cast<func::FuncOp>(builder.clone(*main));
    decode.setName("decode");
    specialise(decode, "sequence", DimExpr(1));
    for (SignatureOp signature : getOperation().getOps<SignatureOp>()) {
      pickLogitRows(main, signature);
      addCandidates({main, decode}, signature);
    }
  }

  /// Raising leaves weights behind that only went into shapes, or that are read
  /// another way now.
  void dropUnreadWeights() {
    llvm::StringSet<> read;
    getOperation().walk([&](GetWeightOp get) { read.insert(get.getWeight()); });
    for (WeightOp weight :
         llvm::make_early_inc_range(getOperation().getOps<WeightOp>()))
      if (!read.contains(weight.getSymName()))
        weight.erase();
  }
};

} // namespace
} // namespace qopt

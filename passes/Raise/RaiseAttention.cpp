//===- RaiseAttention.cpp - Attention, its mask and its cache -------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/Raise/Mask.h"
#include "passes/Raise/Matchers.h"
#include "passes/Raise/Paths.h"
#include "passes/Raise/Patterns.h"
#include "passes/Raise/SignatureRoles.h"
#include <cmath>

using namespace mlir;

namespace qopt {
#define GEN_PASS_DEF_RAISEATTENTION
#include "passes/Passes.h.inc"

namespace {

/// What is known of an attention before its operands are brought to tokens.
struct Core {
  Operation *root;
  Value query, key, value; ///< [batch, heads, steps, size], key and value maybe
                           ///< of fewer heads
  Value mask;              ///< null: everything is seen
  double scale = 1;
  bool causal = false;
  bool guardsEmptyRows = false; ///< rows that see nothing give 0
};

/// Past and new steps of keys or values.
struct Steps {
  BlockArgument past; ///< null: no cache
  Value present;      ///< the joined tensor
  Value fresh;        ///< the new steps
};

/// Strips products with scalars.
Value stripScale(Value value, double &scale) {
  while (auto scaled = matchScaled(value)) {
    scale *= scaled->factor;
    value = scaled->tensor;
  }
  return value;
}

/// [batch, heads, steps, size] before its heads were repeated.
Value beforeRepeat(Value value) {
  auto join = value.getDefiningOp<ReshapeOp>();
  auto expand = join ? definingNode(join.getInput(), "Expand") : nullptr;
  auto split =
      expand ? expand.getInputs()[0].getDefiningOp<ReshapeOp>() : nullptr;
  if (!split)
    return value;
  std::vector<DimExpr> few = sizesOf(split.getInput()),
                       one = sizesOf(split.getResult()),
                       many = sizesOf(expand.getOutputs()[0]),
                       all = sizesOf(value);
  if (few.size() != 4 || one.size() != 5 || many.size() != 5 || all.size() != 4)
    return value;
  bool fits = one[2] == DimExpr(1) && many[0] == all[0] &&
              many[1] * many[2] == all[1] && many[3] == all[2] &&
              many[4] == all[3] && few[0] == all[0] && few[1] == many[1] &&
              few[2] == all[2] && few[3] == all[3];
  return fits ? split.getInput() : value;
}

/// Keys [batch, heads, steps, size] when the value is their transpose.
Value beforeTranspose(OpBuilder &builder, Value value) {
  auto transpose = definingNode(value, "Transpose");
  auto permutation = transpose ? transpose.intsAttribute("perm") : std::nullopt;
  if (!permutation)
    return nullptr;
  Value input = transpose.getInputs()[0];
  if (*permutation == SmallVector<int64_t>{0, 1, 3, 2})
    return input;
  if (*permutation != SmallVector<int64_t>{0, 2, 3, 1})
    return nullptr;
  std::vector<DimExpr> sizes = sizesOf(input);
  Type element = cast<RankedTensorType>(input.getType()).getElementType();
  return makeNode(
      builder, value.getLoc(), "Transpose", input,
      getTensorType({sizes[0], sizes[2], sizes[1], sizes[3]}, element),
      builder.getNamedAttr("perm", builder.getI64ArrayAttr({0, 2, 1, 3})));
}

/// softmax(...) v
std::optional<Core> matchDecomposed(OpBuilder &builder, onnx::NodeOp product) {
  Core core;
  core.root = product;
  core.value = beforeRepeat(product.getInputs()[1]);
  Value weights = product.getInputs()[0];
  if (auto guard = definingNode(weights, "Where")) {
    auto isNaN = definingNode(guard.getInputs()[0], "IsNaN");
    if (!isNaN || isNaN.getInputs()[0] != guard.getInputs()[2] ||
        splatConstant(guard.getInputs()[1]) != 0.0)
      return std::nullopt;
    core.guardsEmptyRows = true;
    weights = guard.getInputs()[2];
  }
  auto softmax = definingNode(weights, "Softmax");
  if (!softmax || sizesOf(weights).size() != 4)
    return std::nullopt;
  int64_t axis = softmax.intAttribute("axis", softmax.getOpset() < 13 ? 1 : -1);
  if (axis != -1 && axis != 3)
    return std::nullopt;
  // From here on it looks like attention: say why when it is none.
  Value scores = softmax.getInputs()[0];
  if (auto sum = definingNode(scores, "Add"))
    for (int i : {0, 1}) {
      double ignored = 1;
      if (definingNode(stripScale(sum.getInputs()[i], ignored), "MatMul")) {
        scores = sum.getInputs()[i];
        core.mask = sum.getInputs()[1 - i];
        break;
      }
    }
  auto inner = definingNode(stripScale(scores, core.scale), "MatMul");
  if (!inner || sizesOf(inner.getOutputs()[0]) != sizesOf(weights)) {
    product.emitRemark("attention is not fused: its scores are no product of "
                       "queries and keys, with a mask added");
    return std::nullopt;
  }
  core.query = stripScale(inner.getInputs()[0], core.scale);
  Value keys =
      beforeTranspose(builder, stripScale(inner.getInputs()[1], core.scale));
  if (!keys) {
    product.emitRemark("attention is not fused: its keys are not transposed");
    return std::nullopt;
  }
  core.key = beforeRepeat(stripScale(keys, core.scale));
  return core;
}

/// The node Attention with operands by heads.
std::optional<Core> matchNode(onnx::NodeOp node) {
  auto refuse = [&](StringRef reason) {
    node.emitRemark("attention is not fused: ") << reason;
    return std::nullopt;
  };
  if (node.input(4) || node.input(5) || node.input(6))
    return refuse("it has a past or lengths of its own");
  if (node.floatAttribute("softcap", 0) != 0)
    return refuse("it has a softcap");
  if (node.intAttribute("softmax_precision", 1) != 1)
    return refuse("its softmax is not in f32");
  for (Value output : node.getOutputs().drop_front())
    if (!output.use_empty())
      return refuse("its further outputs are used");
  Core core;
  core.root = node;
  core.query = node.input(0);
  core.key = beforeRepeat(node.input(1));
  core.value = beforeRepeat(node.input(2));
  core.mask = node.input(3);
  std::vector<DimExpr> sizes = sizesOf(core.query);
  if (sizes.size() != 4 || !sizes[3].isConstant())
    return refuse("its queries are not by heads of a constant size");
  core.scale = node.floatAttribute(
      "scale", 1.0 / std::sqrt(double(*sizes[3].constant())));
  core.causal = node.intAttribute("is_causal", 0) != 0;
  core.guardsEmptyRows = true;
  return core;
}

Value throughCast(Value value) {
  auto cast = definingNode(value, "Cast");
  return cast ? cast.getInputs()[0] : value;
}

Steps matchSteps(Value value) {
  auto concat = definingNode(value, "Concat");
  if (!concat || concat.getInputs().size() != 2)
    return {nullptr, nullptr, value};
  int64_t axis = concat.intAttribute("axis", 0);
  auto past = dyn_cast<BlockArgument>(throughCast(concat.getInputs()[0]));
  if ((axis != 2 && axis != -2) || !past)
    return {nullptr, nullptr, value};
  return {past, value, concat.getInputs()[1]};
}

/// Raises the attentions of one function and removes pasts and presents.
class FunctionRaiser {
public:
  FunctionRaiser(func::FuncOp function, SignatureOp signature)
      : function(function), signature(signature),
        builder(function.getContext()) {}

  void run();

private:
  LogicalResult raise(const Core &core);
  static LogicalResult refuse(Operation *root, const Twine &reason) {
    root->emitRemark("attention is not fused: ") << reason;
    return failure();
  }
  void dropArguments();

  func::FuncOp function;
  SignatureOp signature;
  OpBuilder builder;
  int64_t numCaches = 0;
  SmallVector<BlockArgument> pasts;
  SmallVector<Value> presents;
  SmallVector<std::pair<int64_t, bool>> cacheOfPast; ///< number, is it a key
};

LogicalResult FunctionRaiser::raise(const Core &core) {
  Operation *root = core.root;
  Location loc = root->getLoc();
  builder.setInsertionPoint(root);
  Steps keys = matchSteps(core.key), values = matchSteps(core.value);
  auto query = matchHeadsView(core.query), key = matchHeadsView(keys.fresh),
       value = matchHeadsView(values.fresh);
  bool hasCache = bool(keys.past);
  if (!query || !key || !value)
    return refuse(root, "queries, keys or values are no heads of tokens");
  for (Value operand : {query->tokens, key->tokens, value->tokens})
    if (!getElementTypeOrSelf(operand.getType()).isF32())
      return refuse(root, "queries, keys or values are not f32");
  if (hasCache != bool(values.past))
    return refuse(root, "only one of keys and values has a past");
  if (key->heads != value->heads || query->heads % key->heads != 0)
    return refuse(root, "the numbers of heads do not divide each other");
  std::vector<DimExpr> querySizes = sizesOf(core.query),
                       keySizes = sizesOf(core.key), pastSizes;
  if (hasCache)
    pastSizes = sizesOf(keys.past);
  if (keySizes.size() != 4 || (hasCache && pastSizes.size() != 4))
    return refuse(root, "the sizes of its keys are unknown");
  DimExpr past = hasCache ? pastSizes[2] : DimExpr(0), steps = keySizes[2];
  Mask mask;
  Value additive;
  if (core.mask) {
    auto known = recogniseMask(
        builder, core.mask,
        {querySizes[0], DimExpr(query->heads), querySizes[2], steps}, past);
    if (known)
      mask = *known;
    else if (cast<RankedTensorType>(core.mask.getType())
                 .getElementType()
                 .isF32() &&
             sizesOf(core.mask).size() == 4)
      additive = core.mask;
    else
      return refuse(root, "its mask is neither understood nor f32 of rank 4");
  }
  if (core.causal && hasCache)
    return refuse(root, "is_causal beside a past counts from the first key");
  mask.causal |= core.causal;

  Value keyCache, valueCache, pastValue;
  if (hasCache) {
    OpBuilder top(function);
    std::string name = "cache" + std::to_string(numCaches);
    auto cache =
        CacheOp::create(top, loc, name, numCaches, key->heads, key->size,
                        value->size, TypeAttr(), StringAttr());
    auto get = GetCacheOp::create(builder, loc, cache.getKeyType(),
                                  cache.getValueType(), name);
    keyCache = get.getKey();
    valueCache = get.getValue();
    pastValue = materialize(builder, loc, past);
    for (auto [steps, isKey] :
         {std::pair(keys, true), std::pair(values, false)}) {
      pasts.push_back(steps.past);
      presents.push_back(steps.present);
      cacheOfPast.push_back({numCaches, isKey});
    }
    ++numCaches;
  }
  auto type = getTensorType(
      {querySizes[0], querySizes[2], DimExpr(query->heads * value->size)},
      builder.getF32Type());
  bool hidesRows = mask.padding || additive;
  EmptyRow emptyRow = mask.emptyRow.value_or(
      core.guardsEmptyRows || !hidesRows ? EmptyRow::Zero : EmptyRow::NaN);
  StringAttr path;
  if (auto node = dyn_cast<onnx::NodeOp>(root))
    path = rawPath(node);
  auto attention = AttentionOp::create(
      builder, loc, TypeRange{type}, query->tokens, key->tokens, value->tokens,
      mask.padding, additive, keyCache, valueCache, pastValue, Value(), Value(),
      builder.getI64IntegerAttr(query->heads),
      builder.getI64IntegerAttr(key->heads),
      builder.getF64FloatAttr(core.scale),
      mask.causal ? builder.getUnitAttr() : UnitAttr(),
      EmptyRowAttr::get(builder.getContext(), emptyRow), path);
  root->getResult(0).replaceAllUsesWith(
      makeHeadsView(builder, loc, attention.getResult(), query->heads));
  return success();
}

void FunctionRaiser::dropArguments() {
  auto terminator = cast<func::ReturnOp>(function.front().getTerminator());
  llvm::BitVector results(function.getNumResults()),
      arguments(function.getNumArguments());
  for (auto [i, operand] : llvm::enumerate(terminator.getOperands())) {
    Value given = operand;
    auto found = llvm::find_if(presents, [&](Value present) {
      return given == present || throughCast(given) == present;
    });
    if (found == presents.end())
      continue;
    auto [cache, isKey] = cacheOfPast[found - presents.begin()];
    results.set(i);
    setOutputRole(signature, function, i,
                  isKey ? "present_key" : "present_value", cache);
  }
  SmallVector<Value> kept;
  for (auto [i, operand] : llvm::enumerate(terminator.getOperands()))
    if (!results.test(i))
      kept.push_back(operand);
  terminator->setOperands(kept);
  (void)function.eraseResults(results);
  // What only fed the presents is dead now.
  bool changed = true;
  while (changed) {
    changed = false;
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(function.front())))
      if (isOpTriviallyDead(&op)) {
        op.erase();
        changed = true;
      }
  }
  for (auto [past, cache] : llvm::zip(pasts, cacheOfPast)) {
    if (!past.use_empty())
      continue;
    arguments.set(past.getArgNumber());
    setInputRole(signature, function, past.getArgNumber(),
                 cache.second ? "past_key" : "past_value", cache.first);
  }
  (void)function.eraseArguments(arguments);
}

void FunctionRaiser::run() {
  SmallVector<onnx::NodeOp> candidates;
  function.walk([&](onnx::NodeOp node) {
    if (node.is("Attention") ||
        (node.is("MatMul") && sizesOf(node.getOutputs()[0]).size() == 4))
      candidates.push_back(node);
  });
  for (onnx::NodeOp node : candidates) {
    builder.setInsertionPoint(node);
    auto core =
        node.is("Attention") ? matchNode(node) : matchDecomposed(builder, node);
    if (core)
      (void)raise(*core);
  }
  dropArguments();
}

struct RaiseAttention final : impl::RaiseAttentionBase<RaiseAttention> {
  void runOnOperation() override {
    auto signatures = getOperation().getOps<SignatureOp>();
    auto function = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!function || function.isDeclaration() || signatures.empty())
      return;
    FunctionRaiser(function, *signatures.begin()).run();
    RewritePatternSet patterns(&getContext());
    populateMovementPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace qopt

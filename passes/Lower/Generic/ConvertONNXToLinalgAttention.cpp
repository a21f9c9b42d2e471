//===- ConvertONNXToLinalgAttention.cpp - Attention, plainly --------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/Lower/Generic/NodeLowering.h"
#include <cmath>

using namespace mlir;

namespace qopt::generic {
namespace {

/// ONNX's Attention of opset 23 and later, step by step: the full matrix of
/// scores is in memory.
class AttentionLowering {
public:
  AttentionLowering(NodeLowering &lowering) : lowering(lowering) {}
  LogicalResult run();

private:
  LogicalResult readInputs();
  Value swapHeadsAndSteps(Value tensor);
  Value splitHeads(Value tensor, int64_t heads);
  LogicalResult checkMask();
  Value maskAt(Value b, Value h, Value s, Value t);
  Value isSeen(Value b, Value s, Value t);
  Value addBias(Value scores);

  NodeLowering &lowering;
  Type type;
  Value query, key, value; ///< [batch, heads, steps, size]
  Value mask, nonpad;
  bool isFlat = false; ///< inputs are [batch, steps, heads * size]
  DimExpr batch, heads, kvHeads, groups, steps, keys, past;
};

/// [a, b, c, d] -> [a, c, b, d]
Value AttentionLowering::swapHeadsAndSteps(Value tensor) {
  MLIRContext *context = lowering.builder.getContext();
  Sizes sizes = lowering.sizesOf(tensor);
  std::swap(sizes[1], sizes[2]);
  auto map =
      AffineMap::getPermutationMap(ArrayRef<unsigned>{0, 2, 1, 3}, context);
  SmallVector<utils::IteratorType> iterators(4, utils::IteratorType::parallel);
  return lowering.reduce(tensor, map,
                         lowering.empty(sizes, lowering.elementType(tensor)),
                         AffineMap::getMultiDimIdentityMap(4, context),
                         iterators, [](ArrayRef<Value> x) { return x[0]; });
}

Value AttentionLowering::splitHeads(Value tensor, int64_t count) {
  Sizes sizes = lowering.sizesOf(tensor);
  auto size = count > 0 ? sizes[2].dividedBy(DimExpr(count)) : std::nullopt;
  if (!size)
    return nullptr;
  return swapHeadsAndSteps(
      lowering.reshape(tensor, {sizes[0], sizes[1], DimExpr(count), *size}));
}

LogicalResult AttentionLowering::readInputs() {
  if (failed(lowering.checkTensors(3)))
    return failure();
  for (unsigned i = 0; i < 3; ++i)
    if (failed(lowering.checkElements(i, "s")))
      return failure();
  onnx::NodeOp node = lowering.node;
  query = lowering.input(0);
  key = lowering.input(1);
  value = lowering.input(2);
  type = lowering.elementType(query);
  isFlat = lowering.sizesOf(query).size() == 3;
  for (Value *tensor : {&query, &key, &value}) {
    if (lowering.sizesOf(*tensor).size() != (isFlat ? 3u : 4u))
      return lowering.reject("query, key and value are not all of rank 3 or 4");
    if (isFlat)
      *tensor = splitHeads(
          *tensor, node.intAttribute(
                       tensor == &query ? "q_num_heads" : "kv_num_heads", 0));
    if (!*tensor)
      return lowering.reject("the heads do not divide the last size");
  }
  if (bool(lowering.input(4)) != bool(lowering.input(5)))
    return lowering.reject("only one of past_key and past_value is there");
  if (lowering.input(4)) {
    past = lowering.sizesOf(lowering.input(4))[2];
    key = concat(lowering, {lowering.input(4), key}, 2);
    value = concat(lowering, {lowering.input(5), value}, 2);
  }
  Sizes querySizes = lowering.sizesOf(query), keySizes = lowering.sizesOf(key);
  batch = querySizes[0];
  heads = querySizes[1];
  steps = querySizes[2];
  kvHeads = keySizes[1];
  keys = keySizes[2];
  auto ratio = heads.dividedBy(kvHeads);
  if (!ratio || lowering.sizesOf(value)[2] != keys || keySizes[0] != batch ||
      lowering.sizesOf(value)[1] != kvHeads || querySizes[3] != keySizes[3])
    return lowering.reject("the sizes of query, key and value do not fit");
  groups = *ratio;
  mask = lowering.input(3);
  nonpad = lowering.input(6);
  return checkMask();
}

LogicalResult AttentionLowering::checkMask() {
  if (!mask)
    return success();
  if (failed(lowering.checkElements(3, "sb")))
    return failure();
  Sizes sizes = lowering.sizesOf(mask), all = {batch, heads, steps, keys};
  if (sizes.empty() || sizes.size() > 4)
    return lowering.reject("the mask is not of rank 1 to 4");
  for (size_t d = 0; d + 1 < sizes.size(); ++d)
    if (sizes[d] != DimExpr(1) && sizes[d] != all[4 - sizes.size() + d])
      return lowering.reject("the sizes of the mask are not known to fit");
  return success();
}

/// The number that the mask adds to a score. Steps behind a short mask's end
/// are not seen.
Value AttentionLowering::maskAt(Value b, Value h, Value s, Value t) {
  Sizes sizes = lowering.sizesOf(mask);
  SmallVector<Value> all = {b, h, s, t}, at;
  for (size_t d = 0; d < sizes.size(); ++d)
    at.push_back(sizes[d] == DimExpr(1) &&
                         (d + 1 < sizes.size() || keys == DimExpr(1))
                     ? lowering.index(0)
                     : all[4 - sizes.size() + d]);
  Value hidden =
      lowering.number(type, -std::numeric_limits<double>::infinity());
  bool isShort = sizes.back() != keys;
  Value inside;
  if (isShort) {
    Value size = lowering.index(sizes.back());
    inside = lowering.compare(arith::CmpIPredicate::slt, t, size);
    Value last = lowering.make<arith::SubIOp>(size, lowering.index(1));
    at.back() = lowering.make<arith::MaxSIOp>(
        lowering.make<arith::MinSIOp>(t, last), lowering.index(0));
  }
  Value added = isShort ? lowering.readChecked(mask, at, sizes.back())
                        : lowering.read(mask, at);
  if (added.getType().isInteger(1))
    added = lowering.select(added, lowering.number(type, 0), hidden);
  return isShort ? lowering.select(inside, added, hidden) : added;
}

/// Whether causality, windows and padding let step t be seen; null when nothing
/// restricts it.
Value AttentionLowering::isSeen(Value b, Value s, Value t) {
  onnx::NodeOp node = lowering.node;
  auto predicate = arith::CmpIPredicate::sle;
  Value seen;
  auto restrict = [&](Value condition) {
    seen = seen ? lowering.make<arith::AndIOp>(seen, condition) : condition;
  };
  Value end = nonpad ? lowering.toIndex(lowering.read(nonpad, b)) : Value();
  Value offset = lowering.index(past);
  if (end && !lowering.input(4))
    offset = lowering.make<arith::SubIOp>(end, lowering.index(steps));
  Value now = lowering.make<arith::AddIOp>(s, offset);
  int64_t left = node.intAttribute("left_window_size", -1);
  int64_t right = node.intAttribute("right_window_size", -1);
  if (node.intAttribute("is_causal", 0))
    restrict(lowering.compare(predicate, t, now));
  if (left >= 0)
    restrict(lowering.compare(
        predicate, now, lowering.make<arith::AddIOp>(t, lowering.index(left))));
  if (right >= 0)
    restrict(lowering.compare(
        predicate, t,
        lowering.make<arith::AddIOp>(now, lowering.index(right))));
  if (end)
    restrict(lowering.compare(arith::CmpIPredicate::slt, t, end));
  return seen;
}

Value AttentionLowering::addBias(Value scores) {
  return lowering.map(
      scores, lowering.sizesOf(scores), type, [&](ArrayRef<Value> x) -> Value {
        Value b = lowering.position(0), h = lowering.position(1),
              s = lowering.position(2), t = lowering.position(3);
        Value score = x[0];
        if (mask)
          score = lowering.make<arith::AddFOp>(score, maskAt(b, h, s, t));
        if (Value seen = isSeen(b, s, t))
          score = lowering.select(
              seen, score,
              lowering.number(type, -std::numeric_limits<double>::infinity()));
        return score;
      });
}

LogicalResult AttentionLowering::run() {
  if (failed(readInputs()))
    return failure();
  onnx::NodeOp node = lowering.node;
  Sizes querySizes = lowering.sizesOf(query), keySizes = lowering.sizesOf(key);
  DimExpr size = querySizes[3], valueSize = lowering.sizesOf(value)[3];
  if (!node.attribute("scale") && !size.isConstant())
    return lowering.reject("the size of a head is no constant");
  double scale = node.floatAttribute(
      "scale", 1 / std::sqrt(double(size.constant().value_or(1))));
  double softcap = node.floatAttribute("softcap", 0);
  int64_t mode = node.intAttribute("qk_matmul_output_mode", 0);

  // A key/value head serves `groups` heads of the query: one more dimension.
  Value scores = matmul(
      lowering, lowering.reshape(query, {batch, kvHeads, groups, steps, size}),
      lowering.reshape(key, {batch, kvHeads, DimExpr(1), keys, size}), false,
      true);
  Sizes scoreSizes = {batch, heads, steps, keys};
  scores = lowering.reshape(scores, scoreSizes);
  auto scaleAll = [&](Value tensor) {
    return lowering.map(tensor, scoreSizes, type,
                        [&](ArrayRef<Value> x) -> Value {
                          return lowering.make<arith::MulFOp>(
                              x[0], lowering.number(type, scale));
                        });
  };
  scores = scaleAll(scores);
  Value debug = scores;
  if (softcap > 0)
    scores =
        lowering.map(scores, scoreSizes, type, [&](ArrayRef<Value> x) -> Value {
          Value cap = lowering.number(type, softcap);
          Value part = lowering.make<arith::DivFOp>(x[0], cap);
          return lowering.make<arith::MulFOp>(lowering.make<math::TanhOp>(part),
                                              cap);
        });
  if (mode == 1)
    debug = scores;
  scores = addBias(scores);
  if (mode == 2)
    debug = scores;
  Value weights = softmax(lowering, scores, 3, /*emptyIsZero=*/true);
  if (mode == 3)
    debug = weights;
  Value result = matmul(
      lowering,
      lowering.reshape(weights, {batch, kvHeads, groups, steps, keys}),
      lowering.reshape(value, {batch, kvHeads, DimExpr(1), keys, valueSize}));
  result = lowering.reshape(result, {batch, heads, steps, valueSize});
  if (isFlat)
    result = lowering.reshape(swapHeadsAndSteps(result),
                              {batch, steps, heads * valueSize});
  lowering.results[0] = result;
  for (auto [i, tensor] :
       {std::pair(1u, key), std::pair(2u, value), std::pair(3u, debug)})
    if (lowering.isWanted(i))
      lowering.results[i] = tensor;
  return success();
}

LogicalResult lowerAttention(NodeLowering &lowering) {
  return AttentionLowering(lowering).run();
}

} // namespace

void addAttention(LoweringTable &table) { table["Attention"] = lowerAttention; }

} // namespace qopt::generic

//===- ConvertONNXToLinalgNormalization.cpp - Softmax, norms, rotary ------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/Lower/Generic/NodeLowering.h"

using namespace mlir;

namespace qopt::generic {

Value softmax(NodeLowering &lowering, Value tensor, int64_t axis,
              bool emptyIsZero) {
  Sizes sizes = lowering.sizesOf(tensor);
  Sizes kept = keepAxes(sizes, axis);
  Type type = lowering.elementType(tensor);
  Value max = reduceOver(lowering, tensor, axis, Combine::Max);
  Value power = lowering.map(
      {tensor, lowering.reshape(max, kept)}, sizes, type,
      [&](ArrayRef<Value> x) -> Value {
        Value power = lowering.make<math::ExpOp>(
            lowering.make<arith::SubFOp>(x[0], x[1]));
        if (!emptyIsZero)
          return power;
        Value isEmpty = lowering.compare(
            arith::CmpFPredicate::OEQ, x[1],
            lowering.number(type, -std::numeric_limits<double>::infinity()));
        return lowering.select(isEmpty, lowering.number(type, 0), power);
      });
  Value sum = reduceOver(lowering, power, axis, Combine::Sum);
  return lowering.map(
      {power, lowering.reshape(sum, kept)}, sizes, type,
      [&](ArrayRef<Value> x) -> Value {
        Value sum = x[1];
        if (emptyIsZero) {
          Value isZero = lowering.compare(arith::CmpFPredicate::OEQ, sum,
                                          lowering.number(type, 0));
          sum = lowering.select(isZero, lowering.number(type, 1), sum);
        }
        return lowering.make<arith::DivFOp>(x[0], sum);
      });
}

namespace {

LogicalResult lowerSoftmax(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(1)) ||
      failed(lowering.checkElements(0, "s")))
    return failure();
  bool isFlat = lowering.node.getOpset() < 13; // the input seen as a matrix
  Value input = lowering.input(0);
  Sizes sizes = lowering.sizesOf(input);
  int64_t rank = sizes.size();
  int64_t given = lowering.node.intAttribute("axis", isFlat ? 1 : -1);
  auto axis = given == rank && isFlat ? given : lowering.axis(given, rank);
  if (!axis)
    return lowering.reject("the axis is outside the rank");
  if (!isFlat) {
    lowering.results[0] = softmax(lowering, input, *axis);
    return success();
  }
  Sizes matrix = {DimExpr(1), DimExpr(1)};
  for (int64_t d = 0; d < rank; ++d)
    matrix[d >= *axis] = matrix[d >= *axis] * sizes[d];
  Value flat = softmax(lowering, lowering.reshape(input, matrix), 1);
  lowering.results[0] = lowering.reshape(flat, sizes);
  return success();
}

/// 1 / sqrt(mean(x^2) + epsilon) over `axes`, sizes 1 there.
Value inverseDeviation(NodeLowering &lowering, Value x, ArrayRef<int64_t> axes,
                       double epsilon) {
  Type type = lowering.elementType(x);
  Sizes sizes = lowering.sizesOf(x), kept = keepAxes(sizes, axes);
  Value squares = lowering.map(x, sizes, type, [&](ArrayRef<Value> x) -> Value {
    return lowering.make<arith::MulFOp>(x[0], x[0]);
  });
  Value variance = lowering.reshape(meanOver(lowering, squares, axes), kept);
  return lowering.map(variance, kept, type, [&](ArrayRef<Value> x) -> Value {
    Value root = lowering.make<math::SqrtOp>(
        lowering.make<arith::AddFOp>(x[0], lowering.number(type, epsilon)));
    return lowering.make<arith::DivFOp>(lowering.number(type, 1), root);
  });
}

/// The axes from the attribute `axis` to the last.
LogicalResult normAxes(NodeLowering &lowering, SmallVector<int64_t> &axes) {
  int64_t rank = lowering.sizesOf(lowering.input(0)).size();
  auto axis = lowering.axis(lowering.node.intAttribute("axis", -1), rank);
  if (!axis)
    return lowering.reject("the axis is outside the rank");
  for (int64_t d = *axis; d < rank; ++d)
    axes.push_back(d);
  return success();
}

LogicalResult lowerLayerNormalization(NodeLowering &lowering) {
  SmallVector<int64_t> axes;
  if (failed(lowering.checkTensors(2)) ||
      failed(lowering.checkElements(0, "f")) ||
      failed(normAxes(lowering, axes)))
    return failure();
  Value input = lowering.input(0), bias = lowering.input(2);
  Type type = lowering.elementType(input);
  Sizes sizes = lowering.sizesOf(input);
  Value mean =
      lowering.reshape(meanOver(lowering, input, axes), keepAxes(sizes, axes));
  Value centred =
      lowering.map({input, mean}, sizes, type, [&](ArrayRef<Value> x) -> Value {
        return lowering.make<arith::SubFOp>(x[0], x[1]);
      });
  Value inverse = inverseDeviation(
      lowering, centred, axes, lowering.node.floatAttribute("epsilon", 1e-5));
  SmallVector<Value> inputs = {centred, inverse, lowering.input(1)};
  if (bias)
    inputs.push_back(bias);
  lowering.results[0] =
      lowering.map(inputs, sizes, type, [&](ArrayRef<Value> x) -> Value {
        Value scaled = lowering.make<arith::MulFOp>(
            lowering.make<arith::MulFOp>(x[0], x[1]), x[2]);
        return bias ? lowering.make<arith::AddFOp>(scaled, x[3]) : scaled;
      });
  for (auto [i, value] : {std::pair(1u, mean), std::pair(2u, inverse)})
    if (lowering.isWanted(i)) {
      if (lowering.resultType(i).getElementType() != type)
        return lowering.reject("output " + Twine(i) + " has another type");
      lowering.results[i] = value;
    }
  return success();
}

LogicalResult lowerRMSNormalization(NodeLowering &lowering) {
  SmallVector<int64_t> axes;
  if (failed(lowering.checkTensors(2)) ||
      failed(lowering.checkElements(0, "f")) ||
      failed(normAxes(lowering, axes)))
    return failure();
  Value input = lowering.input(0);
  Type type = lowering.elementType(input);
  Value inverse = inverseDeviation(
      lowering, input, axes, lowering.node.floatAttribute("epsilon", 1e-5));
  lowering.results[0] =
      lowering.map({input, inverse, lowering.input(1)}, lowering.sizesOf(input),
                   type, [&](ArrayRef<Value> x) -> Value {
                     return lowering.make<arith::MulFOp>(
                         lowering.make<arith::MulFOp>(x[0], x[1]), x[2]);
                   });
  return success();
}

/// Element i of a head's turning part and its partner: half the part away, or
/// beside it when interleaved.
struct Pairing {
  Value partner; ///< position of the other element of the pair
  Value angle;   ///< which angle of the table
  Value isFirst;
};

Pairing pairUp(NodeLowering &lowering, Value i, int64_t half,
               bool interleaved) {
  Pairing pair;
  Value one = lowering.index(1);
  if (interleaved) {
    Value parity = lowering.make<arith::AndIOp>(i, one);
    pair.partner = lowering.make<arith::XOrIOp>(i, one);
    pair.angle = lowering.make<arith::ShRUIOp>(i, one);
    pair.isFirst =
        lowering.compare(arith::CmpIPredicate::eq, parity, lowering.index(0));
    return pair;
  }
  Value middle = lowering.index(half);
  pair.isFirst = lowering.compare(arith::CmpIPredicate::slt, i, middle);
  Value before = lowering.make<arith::SubIOp>(i, middle);
  pair.partner = lowering.select(
      pair.isFirst, lowering.make<arith::AddIOp>(i, middle), before);
  pair.angle = lowering.select(pair.isFirst, i, before);
  return pair;
}

LogicalResult lowerRotaryEmbedding(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(3)) ||
      failed(lowering.checkElements(0, "f")))
    return failure();
  onnx::NodeOp node = lowering.node;
  Value input = lowering.input(0), cosines = lowering.input(1),
        sines = lowering.input(2), ids = lowering.input(3);
  Sizes sizes = lowering.sizesOf(input);
  Sizes tableSizes = lowering.sizesOf(cosines);
  bool isFlat = sizes.size() == 3; // [batch, sequence, heads * size]
  int64_t heads = node.intAttribute("num_heads", 0);
  if (sizes.size() != 3 && sizes.size() != 4)
    return lowering.reject("the input is not of rank 3 or 4");
  if (isFlat) {
    auto size = heads > 0 ? sizes[2].dividedBy(DimExpr(heads)) : std::nullopt;
    if (!size)
      return lowering.reject("num_heads does not divide the last size");
    sizes = {sizes[0], sizes[1], DimExpr(heads), *size};
  }
  auto headSize = sizes[3].constant();
  if (!headSize)
    return lowering.reject("the size of a head is no constant");
  int64_t turning = node.intAttribute("rotary_embedding_dim", 0);
  turning = turning ? turning : *headSize;
  if (turning % 2 || turning > *headSize ||
      tableSizes.size() != (ids ? 2u : 3u) ||
      tableSizes.back() != DimExpr(turning / 2))
    return lowering.reject("the tables do not fit the rotary dimension");
  bool interleaved = node.intAttribute("interleaved", 0);
  Value turned = lowering.reshape(input, sizes);
  Value rows = lowering.index(tableSizes[0]);
  unsigned sequence = isFlat ? 1 : 2;
  auto at = [&](Value tensor, ArrayRef<Value> place) {
    return lowering.read(tensor, place);
  };
  Value result = lowering.fill(
      sizes, lowering.elementType(input), [&](ArrayRef<Value>) -> Value {
        SmallVector<Value> place;
        for (unsigned d = 0; d < 4; ++d)
          place.push_back(lowering.position(d));
        Value i = place[3], x = at(turned, place);
        Value stays = nullptr;
        if (turning != *headSize) { // the rest keeps its place and value
          Value end = lowering.index(turning - 1);
          stays = lowering.compare(arith::CmpIPredicate::sgt, i, end);
          i = lowering.make<arith::MinSIOp>(i, end);
        }
        Pairing pair = pairUp(lowering, i, turning / 2, interleaved);
        place[3] = pair.partner;
        Value y = at(turned, place);
        SmallVector<Value> row = {place[0], place[sequence]};
        if (ids)
          row = {lowering.checkedPosition(
              lowering.toIndex(at(ids, {place[0], place[sequence]})), rows)};
        row.push_back(pair.angle);
        ArrayRef<DimExpr> checked;
        if (ids)
          checked = tableSizes[0];
        Value cosine = lowering.readChecked(cosines, row, checked);
        Value sine = lowering.readChecked(sines, row, checked);
        sine = lowering.select(pair.isFirst, lowering.make<arith::NegFOp>(sine),
                               sine);
        Value value = lowering.make<arith::AddFOp>(
            lowering.make<arith::MulFOp>(x, cosine),
            lowering.make<arith::MulFOp>(y, sine));
        return stays ? lowering.select(stays, x, value) : value;
      });
  lowering.results[0] = lowering.reshape(result, lowering.resultSizes());
  return success();
}

} // namespace

void addNormalization(LoweringTable &table) {
  table["Softmax"] = lowerSoftmax;
  table["LayerNormalization"] = lowerLayerNormalization;
  table["RMSNormalization"] = lowerRMSNormalization;
  table["RotaryEmbedding"] = lowerRotaryEmbedding;
}

} // namespace qopt::generic

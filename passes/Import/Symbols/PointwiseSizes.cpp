//===- PointwiseSizes.cpp - Sizes of results that follow the operands -----===//

#include "passes/Import/Symbols/Node.h"

using namespace mlir;

namespace qopt::symbols {
namespace {

/// All inputs are broadcast together.
LogicalResult broadcastInputs(Node &node) {
  std::optional<Sizes> result;
  SmallVector<unsigned> seen;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    const Sizes *sizes = node.sizes(i);
    if (!sizes)
      return success();
    seen.push_back(i);
    if (!result) {
      result = *sizes;
      continue;
    }
    auto both = node.broadcast(*result, *sizes);
    if (failed(both))
      return node.fail("operands that broadcast", seen);
    result = *both;
  }
  if (result)
    node.setSizes(0, *result);
  return success();
}

/// Result 0 has the sizes of input 0.
LogicalResult likeFirst(Node &node) {
  if (const Sizes *sizes = node.sizes(0))
    node.setSizes(0, *sizes);
  return success();
}

LogicalResult likeFirstTwice(Node &node) {
  if (const Sizes *sizes = node.sizes(0)) {
    node.setSizes(0, *sizes);
    node.setSizes(1, *sizes);
  }
  return success();
}

LogicalResult dynamicQuantize(Node &node) {
  node.setRank(1, 0);
  node.setRank(2, 0);
  return likeFirst(node);
}

/// Normalised input first; mean and inverse deviation keep the dimensions
/// before the axis and have 1 for the others.
LogicalResult layerNormalization(Node &node) {
  const Sizes *sizes = node.sizes(0);
  if (!sizes)
    return success();
  int64_t rank = sizes->size();
  auto axis = node.axis(node.op.intAttribute("axis", -1), rank);
  if (!axis)
    return node.fail("an axis in range", {0});
  Sizes normalized(ArrayRef<Size>(*sizes).drop_front(*axis));
  for (unsigned i : {1u, 2u})
    if (const Sizes *scale = node.sizes(i)) {
      auto both = node.broadcast(normalized, *scale);
      if (failed(both) || both->size() != normalized.size())
        return node.fail("a scale and bias that broadcast to the input",
                         {0, i});
    }
  node.setSizes(0, *sizes);
  Sizes reduced = *sizes;
  for (int64_t i = *axis; i < rank; ++i)
    reduced[i] = DimExpr(1);
  node.setSizes(1, reduced);
  node.setSizes(2, reduced);
  return success();
}

LogicalResult batchNormalization(Node &node) {
  for (unsigned i = 1; i < node.results.size(); ++i)
    if (const Sizes *mean = node.sizes(3))
      node.setSizes(i, *mean);
  return likeFirst(node);
}

/// The slope is broadcast to the input, not the other way round.
LogicalResult slope(Node &node) {
  const Sizes *input = node.sizes(0), *slope = node.sizes(1);
  if (!input)
    return success();
  if (slope && failed(node.broadcast(*input, *slope)))
    return node.fail("operands that broadcast", {0, 1});
  return likeFirst(node);
}

} // namespace

void addPointwiseSizes(SizeFunctions &functions) {
  for (StringRef name :
       {"Add",        "And",         "BitShift", "BitwiseAnd", "BitwiseOr",
        "BitwiseXor", "Div",         "Equal",    "Greater",    "GreaterOrEqual",
        "Less",       "LessOrEqual", "Max",      "Mean",       "Min",
        "Mod",        "Mul",         "Or",       "Pow",        "Sub",
        "Sum",        "Where",       "Xor"})
    functions[name] = broadcastInputs;
  for (StringRef name : {"Abs",
                         "Acos",
                         "Acosh",
                         "Asin",
                         "Asinh",
                         "Atan",
                         "Atanh",
                         "Bernoulli",
                         "BitwiseNot",
                         "Cast",
                         "CastLike",
                         "Ceil",
                         "Celu",
                         "Clip",
                         "Cos",
                         "Cosh",
                         "CumSum",
                         "DequantizeLinear",
                         "Elu",
                         "Erf",
                         "Exp",
                         "EyeLike",
                         "Floor",
                         "Gelu",
                         "GroupNormalization",
                         "HardSigmoid",
                         "HardSwish",
                         "Hardmax",
                         "Identity",
                         "InstanceNormalization",
                         "IsInf",
                         "IsNaN",
                         "LRN",
                         "LeakyRelu",
                         "Log",
                         "LogSoftmax",
                         "LpNormalization",
                         "MeanVarianceNormalization",
                         "Mish",
                         "Neg",
                         "Not",
                         "QuantizeLinear",
                         "RandomNormalLike",
                         "RandomUniformLike",
                         "Reciprocal",
                         "Relu",
                         "ReverseSequence",
                         "RotaryEmbedding",
                         "Round",
                         "Scatter",
                         "ScatterElements",
                         "ScatterND",
                         "Selu",
                         "Shrink",
                         "Sigmoid",
                         "Sign",
                         "Sin",
                         "Sinh",
                         "Softmax",
                         "Softplus",
                         "Softsign",
                         "Sqrt",
                         "Swish",
                         "Tan",
                         "Tanh",
                         "TensorScatter",
                         "ThresholdedRelu",
                         "Trilu"})
    functions[name] = likeFirst;
  functions["Dropout"] = likeFirstTwice;
  functions["DynamicQuantizeLinear"] = dynamicQuantize;
  functions["LayerNormalization"] = layerNormalization;
  functions["RMSNormalization"] = layerNormalization;
  functions["BatchNormalization"] = batchNormalization;
  functions["PRelu"] = slope;
}

} // namespace qopt::symbols

//===- ReductionSizes.cpp - Sizes of reductions and recurrent layers ------===//

#include "passes/Import/Symbols/Node.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace qopt::symbols {
namespace {

Sizes reduced(const Sizes &input, ArrayRef<int64_t> axes, bool keep) {
  Sizes result;
  for (auto [i, size] : llvm::enumerate(input)) {
    if (!llvm::is_contained(axes, int64_t(i)))
      result.push_back(size);
    else if (keep)
      result.push_back(DimExpr(1));
  }
  return result;
}

LogicalResult reduce(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  int64_t rank = input->size();
  bool keep = node.op.intAttribute("keepdims", 1) != 0;
  SmallVector<int64_t> given;
  if (node.op.attribute("axes") || node.has(1)) {
    auto axes = node.integers("axes", 1);
    if (!axes) {
      if (auto count = node.length(1); keep || count)
        node.setRank(0, keep ? rank : rank - *count);
      return success();
    }
    given = *axes;
  }
  if (given.empty() && node.op.intAttribute("noop_with_empty_axes", 0) != 0) {
    node.setSizes(0, *input);
    return success();
  }
  if (given.empty())
    for (int64_t i = 0; i < rank; ++i)
      given.push_back(i);
  auto axes = node.axes(given, rank);
  if (!axes)
    return node.fail("axes in range", {0});
  node.setSizes(0, reduced(*input, *axes, keep));
  return success();
}

LogicalResult argument(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  auto axis = node.axis(node.op.intAttribute("axis", 0), input->size());
  if (!axis)
    return node.fail("an axis in range", {0});
  node.setSizes(
      0, reduced(*input, {*axis}, node.op.intAttribute("keepdims", 1) != 0));
  return success();
}

/// Spatial dimensions become 1.
LogicalResult globalPool(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input || input->size() < 2)
    return success();
  Sizes result = *input;
  for (size_t i = 2; i < result.size(); ++i)
    result[i] = DimExpr(1);
  node.setSizes(0, result);
  return success();
}

/// RNN, GRU, LSTM: all steps, last state, last cell.
LogicalResult recurrent(Node &node) {
  const Sizes *input = node.sizes(0), *weights = node.sizes(2);
  if (!input || !weights || input->size() != 3 || weights->size() != 3)
    return success();
  bool batchFirst = node.op.intAttribute("layout", 0) != 0;
  Size steps = (*input)[batchFirst ? 1 : 0],
       batch = (*input)[batchFirst ? 0 : 1];
  Size directions = (*weights)[0], hidden = (*weights)[2];
  Sizes state = batchFirst ? Sizes{batch, directions, hidden}
                           : Sizes{directions, batch, hidden};
  node.setSizes(0, batchFirst ? Sizes{batch, steps, directions, hidden}
                              : Sizes{steps, directions, batch, hidden});
  node.setSizes(1, state);
  node.setSizes(2, state);
  return success();
}

} // namespace

void addReductionSizes(SizeFunctions &functions) {
  for (StringRef name :
       {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax",
        "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
        "ReduceSumSquare"})
    functions[name] = reduce;
  for (StringRef name : {"ArgMax", "ArgMin"})
    functions[name] = argument;
  for (StringRef name : {"GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"})
    functions[name] = globalPool;
  for (StringRef name : {"GRU", "LSTM", "RNN"})
    functions[name] = recurrent;
}

} // namespace qopt::symbols

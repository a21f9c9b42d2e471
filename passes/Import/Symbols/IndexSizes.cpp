//===- IndexSizes.cpp - Sizes of results that indices select --------------===//

#include "passes/Import/Symbols/Node.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace qopt::symbols {
namespace {

/// Demands that the indices of input 1, or its column `column`, are in a
/// dimension.
LogicalResult readIndices(Node &node, const Size &size, size_t column) {
  ArrayRef<Size> ends = node.input(1).ends;
  if (ends.empty() || !size)
    return success();
  const Size &end =
      ends[ends.size() == 1 ? 0 : std::min(column, ends.size() - 1)];
  if (end && node.solver.readBelow(*size, *end, node.op) == Verdict::Fails)
    return node.fail("indices below the size of its data, up to " + end->str(),
                     {0});
  return success();
}

LogicalResult gather(Node &node) {
  const Sizes *data = node.sizes(0), *indices = node.sizes(1);
  if (!data || !indices)
    return success();
  auto axis = node.axis(node.op.intAttribute("axis", 0), data->size());
  if (!axis)
    return node.fail("an axis in range", {0});
  if (failed(readIndices(node, (*data)[*axis], 0)))
    return failure();
  Sizes result(ArrayRef<Size>(*data).take_front(*axis));
  result.append(*indices);
  result.append(data->begin() + *axis + 1, data->end());
  node.setSizes(0, result);
  return success();
}

LogicalResult gatherND(Node &node) {
  const Sizes *data = node.sizes(0), *indices = node.sizes(1);
  if (!data || !indices)
    return success();
  int64_t batch = node.op.intAttribute("batch_dims", 0);
  int64_t rank = data->size(), indexRank = indices->size();
  if (batch < 0 || batch >= rank || batch >= indexRank)
    return node.fail("batch_dims below both ranks", {0, 1});
  auto depth = indices->back() ? indices->back()->constant() : std::nullopt;
  if (!depth)
    return success();
  if (*depth < 1 || *depth > rank - batch)
    return node.fail("index rows that fit its data", {0, 1});
  Sizes result;
  for (int64_t i = 0; i < batch; ++i) {
    auto size = node.same((*data)[i], (*indices)[i]);
    if (failed(size))
      return node.fail("the same batch sizes", {0, 1});
    result.push_back(*size);
  }
  for (int64_t i = 0; i < *depth; ++i)
    if (failed(readIndices(node, (*data)[batch + i], i)))
      return failure();
  result.append(indices->begin() + batch, indices->end() - 1);
  result.append(data->begin() + batch + *depth, data->end());
  node.setSizes(0, result);
  return success();
}

LogicalResult gatherElements(Node &node) {
  if (const Sizes *indices = node.sizes(1)) {
    if (node.sizes(0) && node.sizes(0)->size() != indices->size())
      return node.fail("data and indices of the same rank", {0, 1});
    node.setSizes(0, *indices);
  }
  return success();
}

LogicalResult oneHot(Node &node) {
  const Sizes *indices = node.sizes(0);
  if (!indices)
    return success();
  auto axis = node.axis(node.op.intAttribute("axis", -1), indices->size() + 1);
  if (!axis)
    return node.fail("an axis in range", {0});
  auto depth = node.elementSizes(1);
  Sizes result = *indices;
  result.insert(result.begin() + *axis,
                depth && depth->size() == 1 ? depth->front() : Size());
  node.setSizes(0, result);
  return success();
}

LogicalResult topK(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  auto axis = node.axis(node.op.intAttribute("axis", -1), input->size());
  if (!axis)
    return node.fail("an axis in range", {0});
  Sizes result = *input;
  Size &size = result[*axis];
  Size count;
  if (node.op.attribute("k"))
    count = DimExpr(node.op.intAttribute("k", 0));
  else if (auto given = node.elementSizes(1); given && given->size() == 1)
    count = given->front();
  if (size && count) {
    Size rest = subtract(size, count);
    Verdict verdict =
        rest ? node.solver.require(*rest, node.op) : Verdict::Unknown;
    if (verdict == Verdict::Fails)
      return node.fail(
          "k = " + count->str() + " to be at most the size of its axis", {0});
    if (verdict == Verdict::Unknown)
      count = std::nullopt;
  }
  size = count;
  node.setSizes(0, result);
  node.setSizes(1, result);
  return success();
}

/// As many elements as a condition has trues.
LogicalResult compress(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!node.op.attribute("axis")) {
    node.setRank(0, 1);
    return success();
  }
  if (!input)
    return success();
  auto axis = node.axis(node.op.intAttribute("axis", 0), input->size());
  if (!axis)
    return node.fail("an axis in range", {0});
  Sizes result = *input;
  result[*axis] = std::nullopt;
  node.setSizes(0, result);
  return success();
}

LogicalResult nonZero(Node &node) {
  if (const Sizes *input = node.sizes(0))
    node.setSizes(0, {DimExpr(int64_t(input->size())), std::nullopt});
  return success();
}

LogicalResult nonMaxSuppression(Node &node) {
  node.setSizes(0, {std::nullopt, DimExpr(3)});
  return success();
}

} // namespace

void addIndexSizes(SizeFunctions &functions) {
  functions["Gather"] = gather;
  functions["GatherND"] = gatherND;
  functions["GatherElements"] = gatherElements;
  functions["OneHot"] = oneHot;
  functions["TopK"] = topK;
  functions["Compress"] = compress;
  functions["NonZero"] = nonZero;
  functions["NonMaxSuppression"] = nonMaxSuppression;
}

//===-- Bounds of indices -------------------------------------------------===//

namespace {

/// The single bound of an input's elements, also where its elements are known.
Size endOf(Node &node, unsigned i) {
  if (const Elements *elements = node.elements(i);
      elements && elements->size() == 1 && elements->front().expression() &&
      elements->front().expression()->isKnownNonNegative())
    return add(*elements->front().expression(), DimExpr(1));
  const auto &ends = node.input(i).ends;
  return ends.size() == 1 ? ends.front() : std::nullopt;
}

} // namespace

void findEnds(Node &node) {
  if (!isa_and_nonnull<IntegerType>(node.resultElementType(0)) ||
      node.resultElementType(0).isInteger(1))
    return;
  auto &ends = node.results[0].ends;
  StringRef type = node.op.getOpType();
  auto last = [&](unsigned i) { return subtract(endOf(node, i), DimExpr(1)); };
  if (type == "Range") {
    auto start = node.elementSizes(0), limit = node.elementSizes(1);
    auto delta = node.integers(2);
    if (start && limit && delta && start->size() == 1 && limit->size() == 1 &&
        delta->size() == 1 && delta->front() == 1 && start->front() &&
        start->front()->isKnownNonNegative() && limit->front())
      ends = {limit->front()};
  } else if (llvm::is_contained({"Identity", "Cast"}, type)) {
    ends = node.input(0).ends;
  } else if (llvm::is_contained({"Unsqueeze", "Squeeze", "Reshape", "Flatten",
                                 "Expand", "Transpose", "Tile"},
                                type)) {
    if (node.input(0).ends.size() == 1)
      ends = node.input(0).ends;
  } else if (type == "Add") {
    if (Size end = add(endOf(node, 0), last(1)))
      ends = {end};
  } else if (type == "Mul") {
    if (Size end = add(multiply(last(0), last(1)), DimExpr(1)))
      ends = {end};
  } else if (type == "Concat" && node.results[0].sizes) {
    int64_t rank = node.results[0].sizes->size();
    if (node.axis(node.op.intAttribute("axis", 1), rank) != rank - 1)
      return;
    for (unsigned i = 0; i < node.numInputs(); ++i) {
      const Sizes *sizes = node.sizes(i);
      if (!sizes || sizes->empty() || sizes->back() != DimExpr(1)) {
        ends.clear();
        return;
      }
      ends.push_back(endOf(node, i));
    }
  }
}

} // namespace qopt::symbols

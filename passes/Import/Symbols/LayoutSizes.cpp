//===- LayoutSizes.cpp - Sizes of results that hold moved elements --------===//

#include "passes/Import/Symbols/Node.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace qopt::symbols {
namespace {

/// Fills the one size that is left open with what the number of elements
/// leaves. Failure: the numbers of elements differ.
LogicalResult fillSize(const Sizes &input, Sizes &result, size_t open) {
  Size total = product(input), others = DimExpr(1);
  for (auto [i, size] : llvm::enumerate(result))
    if (i != open)
      others = multiply(others, size);
  result[open] = divide(total, others);
  bool areConstant =
      total && others && total->isConstant() && others->isConstant();
  return failure(areConstant && !result[open] && *others != DimExpr(0));
}

LogicalResult reshape(Node &node) {
  const Sizes *input = node.sizes(0);
  std::optional<Sizes> shape = node.elementSizes(1);
  if (auto attribute = node.op.intsAttribute("shape")) {
    shape = Sizes();
    for (int64_t size : *attribute)
      shape->push_back(DimExpr(size));
  }
  if (!shape)
    return success();
  bool allowZero = node.op.intAttribute("allowzero", 0) != 0;
  SmallVector<size_t> inferred, unknown;
  for (auto [i, size] : llvm::enumerate(*shape)) {
    if (!size) {
      unknown.push_back(i);
    } else if (*size == DimExpr(-1)) {
      inferred.push_back(i);
    } else if (*size == DimExpr(0) && !allowZero) {
      if (input && i >= input->size())
        return node.fail("a 0 of its shape to name a size of the input", {0});
      size = input ? (*input)[i] : std::nullopt;
    } else if (auto constant = size->constant(); constant && *constant < 0) {
      return node.fail("a shape of sizes or -1", {0});
    }
  }
  if (inferred.size() > 1)
    return node.fail("at most one -1 in its shape", {0});
  for (size_t i : inferred)
    (*shape)[i] = std::nullopt;
  // Without -1, the number of elements tells a single unknown size.
  SmallVector<size_t> &open = inferred.empty() ? unknown : inferred;
  LogicalResult fits = success();
  if (input && open.size() == 1 && (inferred.empty() || unknown.empty())) {
    fits = fillSize(*input, *shape, open.front());
  } else if (input && open.empty()) {
    Size before = product(*input), after = product(*shape);
    Verdict verdict = before && after
                          ? node.solver.equate(*before, *after, node.op)
                          : Verdict::Unknown;
    fits = failure(verdict == Verdict::Fails);
    // Sizes that may not fit are not to be relied on.
    if (before && after && verdict == Verdict::Unknown)
      for (Size &size : *shape)
        if (!size->isConstant())
          size = std::nullopt;
  }
  if (failed(fits))
    return node.fail("as many elements as its shape " + format(*shape) + " has",
                     {0});
  node.setSizes(0, *shape);
  return success();
}

LogicalResult transpose(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  int64_t rank = input->size();
  SmallVector<int64_t> permutation;
  for (int64_t i = rank - 1; i >= 0; --i)
    permutation.push_back(i);
  if (auto given = node.op.intsAttribute("perm")) {
    auto counted = node.axes(*given, rank);
    if (!counted || int64_t(counted->size()) != rank)
      return node.fail("a permutation of the input's dimensions", {0});
    permutation = *counted;
  }
  Sizes result;
  for (int64_t i : permutation)
    result.push_back((*input)[i]);
  node.setSizes(0, result);
  return success();
}

LogicalResult squeeze(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  int64_t rank = input->size();
  SmallVector<int64_t> dropped;
  if (node.op.attribute("axes") || node.has(1)) {
    auto given = node.integers("axes", 1);
    if (!given) {
      if (auto count = node.length(1))
        node.setRank(0, rank - *count);
      return success();
    }
    auto counted = node.axes(*given, rank);
    if (!counted)
      return node.fail("axes in range", {0});
    dropped = *counted;
    for (int64_t i : dropped)
      if ((*input)[i] && (*input)[i]->isConstant() && (*input)[i] != DimExpr(1))
        return node.fail("a size of 1 to drop", {0});
  } else {
    // Which sizes are 1 is not known while any is unknown; a symbol is not
    // meant.
    for (int64_t i = 0; i < rank; ++i) {
      if (!(*input)[i])
        return success();
      if (*(*input)[i] == DimExpr(1))
        dropped.push_back(i);
    }
  }
  Sizes result;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(dropped, i))
      result.push_back((*input)[i]);
  node.setSizes(0, result);
  return success();
}

LogicalResult unsqueeze(Node &node) {
  const Sizes *input = node.sizes(0);
  auto given = node.integers("axes", 1);
  if (!input)
    return success();
  if (!given) {
    if (auto count = node.length(1))
      node.setRank(0, input->size() + *count);
    return success();
  }
  int64_t rank = input->size() + given->size();
  auto added = node.axes(*given, rank);
  if (!added)
    return node.fail("axes in range", {0});
  Sizes result;
  auto next = input->begin();
  for (int64_t i = 0; i < rank; ++i)
    result.push_back(llvm::is_contained(*added, i) ? Size(DimExpr(1))
                                                   : *next++);
  node.setSizes(0, result);
  return success();
}

LogicalResult flatten(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  int64_t rank = input->size(), axis = node.op.intAttribute("axis", 1);
  if (axis < -rank || axis > rank)
    return node.fail("an axis in range", {0});
  axis = axis < 0 ? axis + rank : axis;
  ArrayRef<Size> sizes(*input);
  node.setSizes(
      0, {product(sizes.take_front(axis)), product(sizes.drop_front(axis))});
  return success();
}

LogicalResult concat(Node &node) {
  std::optional<Sizes> result;
  SmallVector<unsigned> seen;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    const Sizes *sizes = node.sizes(i);
    if (!sizes)
      return success();
    seen.push_back(i);
    auto axis = node.axis(node.op.intAttribute("axis", 1), sizes->size());
    if (!axis || (result && result->size() != sizes->size()))
      return node.fail("operands of one rank that has its axis", seen);
    if (!result) {
      result = *sizes;
      continue;
    }
    for (int64_t j = 0; j < int64_t(sizes->size()); ++j) {
      if (j == *axis) {
        (*result)[j] = add((*result)[j], (*sizes)[j]);
        continue;
      }
      auto size = node.same((*result)[j], (*sizes)[j]);
      if (failed(size))
        return node.fail("operands that agree but in axis " + Twine(*axis),
                         seen);
      (*result)[j] = *size;
    }
  }
  if (result)
    node.setSizes(0, *result);
  return success();
}

LogicalResult split(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  auto axis = node.axis(node.op.intAttribute("axis", 0), input->size());
  if (!axis)
    return node.fail("an axis in range", {0});
  std::optional<Sizes> parts = node.elementSizes(1);
  if (auto given = node.op.intsAttribute("split")) {
    parts = Sizes();
    for (int64_t size : *given)
      parts->push_back(DimExpr(size));
  }
  int64_t count = node.results.size();
  Size whole = (*input)[*axis], sum = DimExpr(0);
  if (parts && int64_t(parts->size()) != count)
    return node.fail("one result for each part", {0});
  if (parts) {
    for (const Size &part : *parts)
      sum = add(sum, part);
    if (failed(node.same(whole, sum)))
      return node.fail(
          "parts whose sizes add up to that of axis " + Twine(*axis), {0});
  } else if (!node.has(1)) {
    // Equal parts; where they do not divide, the last is smaller (opset 18 on).
    parts = Sizes(count, divide(whole, DimExpr(count)));
    auto constant = whole ? whole->constant() : std::nullopt;
    if (!parts->front() && constant && *constant >= 0 && count > 0) {
      int64_t chunk = (*constant - 1) / count + 1;
      for (int64_t i = 0; i < count; ++i)
        (*parts)[i] =
            DimExpr(std::clamp<int64_t>(*constant - i * chunk, 0, chunk));
    }
  } else {
    parts = Sizes(count);
  }
  for (int64_t i = 0; i < count; ++i) {
    Sizes result = *input;
    result[*axis] = (*parts)[i];
    node.setSizes(i, result);
  }
  return success();
}

LogicalResult expand(Node &node) {
  const Sizes *input = node.sizes(0);
  auto shape = node.elementSizes(1);
  if (!input || !shape)
    return success();
  auto result = node.broadcast(*input, *shape);
  if (failed(result))
    return node.fail("an input that broadcasts to " + format(*shape), {0});
  node.setSizes(0, *result);
  return success();
}

LogicalResult tile(Node &node) {
  const Sizes *input = node.sizes(0);
  auto repeats = node.elementSizes(1);
  if (!input || !repeats)
    return success();
  if (repeats->size() != input->size())
    return node.fail("one repetition for each dimension", {0});
  Sizes result;
  for (auto [size, count] : llvm::zip(*input, *repeats))
    result.push_back(multiply(size, count));
  node.setSizes(0, result);
  return success();
}

/// Moves elements between the channel (1) and the two dimensions behind it.
LogicalResult moveDepth(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  int64_t block = node.op.intAttribute("blocksize", 0);
  if (input->size() != 4 || block < 1 || block > INT32_MAX)
    return node.fail("an input of rank 4 and a block size", {0});
  bool toSpace = node.op.is("DepthToSpace");
  Size once = DimExpr(block), twice = DimExpr(block * block);
  auto scale = [&](const Size &size, const Size &factor, bool up) {
    return up ? multiply(size, factor) : divide(size, factor);
  };
  const Sizes &s = *input;
  node.setSizes(0, {s[0], scale(s[1], twice, !toSpace),
                    scale(s[2], once, toSpace), scale(s[3], once, toSpace)});
  return success();
}

} // namespace

void addLayoutSizes(SizeFunctions &functions) {
  functions["Reshape"] = reshape;
  functions["Transpose"] = transpose;
  functions["Squeeze"] = squeeze;
  functions["Unsqueeze"] = unsqueeze;
  functions["Flatten"] = flatten;
  functions["Concat"] = concat;
  functions["Split"] = split;
  functions["Expand"] = expand;
  functions["Tile"] = tile;
  functions["DepthToSpace"] = moveDepth;
  functions["SpaceToDepth"] = moveDepth;
}

} // namespace qopt::symbols

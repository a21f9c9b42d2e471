//===- SliceSizes.cpp - Sizes of slices -----------------------------------===//

#include "passes/Import/Symbols/Slice.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace qopt::symbols {

std::optional<SmallVector<SliceRange>> getSlices(Node &node) {
  SmallVector<SliceRange> ranges;
  std::optional<Sizes> starts, ends;
  auto read = [&](StringRef attribute, unsigned i) -> std::optional<Sizes> {
    auto given = node.op.intsAttribute(attribute);
    if (!given)
      return node.elementSizes(i);
    Sizes sizes;
    for (int64_t value : *given)
      sizes.push_back(DimExpr(value));
    return sizes;
  };
  starts = read("starts", 1);
  ends = read("ends", 2);
  const Sizes *input = node.sizes(0);
  if (!input || !starts || !ends || starts->size() != ends->size())
    return std::nullopt;
  SmallVector<int64_t> all;
  for (size_t i = 0; i < starts->size(); ++i)
    all.push_back(i);
  bool hasAxes = node.op.attribute("axes") || node.has(3);
  auto axes = hasAxes ? node.integers("axes", 3) : all;
  if (axes)
    axes = node.axes(*axes, input->size());
  if (!axes || axes->size() != starts->size())
    return std::nullopt;
  SmallVector<int64_t> steps(starts->size(), 1);
  if (node.has(4)) {
    auto given = node.integers(4);
    if (!given || given->size() != steps.size())
      return std::nullopt;
    steps = *given;
  }
  for (size_t i = 0; i < axes->size(); ++i)
    ranges.push_back({(*axes)[i], (*starts)[i], (*ends)[i], steps[i]});
  return ranges;
}

std::optional<std::pair<int64_t, int64_t>> clampRange(const SliceRange &range,
                                                      int64_t size) {
  auto start = range.start ? range.start->constant() : std::nullopt;
  auto end = range.end ? range.end->constant() : std::nullopt;
  if (!start || !end || range.step == 0 || size < 0)
    return std::nullopt;
  if (size == 0)
    return std::pair<int64_t, int64_t>(0, 0);
  bool isBackward = range.step < 0;
  auto clamp = [&](int64_t index, int64_t lowest) {
    return std::clamp(index < 0 ? index + size : index, lowest,
                      isBackward ? size - 1 : size);
  };
  int64_t first = clamp(*start, 0), last = clamp(*end, isBackward ? -1 : 0);
  __int128 distance =
      isBackward ? __int128(first) - last : __int128(last) - first;
  __int128 step = isBackward ? -__int128(range.step) : __int128(range.step);
  int64_t count = distance <= 0 ? 0 : int64_t((distance + step - 1) / step);
  return std::pair(first, count);
}

namespace {

/// A bound of a slice that counts up, in [0, size]; conditions see to it where
/// it cannot be told. Nothing where it cannot be said without min and max.
Size clampBound(Node &node, const Size &bound, const DimExpr &size,
                bool isEnd) {
  if (!bound)
    return std::nullopt;
  DimExpr index = *bound;
  if (auto constant = index.constant(); constant && *constant >= INT32_MAX)
    return size;
  if (auto constant = index.constant(); constant && *constant <= -INT32_MAX)
    return DimExpr(0);
  if (auto below = DimExpr(0).minus(index); !index.isKnownNonNegative()) {
    if (!below || !below->isKnownNonNegative())
      return std::nullopt;
    // Counted from the end; -0 would not be.
    if (!below->isKnownPositive() &&
        node.solver.require(*below - DimExpr(1), node.op) != Verdict::Holds)
      return std::nullopt;
    auto counted = size.plus(index);
    if (!counted || node.solver.require(*counted, node.op) == Verdict::Unknown)
      return std::nullopt;
    bool isBelowZero = (DimExpr(0) - *counted).isKnownNonNegative();
    return isBelowZero ? DimExpr(0) : *counted;
  }
  auto rest = size.minus(index);
  if (!rest)
    return std::nullopt;
  if (rest->isKnownNonNegative())
    return index;
  if ((DimExpr(0) - *rest).isKnownNonNegative())
    return size;
  Verdict verdict = isEnd ? node.solver.readBelow(size, index, node.op)
                          : node.solver.require(*rest, node.op);
  return verdict == Verdict::Holds ? Size(index) : std::nullopt;
}

Size sliceSize(Node &node, const SliceRange &range, const Size &size) {
  if (!size || range.step == 0)
    return std::nullopt;
  if (auto constant = size->constant())
    if (auto clamped = clampRange(range, *constant))
      return DimExpr(clamped->second);
  auto start = range.start ? range.start->constant() : std::nullopt;
  auto end = range.end ? range.end->constant() : std::nullopt;
  if (range.step < 0) {
    // The whole dimension, reversed.
    bool isWhole = start && end && (*start == -1 || *start >= INT32_MAX) &&
                   *end <= -INT32_MAX;
    return isWhole && range.step == -1 ? size : std::nullopt;
  }
  Size from = clampBound(node, range.start, *size, /*isEnd=*/false);
  Size to = clampBound(node, range.end, *size, /*isEnd=*/true);
  Size count = subtract(to, from);
  if (!count)
    return std::nullopt;
  if ((DimExpr(0) - *count).isKnownNonNegative())
    return DimExpr(0);
  if (!count->isKnownNonNegative() &&
      node.solver.require(*count, node.op) != Verdict::Holds)
    return std::nullopt;
  if (range.step == 1)
    return count;
  if (auto whole = count->dividedBy(DimExpr(range.step)))
    return whole;
  return std::nullopt;
}

LogicalResult slice(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  Sizes result = *input;
  auto ranges = getSlices(node);
  if (!ranges) {
    node.setRank(0, input->size());
    return success();
  }
  for (const SliceRange &range : *ranges) {
    if (range.step == 0)
      return node.fail("steps other than 0", {0});
    result[range.axis] = sliceSize(node, range, (*input)[range.axis]);
  }
  node.setSizes(0, result);
  return success();
}

} // namespace

void addSliceSizes(SizeFunctions &functions) { functions["Slice"] = slice; }

} // namespace qopt::symbols

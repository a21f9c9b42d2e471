//===- GeneratorSizes.cpp - Sizes of results that are made, not moved -----===//

#include "passes/Import/Symbols/Node.h"

#include <cmath>

using namespace mlir;

namespace qopt::symbols {
namespace {

LogicalResult shape(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input) {
    node.setRank(0, 1);
    return success();
  }
  int64_t rank = input->size();
  auto bound = [&](StringRef name, int64_t otherwise) {
    int64_t index = node.op.intAttribute(name, otherwise);
    return std::clamp<int64_t>(index < 0 ? index + rank : index, 0, rank);
  };
  int64_t start = bound("start", 0), end = bound("end", rank);
  node.setSizes(0, {DimExpr(std::max<int64_t>(end - start, 0))});
  return success();
}

LogicalResult scalar(Node &node) {
  node.setSizes(0, {});
  return success();
}

LogicalResult constantOfShape(Node &node) {
  auto shape = node.elementSizes(0);
  if (!shape)
    return success();
  for (const Size &size : *shape)
    if (size && (DimExpr(0) - *size).isKnownPositive())
      return node.fail("sizes of at least 0, but got " + format(*shape), {});
  node.setSizes(0, *shape);
  return success();
}

/// max(0, ceil((limit - start) / delta)) elements.
LogicalResult range(Node &node) {
  node.setRank(0, 1);
  const Elements *start = node.elements(0), *limit = node.elements(1),
                 *delta = node.elements(2);
  if (!start || !limit || !delta || start->size() != 1 || limit->size() != 1 ||
      delta->size() != 1)
    return success();
  const Element &first = start->front(), &last = limit->front(),
                &step = delta->front();
  if (first.real() && last.real() && step.real()) {
    double count = std::ceil((*last.real() - *first.real()) / *step.real());
    if (std::isfinite(count) && count < 9e15)
      node.setSizes(0, {DimExpr(std::max<int64_t>(int64_t(count), 0))});
    return success();
  }
  auto stride = step.integer();
  if (!first.expression() || !last.expression() || !stride)
    return success();
  if (*stride == 0)
    return node.fail("a step other than 0", {});
  Size distance = *stride > 0 ? last.expression()->minus(*first.expression())
                              : first.expression()->minus(*last.expression());
  if (!distance || *stride == INT64_MIN)
    return success();
  int64_t step1 = *stride > 0 ? *stride : -*stride;
  if (auto constant = distance->constant()) {
    node.setSizes(0,
                  {DimExpr(*constant <= 0 ? 0 : (*constant - 1) / step1 + 1)});
    return success();
  }
  Size count = distance->dividedBy(DimExpr(step1));
  if (!count || (!count->isKnownNonNegative() &&
                 node.solver.require(*count, node.op) != Verdict::Holds))
    return success();
  node.setSizes(0, {count});
  return success();
}

/// Sizes in the attribute `shape`.
LogicalResult random(Node &node) {
  if (auto shape = node.op.intsAttribute("shape")) {
    Sizes sizes;
    for (int64_t size : *shape)
      sizes.push_back(DimExpr(size));
    node.setSizes(0, sizes);
  }
  return success();
}

} // namespace

void addGeneratorSizes(SizeFunctions &functions) {
  functions["Shape"] = shape;
  functions["Size"] = scalar;
  functions["ConstantOfShape"] = constantOfShape;
  functions["Range"] = range;
  functions["RandomNormal"] = random;
  functions["RandomUniform"] = random;
}

} // namespace qopt::symbols

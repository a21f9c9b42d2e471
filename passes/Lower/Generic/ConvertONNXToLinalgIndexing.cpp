//===- ConvertONNXToLinalgIndexing.cpp - Elements at given places ---------===//

#include "passes/Lower/Generic/NodeLowering.h"

using namespace mlir;

namespace qopt::generic {
namespace {

LogicalResult checkIndexed(NodeLowering &lowering) {
  if (failed(lowering.checkTensors(2)) ||
      failed(lowering.checkElements(0, "")) ||
      failed(lowering.checkElements(1, "i")))
    return failure();
  return success();
}

/// result[a..., i..., b...] = data[a..., indices[i...], b...]
LogicalResult lowerGather(NodeLowering &lowering) {
  if (failed(checkIndexed(lowering)))
    return failure();
  Value data = lowering.input(0), indices = lowering.input(1);
  Sizes dataSizes = lowering.sizesOf(data);
  int64_t indexRank = lowering.sizesOf(indices).size();
  auto axis =
      lowering.axis(lowering.node.intAttribute("axis", 0), dataSizes.size());
  if (!axis)
    return lowering.reject("the axis is outside the rank");
  Sizes sizes = lowering.resultSizes();
  if (sizes.size() + 1 != dataSizes.size() + size_t(indexRank))
    return lowering.reject("the result has the wrong rank");
  // A known index needs no check where the tensor is known to be large enough.
  std::optional<DimExpr> known;
  if (auto elements = lowering.elements(indices);
      elements && elements->size() == 1) {
    known = elements->front();
    if (known->isConstant() && *known->constant() < 0)
      known = *known + dataSizes[*axis];
    if (!known->isKnownNonNegative() ||
        !(dataSizes[*axis] - *known - DimExpr(1)).isKnownNonNegative())
      known.reset();
  }
  Value fixed = known ? lowering.index(*known) : Value();
  Value size = lowering.index(dataSizes[*axis]);
  lowering.results[0] =
      lowering.fill(sizes, lowering.elementType(data), [&](ArrayRef<Value>) {
        SmallVector<Value> at, indexAt;
        for (int64_t d = 0; d < *axis; ++d)
          at.push_back(lowering.position(d));
        for (int64_t d = 0; d < indexRank; ++d)
          indexAt.push_back(lowering.position(*axis + d));
        if (fixed) {
          at.push_back(fixed);
        } else {
          Value index = lowering.toIndex(lowering.read(indices, indexAt));
          at.push_back(lowering.checkedPosition(index, size));
        }
        for (size_t d = *axis + indexRank; d < sizes.size(); ++d)
          at.push_back(lowering.position(d));
        return fixed ? lowering.read(data, at)
                     : lowering.readChecked(data, at, dataSizes[*axis]);
      });
  return success();
}

/// result[b..., i..., c...] = data[b..., indices[b..., i..., :]..., c...]
LogicalResult lowerGatherND(NodeLowering &lowering) {
  if (failed(checkIndexed(lowering)))
    return failure();
  Value data = lowering.input(0), indices = lowering.input(1);
  Sizes dataSizes = lowering.sizesOf(data);
  Sizes indexSizes = lowering.sizesOf(indices);
  int64_t batch = lowering.node.intAttribute("batch_dims", 0);
  auto depth = indexSizes.empty() ? std::nullopt : indexSizes.back().constant();
  if (!depth || *depth < 1 || batch < 0 ||
      batch >= int64_t(indexSizes.size()) ||
      batch + *depth > int64_t(dataSizes.size()))
    return lowering.reject("the indices do not fit the data");
  int64_t outer = indexSizes.size() - 1;
  Sizes sizes = lowering.resultSizes();
  if (int64_t(sizes.size()) !=
      outer + int64_t(dataSizes.size()) - batch - *depth)
    return lowering.reject("the result has the wrong rank");
  SmallVector<Value> places, lengths;
  for (int64_t k = 0; k < *depth; ++k) {
    places.push_back(lowering.index(k));
    lengths.push_back(lowering.index(dataSizes[batch + k]));
  }
  lowering.results[0] =
      lowering.fill(sizes, lowering.elementType(data), [&](ArrayRef<Value>) {
        SmallVector<Value> at, indexAt;
        for (int64_t d = 0; d < outer; ++d)
          indexAt.push_back(lowering.position(d));
        at.append(indexAt.begin(), indexAt.begin() + batch);
        indexAt.push_back(nullptr);
        for (auto [place, length] : llvm::zip(places, lengths)) {
          indexAt.back() = place;
          Value index = lowering.toIndex(lowering.read(indices, indexAt));
          at.push_back(lowering.checkedPosition(index, length));
        }
        for (size_t d = outer; d < sizes.size(); ++d)
          at.push_back(lowering.position(d));
        return lowering.readChecked(data, at,
                                    ArrayRef(dataSizes).slice(batch, *depth));
      });
  return success();
}

} // namespace

void addIndexing(LoweringTable &table) {
  table["Gather"] = lowerGather;
  table["GatherND"] = lowerGatherND;
}

} // namespace qopt::generic

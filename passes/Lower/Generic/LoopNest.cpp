//===- LoopNest.cpp - The loops of a linalg op, few and long --------------===//

#include "passes/Lower/Generic/LoopNest.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace qopt::generic {

/// Where in the operand's dimensions the loop stands; nothing when nowhere.
static std::optional<int64_t> placeOf(AffineMap map, int64_t loop) {
  for (auto [i, result] : llvm::enumerate(map.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(result);
        dim && int64_t(dim.getPosition()) == loop)
      return i;
  return std::nullopt;
}

/// Every operand holds `next` right behind `loop`, or neither.
static bool areOneLine(linalg::GenericOp op, ArrayRef<FlatBuffer> operands,
                       int64_t loop, int64_t next) {
  for (auto [map, buffer] : llvm::zip(op.getIndexingMapsArray(), operands)) {
    auto first = placeOf(map, loop), second = placeOf(map, next);
    if (!first && !second)
      continue;
    if (!first || !second || *second != *first + 1 || !buffer.isContiguous)
      return false;
  }
  return true;
}

SmallVector<LoopGroup> LoopNest::group(const IndexMath &math) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  auto iterators = op.getIteratorTypesArray();
  DenseSet<int64_t> indexed;
  op.getBody()->walk(
      [&](linalg::IndexOp index) { indexed.insert(index.getDim()); });
  SmallVector<LoopGroup> groups;
  for (int64_t loop = 0; loop < int64_t(sizes.size()); ++loop) {
    LoopGroup own;
    own.loops = {loop};
    own.staticSize = sizes[loop];
    for (auto [map, buffer, operand] :
         llvm::zip(op.getIndexingMapsArray(), operands, op->getOperands())) {
      auto place = placeOf(map, loop);
      own.isUsed.push_back(place.has_value());
      own.strides.push_back(place ? buffer.strides[*place] : Value());
      if (place && !own.size)
        own.size = sizeOf(math, operand, *place);
    }
    if (!ShapedType::isDynamic(own.staticSize))
      own.size = math.constant(own.staticSize);
    LoopGroup *before = groups.empty() ? nullptr : &groups.back();
    if (before && iterators[before->loops.back()] == iterators[loop] &&
        !indexed.contains(loop) && !indexed.contains(before->loops.back()) &&
        areOneLine(op, operands, before->loops.back(), loop)) {
      before->loops.push_back(loop);
      before->size = math.mul(before->size, own.size);
      before->staticSize = ShapedType::isDynamic(before->staticSize) ||
                                   ShapedType::isDynamic(own.staticSize)
                               ? ShapedType::kDynamic
                               : before->staticSize * own.staticSize;
      before->strides = own.strides;
      continue;
    }
    groups.push_back(own);
  }
  return groups;
}

/// The operand's last dimension is the group's last loop.
bool LoopNest::isFastest(const LoopGroup &group, unsigned operand) const {
  AffineMap map = op.getIndexingMapsArray()[operand];
  return map.getNumResults() != 0 && operands[operand].isContiguous &&
         placeOf(map, group.loops.back()) == int64_t(map.getNumResults()) - 1;
}

Operation *matchCombiner(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1)
    return nullptr;
  Block *body = op.getBody();
  Value accumulator = body->getArguments().back();
  Operation *combiner = body->getTerminator()->getOperand(0).getDefiningOp();
  if (!combiner || combiner->getBlock() != body ||
      combiner->getNumOperands() != 2 || !accumulator.hasOneUse() ||
      *accumulator.user_begin() != combiner ||
      !arith::getNeutralElement(combiner))
    return nullptr;
  return combiner;
}

void LoopNest::chooseVectorGroup(SmallVector<LoopGroup> parallel) {
  // Columns: the loop along which the result lies in memory.
  int64_t columnsAt = -1;
  for (auto [i, group] : llvm::enumerate(parallel))
    if (numOutputs() != 0 && isFastest(group, numInputs()))
      columnsAt = i;
  if (!reductions.empty()) {
    bool columnsAreFast = false, reductionIsFast = false;
    for (unsigned i = 0; i < numInputs(); ++i) {
      columnsAreFast |= columnsAt >= 0 && isFastest(parallel[columnsAt], i);
      reductionIsFast |= isFastest(reductions.back(), i);
    }
    vectorIsReduction =
        (columnsAt < 0 || (reductionIsFast && !columnsAreFast)) &&
        matchCombiner(op);
  }
  if (columnsAt >= 0 && !vectorIsReduction) {
    columns = parallel[columnsAt];
    parallel.erase(parallel.begin() + columnsAt);
  }
  // In a product, several rows share what is loaded along the columns.
  if (!reductions.empty() && columns && !parallel.empty()) {
    const LoopGroup &last = parallel.back();
    for (unsigned i = 0; i < numInputs(); ++i)
      if (!last.isUsed[i] && columns->isUsed[i]) {
        tile = last;
        parallel.pop_back();
        break;
      }
  }
  rows = std::move(parallel);
}

const LoopGroup *LoopNest::vectorGroup() const {
  if (vectorIsReduction)
    return &reductions.back();
  return columns ? &*columns : nullptr;
}

LoopNest::LoopNest(linalg::GenericOp op, const IndexMath &math) : op(op) {
  for (Value operand : op->getOperands())
    operands.push_back(FlatBuffer::get(math, operand));
  op.getBody()->walk([&](memref::LoadOp load) {
    if (!loaded.count(load.getMemRef()))
      loaded[load.getMemRef()] = FlatBuffer::get(math, load.getMemRef());
  });
  SmallVector<LoopGroup> parallel;
  auto iterators = op.getIteratorTypesArray();
  for (LoopGroup &group : group(math))
    // Without results, a check for each position: nothing is carried.
    (iterators[group.loops.back()] == utils::IteratorType::parallel ||
             numOutputs() == 0
         ? parallel
         : reductions)
        .push_back(group);
  chooseVectorGroup(std::move(parallel));

  const LoopGroup *vectors = vectorGroup();
  if (!vectors)
    return;
  SmallVector<bool> varies(vectors->isUsed);
  isVectorizable = true;
  for (unsigned i = 0; i < operands.size(); ++i) {
    // An operand that moves along the vector has to lie in memory along it.
    isVectorizable &=
        !vectors->isUsed[i] || isFastest(*vectors, i) || i < numInputs();
    isVectorizable &= operands[i].elementType.isIntOrFloat();
    if (i >= numInputs() && !reductions.empty())
      varies[i] = true;
  }
  isVectorizable &= canVectorizeBody(op, vectors->loops.back(), varies);
}

} // namespace qopt::generic

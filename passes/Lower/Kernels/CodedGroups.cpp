//===- CodedGroups.cpp - Sums over groups of codes ------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/Lower/Kernels/CodedProduct.h"
#include "passes/Lower/Kernels/Dots.h"

using namespace mlir;

namespace qopt {

static constexpr int64_t stepSize = PanelLayout::stepSize;
/// Steps of a group that follow one another without a loop.
static constexpr int64_t unrolledSteps = 4;

/// Sets of sums where a few alone would wait for each other; with 16 registers
/// more than those of one row would not stay in them.
int64_t CodedProduct::chains(const Tile &tile) const {
  if (b.isa.vectorRegisters < 32 && tile.rows.size() > 1)
    return 1;
  return tile.size() <= 2 ? 4 : tile.size() <= 4 ? 2 : 1;
}

Value CodedProduct::zeroSum() {
  auto type = VectorType::get({b.lanes}, sumType());
  return arith::ConstantOp::create(b, b.getZeroAttr(type));
}

/// What sums of a group begin with: -zero * sum of the inputs, where that is
/// one instruction. At the end the last products would have to be waited for.
SmallVector<Value> CodedProduct::startSums(const Tile &tile, Value group) {
  SmallVector<Value> sums(tile.size() * chains(tile), zeroSum());
  if (tile.starts)
    for (int64_t i = 0; i < tile.size(); ++i)
      sums[i] = loadStart(tile, group, b.index(0),
                          b.add(tile.column, i % tile.vectors * b.lanes));
  if (!startsWithZeros(tile))
    return sums;
  SmallVector<Value> zeros;
  for (int64_t v = 0; v < tile.vectors; ++v)
    zeros.push_back(
        factorsOf(tile, group, b.add(tile.column, v * b.lanes)).zero);
  for (auto [r, row] : llvm::enumerate(tile.rows)) {
    Value inputSum = b.splat(Value(
        memref::LoadOp::create(b, inputSums, inputPlaces.factor(row, group))));
    for (int64_t v = 0; v < tile.vectors; ++v)
      sums[r * tile.vectors + v] = multiplyWords(b, asElements(b, zeros[v], 16),
                                                 asElements(b, inputSum, 16));
  }
  return sums;
}

/// The sums of input * index over a segment, or over one half of its one step.
SmallVector<Value> CodedProduct::groupSums(const Tile &tile, Value segment,
                                           int64_t half) {
  if (tile.starts && subtractsMiddle())
    return unsignedPairs(tile, segment);
  Value start = codes.segmentStart(tile.panelStart, segment);
  Value firstStep = b.mul(segment, codes.segmentSteps());
  Value group = half < 0 ? segment : b.add(b.mul(segment, 2), half);
  SmallVector<Value> sums = startSums(tile, group);
  auto place = [&](Value step) {
    return tile.unpacked ? b.mul(b.add(firstStep, step), unpackedStepBytes())
                         : b.add(start, b.mul(step, codes.layout.stepBytes()));
  };
  auto whole = getConstantIntValue(codes.stepsOf(segment));
  // Of bf16 that are unpacked inputs would be loaded ahead, into the stack.
  const int64_t most = tile.unpacked && multipliesBF16() ? 1 : unrolledSteps;
  if (half >= 0)
    addStep(tile, firstStep, place(b.index(0)), 4 * half, 4 * half + 4, sums);
  else if (tile.rows.size() == 1 && whole && *whole <= most)
    for (int64_t step = 0; step < *whole; ++step)
      addStep(tile, b.add(firstStep, step), place(b.index(step)), 0,
              stepSize / 4, sums);
  else
    sums = b.loop(b.index(0), codes.stepsOf(segment), 1, sums,
                  [&](Value step, ValueRange carried) {
                    SmallVector<Value> sums(carried);
                    addStep(tile, b.add(firstStep, step), place(step), 0,
                            stepSize / 4, sums);
                    return sums;
                  });
  joinChains(tile, sums);
  return sums;
}

SmallVector<Value> CodedProduct::addTurn(const Tile &tile, Value step,
                                         SmallVector<Value> sums) {
  sums.resize(tile.size() * chains(tile), zeroSum());
  addStep(tile, step, codes.stepPlace(tile.panelStart, step), 0, stepSize / 4,
          sums);
  joinChains(tile, sums);
  return sums;
}

void CodedProduct::joinChains(const Tile &tile, SmallVectorImpl<Value> &sums) {
  for (int64_t n = chains(tile); n > 1; n /= 2)
    for (int64_t i = 0; i < n / 2 * tile.size(); ++i) {
      Value other = sums[n / 2 * tile.size() + i];
      sums[i] = hasCodedInput()
                    ? arith::AddIOp::create(b, sums[i], other).getResult()
                    : b.addf(sums[i], other);
    }
  sums.resize(tile.size());
}

Value CodedProduct::loadUnpacked(const Tile &tile, Value place, Value row,
                                 Value column) {
  Value at =
      b.add(b.add(place, b.mul(column, 4)), b.mul(row, panelColumns * 4));
  Value bytes = vector::LoadOp::create(
      b, VectorType::get({4 * b.lanes}, b.getI8Type()), tile.unpacked, at);
  return asElements(b, bytes, 32);
}

Value CodedProduct::splatDword(Value flat, Value place) {
  Type type = cast<MemRefType>(flat.getType()).getElementType();
  Value elements = vector::LoadOp::create(
      b, VectorType::get({32 / type.getIntOrFloatBitWidth()}, type), flat,
      place);
  Value dword = vector::BitCastOp::create(
      b, VectorType::get({1}, b.getI32Type()), elements);
  return b.splat(Value(vector::ExtractOp::create(b, dword, 0)));
}

bool CodedProduct::loopsOverQuads(const Tile &tile) const {
  return tile.unpacked && hasCodedInput() && tile.rows.size() > 1 &&
         loopsOverPairs(b.isa, codes.format());
}

SmallVector<Value> CodedProduct::pairsOfQuad(const Tile &tile, Value step,
                                             Value place, Value quad) {
  SmallVector<Value> quads, products;
  for (int64_t v = 0; v < tile.vectors; ++v)
    quads.push_back(
        loadUnpacked(tile, place, quad, b.add(tile.column, v * b.lanes)));
  Value k = b.add(b.mul(step, stepSize), b.mul(quad, 4));
  for (Value row : tile.rows) {
    Value inputs = splatDword(input, inputPlaces.code(row, k));
    for (Value codes : quads)
      products.push_back(tile.starts ? multiplyPairs(b, inputs, codes)
                                     : multiplyPairs(b, codes, inputs));
  }
  return products;
}

/// All other sums wait in memory for the end of the loop. In straight code
/// LLVM adds products to one another first, and there are too many of them.
SmallVector<Value> CodedProduct::addPairsOfQuads(const Tile &tile, Value step,
                                                 Value place, Value begin,
                                                 Value end,
                                                 ArrayRef<Value> pairs) {
  return b.loop(begin, end, 1, pairs, [&](Value quad, ValueRange carried) {
    SmallVector<Value> next = pairsOfQuad(tile, step, place, quad);
    for (auto [product, pair] : llvm::zip_equal(next, carried))
      product = arith::AddIOp::create(b, pair, product);
    return next;
  });
}

void CodedProduct::addQuadsInLoop(const Tile &tile, Value step, Value place,
                                  int64_t begin, int64_t end,
                                  MutableArrayRef<Value> sums) {
  SmallVector<Value> pairs =
      addPairsOfQuads(tile, step, place, b.index(begin + 1), b.index(end),
                      pairsOfQuad(tile, step, place, b.index(begin)));
  for (auto [sum, pair] : llvm::zip_equal(sums, pairs))
    sum = widenPairs(b, sum, pair);
}

/// Quads [begin, end) of a step of K whose codes lie at `place`.
void CodedProduct::addStep(const Tile &tile, Value step, Value place,
                           int64_t begin, int64_t end,
                           MutableArrayRef<Value> sums) {
  if (loopsOverQuads(tile))
    return addQuadsInLoop(tile, step, place, begin, end, sums);
  int64_t numChains = chains(tile), next = 0;
  const unsigned bits = codes.format().bits;
  const int64_t quadsInPairs =
      hasCodedInput() ? quadsOfPairs(b.isa, codes.format()) : 0;
  SmallVector<Value> pairs(tile.size());
  Value share = place;
  if (tile.shares > 1)
    share = b.add(place,
                  b.mul(tile.column, codes.layout.stepBytes() / panelColumns));
  for (int64_t quad = begin; quad < end; ++quad) {
    if (tile.fetched)
      fetchQuad(*tile.fetched, step, quad);
    else if (tile.isStream && quad % tile.shares == 0)
      codes.prefetchQuad(share, quad / tile.shares, prefetchDistance);
    if (multipliesBF16()) {
      addBF16Quad(tile, step, place, quad, sums);
      continue;
    }
    SmallVector<Value> quads;
    for (int64_t v = 0; v < tile.vectors; ++v) {
      Value column = b.add(tile.column, v * b.lanes);
      if (tile.unpacked) {
        quads.push_back(loadUnpacked(tile, place, b.index(quad), column));
      } else {
        quads.push_back(codes.quad(place, quad, column));
      }
    }
    Value k = b.add(b.mul(step, stepSize), quad * 4);
    if (hasCodedInput()) {
      int64_t chain = next++ % numChains * tile.size();
      for (auto [r, row] : llvm::enumerate(tile.rows)) {
        Value inputs = splatDword(input, inputPlaces.code(row, k));
        for (int64_t v = 0; v < tile.vectors; ++v) {
          int64_t i = r * tile.vectors + v;
          Value &sum = sums[chain + i];
          if (quadsInPairs == 0) {
            sum = tile.starts ? addQuads(b, sum, inputs, quads[v], bits)
                              : addQuads(b, sum, quads[v], inputs, bits);
            continue;
          }
          Value products = multiplyPairs(b, quads[v], inputs);
          pairs[i] = pairs[i] ? arith::AddIOp::create(b, pairs[i], products)
                              : products;
          if ((quad - begin + 1) % quadsInPairs == 0 || quad + 1 == end)
            sum = widenPairs(b, sum, std::exchange(pairs[i], nullptr));
        }
      }
      continue;
    }
    for (int64_t byte = 0; byte < 4; ++byte) {
      int64_t chain = next++ % numChains * tile.size();
      SmallVector<Value> elements;
      for (Value q : quads)
        elements.push_back(codes.element(q, byte));
      for (auto [r, row] : llvm::enumerate(tile.rows)) {
        Value x = b.loadSplat(rowData,
                              b.add(b.add(b.mul(row, inputStride), k), byte));
        for (int64_t v = 0; v < tile.vectors; ++v) {
          Value &sum = sums[chain + r * tile.vectors + v];
          sum = b.multiplyAdd(x, elements[v], sum);
        }
      }
    }
  }
}

bool CodedProduct::hasZeros(const Tile &tile) const {
  int64_t subtracted =
      tile.starts && subtractsMiddle() ? codes.format().middle() : 0;
  return tile.hasZeros && (multipliesBF16() || !codes.hasConstantZero() ||
                           codes.constantZero() != subtracted);
}

bool CodedProduct::startsWithZeros(const Tile &tile) const {
  return tile.unpacked && hasZeros(tile) && hasExactZeros() &&
         hasShortInputSums() && !tile.starts;
}

bool CodedProduct::hasShortInputSums() const {
  return hasCodedInput() && std::min(codes.groupSize(), paddedK) * 127 <=
                                std::numeric_limits<int16_t>::max();
}

CodedProduct::Factors CodedProduct::factorsOf(const Tile &tile, Value group,
                                              Value column) {
  Factors factors;
  if (tile.scales) {
    Value place = b.add(b.mul(group, panelColumns), column);
    factors.scale = b.load(tile.scales, place);
    if (tile.zeros)
      factors.zero = vector::LoadOp::create(b, zeroType(), tile.zeros, place);
    return factors;
  }
  factors.scale = codes.scales(tile.panelStart, group, column);
  if (!hasZeros(tile))
    return factors;
  if (!hasExactZeros()) {
    factors.zero = codes.zerosAsFloats(tile.panelStart, group, column);
    if (multipliesBF16())
      factors.zero = b.addf(factors.zero, b.splat(double(codes.pairOffset())));
    return factors;
  }
  factors.zero = codes.zeros(tile.panelStart, group, column);
  if (tile.starts)
    factors.zero = arith::SubIOp::create(
        b, factors.zero, splatElements(b, 32, codes.format().middle()));
  if (hasShortInputSums()) // as addPairs takes it, subtracted
    factors.zero = arith::AndIOp::create(
        b, arith::SubIOp::create(b, splatElements(b, 32, 0), factors.zero),
        splatElements(b, 32, 0xffff));
  return factors;
}

/// results + scale * (sums - zero * sum of the inputs)
SmallVector<Value> CodedProduct::addGroup(const Tile &tile, Value group,
                                          ArrayRef<Value> sums,
                                          ArrayRef<Value> results) {
  if (tile.isStream && !tile.fetched)
    codes.prefetchScales(tile.panelStart, group, prefetchDistance);
  SmallVector<Factors> factors;
  for (int64_t v = 0; v < tile.vectors; ++v)
    factors.push_back(factorsOf(tile, group, b.add(tile.column, v * b.lanes)));
  // Row by row, or what belongs to all rows would have to stay in registers.
  SmallVector<Value> next(results);
  for (auto [r, row] : llvm::enumerate(tile.rows)) {
    Value inputSum, inputScale;
    if (hasCodedInput()) {
      Value place = inputPlaces.factor(row, group);
      if (hasZeros(tile) && !startsWithZeros(tile))
        inputSum = memref::LoadOp::create(b, inputSums, place);
      bool perRow =
          cast<MemRefType>(op.getInputScales().getType()).getShape().back() ==
          1;
      inputScale = b.loadSplat(inputScales, perRow ? row : place);
    } else if (hasZeros(tile)) {
      inputSum = b.loadSplat(rowSums, b.add(b.mul(row, groups), group));
    }
    for (int64_t v = 0; v < tile.vectors; ++v) {
      int64_t i = r * tile.vectors + v;
      Value sum = sums[i], factor = factors[v].scale, zero = factors[v].zero;
      if (hasCodedInput()) {
        if (inputSum && hasExactZeros())
          sum = hasShortInputSums()
                    ? addPairs(b, sum, asElements(b, zero, 16),
                               asElements(b, b.splat(inputSum), 16))
                    : arith::SubIOp::create(
                          b, sum,
                          arith::MulIOp::create(b, zero, b.splat(inputSum)));
        sum = arith::SIToFPOp::create(b, b.vectorType, sum);
        if (zero && !hasExactZeros()) {
          Value asFloat = arith::SIToFPOp::create(b, b.getF32Type(), inputSum);
          sum = b.subf(sum, b.mulf(zero, b.splat(asFloat)));
        }
        factor = b.mulf(factor, inputScale);
      } else if (zero) {
        sum = b.subf(sum, b.mulf(zero, inputSum));
      }
      next[i] = b.multiplyAdd(sum, factor, results[i]);
    }
  }
  return next;
}

} // namespace qopt

//===- Codes.cpp - Codes of a packed weight in registers ------------------===//

#include "passes/Lower/Kernels/Codes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace qopt {

VectorType Codes::words() { return VectorType::get({width}, b.getI32Type()); }
VectorType Codes::floats() { return VectorType::get({width}, b.getF32Type()); }

Value Codes::splatWord(uint32_t value) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(words(), APInt(32, value)));
}

Value Codes::splatFloat(double value) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(floats(), float(value)));
}

int64_t Codes::steps() const { return llvm::divideCeil(layout.K, stepSize); }

Value Codes::stepPlace(Value panelStart, Value step) {
  auto [segment, inside] = b.split(step, b.index(segmentSteps()));
  return b.add(segmentStart(panelStart, segment),
               b.mul(inside, layout.stepBytes()));
}

Value Codes::stepsOf(Value segment) {
  if (layout.segments() == 1)
    return b.index(steps());
  Value done = b.mul(segment, segmentSteps());
  if (steps() % segmentSteps() == 0)
    return b.index(segmentSteps());
  return b.min(b.index(segmentSteps()), b.sub(b.index(steps()), done));
}

Value Codes::loadWords(Value place) {
  auto type = VectorType::get({4 * width}, b.getI8Type());
  return vector::BitCastOp::create(
      b, words(), vector::LoadOp::create(b, type, bytes, place));
}

/// The dwords of a plane that hold a quad.
Value Codes::loadPlane(const PanelLayout::Plane &plane, Value place,
                       int64_t quad, Value column) {
  return loadWords(
      b.add(b.add(place, b.mul(column, 4)),
            plane.offset + quad * plane.bits / 8 * panelColumns * 4));
}

Value Codes::quad(Value place, int64_t quad, Value column) {
  Value result;
  for (const PanelLayout::Plane &plane : layout.planes) {
    int64_t quads = 8 / plane.bits; // in a dword
    Value part = loadPlane(plane, place, quad, column);
    int64_t shift = quad % quads * plane.bits;
    if (shift != 0)
      part = arith::ShRUIOp::create(b, part, splatWord(shift));
    if (plane.bits != 8)
      part = arith::AndIOp::create(
          b, part, splatWord(((1u << plane.bits) - 1) * 0x01010101u));
    if (plane.shift != 0)
      part = arith::ShLIOp::create(b, part, splatWord(plane.shift));
    result = result ? arith::OrIOp::create(b, result, part).getResult() : part;
  }
  return result;
}

namespace {
/// Bits [begin, begin + size) of a code.
struct BitRange {
  unsigned begin, size;
};
} // namespace

/// A bf16 holds 7 bits of an integer behind its first one.
static SmallVector<BitRange, 2> partsOfPairs(unsigned bits) {
  if (bits == 8)
    return {{4, 4}, {0, 4}};
  return {{0, bits}};
}

/// The bits of `size` become the first behind 2^(begin + size).
SmallVector<Value> Codes::pairs(Value place, int64_t quad, int64_t odd,
                                Value column) {
  const PanelLayout::Plane &plane = layout.planes.front();
  Value word;
  int64_t start = 8 * odd; // of the first element in its dword
  if (layout.planes.size() == 1) {
    word = loadPlane(plane, place, quad, column);
    start += quad * plane.bits % 8;
  } else {
    word = this->quad(place, quad, column);
  }
  SmallVector<Value> parts;
  for (BitRange range : partsOfPairs(format().bits)) {
    unsigned to = 7 - range.size;
    int64_t shift = start + range.begin - to;
    uint32_t mask = ((1u << range.size) - 1) << to,
             exponent = (127 + range.begin + range.size) << 7;
    Value part = word;
    if (shift > 0)
      part = arith::ShRUIOp::create(b, word, splatWord(uint32_t(shift)));
    else if (shift < 0)
      part = arith::ShLIOp::create(b, word, splatWord(uint32_t(-shift)));
    part = arith::AndIOp::create(b, part, splatWord(mask * 0x10001u));
    parts.push_back(
        arith::OrIOp::create(b, part, splatWord(exponent * 0x10001u)));
  }
  return parts;
}

int64_t Codes::pairOffset() const {
  int64_t offset = 0;
  for (BitRange range : partsOfPairs(format().bits))
    offset += int64_t(1) << (range.begin + range.size);
  return offset;
}

Value Codes::element(Value quad, int64_t byte) {
  Value word = quad;
  if (byte != 0)
    word = arith::ShRUIOp::create(b, word, splatWord(8 * byte));
  if (byte != 3)
    word = arith::AndIOp::create(b, word, splatWord(0xff));
  return arith::SIToFPOp::create(b, floats(), word);
}

Value Codes::loadFloats(Value place, DataType type) {
  int64_t size = bytesOf(type);
  Type element = type == DataType::F16    ? Type(b.getF16Type())
                 : type == DataType::BF16 ? Type(b.getBF16Type())
                                          : Type(b.getF32Type());
  auto raw = VectorType::get({size * width}, b.getI8Type());
  Value loaded = vector::LoadOp::create(b, raw, bytes, place);
  return b.widen(
      vector::BitCastOp::create(b, VectorType::get({width}, element), loaded));
}

Value Codes::scalesPlace(Value panelStart, Value group) {
  // A segment of 32 elements may hold two groups of 16.
  Value segment = isHalved() ? b.div(group, b.index(2)) : group;
  Value place = b.add(segmentStart(panelStart, segment),
                      b.mul(stepsOf(segment), layout.stepBytes()));
  if (isHalved())
    place = b.add(place, b.mul(b.rem(group, b.index(2)),
                               panelColumns * bytesOf(format().scale)));
  return place;
}

Value Codes::scales(Value panelStart, Value group, Value column) {
  Value place = b.add(scalesPlace(panelStart, group),
                      b.mul(column, bytesOf(format().scale)));
  return loadFloats(place, format().scale);
}

Value Codes::zeros(Value panelStart, Value group, Value column) {
  if (hasConstantZero())
    return splatWord(constantZero());
  Value place = b.add(b.add(panelStart, layout.zeroOffset(0)),
                      b.mul(group, layout.zeroBytes()));
  if (!hasIntegerZero()) {
    int64_t size = bytesOf(format().zeroType);
    Value zero =
        loadFloats(b.add(place, b.mul(column, size)), format().zeroType);
    return format().minCode() == 0
               ? zero
               : b.subf(zero, splatFloat(double(format().minCode())));
  }
  // Halves of bytes: columns 0..15 low, 16..31 high.
  bool isHalf = format().zeroBits <= 4;
  auto type = VectorType::get({width}, b.getI8Type());
  Value at = isHalf ? b.rem(column, b.index(16)) : column;
  Value word = arith::ExtUIOp::create(
      b, words(), vector::LoadOp::create(b, type, bytes, b.add(place, at)));
  if (isHalf) {
    Value isHigh = b.less(b.index(15), column);
    Value shift = b.choose(isHigh, b.toI32(b.index(4)), b.toI32(b.index(0)));
    word = arith::AndIOp::create(
        b,
        arith::ShRUIOp::create(b, word,
                               vector::BroadcastOp::create(b, words(), shift)),
        splatWord(15));
  }
  int64_t offset = format().minZero() - format().minCode();
  if (offset != 0)
    word = arith::AddIOp::create(b, word, splatWord(uint32_t(offset)));
  return word;
}

Value Codes::zerosAsFloats(Value panelStart, Value group, Value column) {
  if (hasConstantZero())
    return splatFloat(double(constantZero()));
  Value zero = zeros(panelStart, group, column);
  return hasIntegerZero() ? arith::SIToFPOp::create(b, floats(), zero) : zero;
}

void Codes::prefetch(Value place, int64_t begin, int64_t end, Value distance) {
  Value behind = b.add(place, distance);
  for (int64_t line = llvm::alignTo(begin, 64); line < end; line += 64)
    b.prefetch(bytes, b.add(behind, line));
}

void Codes::prefetchQuad(Value place, int64_t quad, Value distance) {
  int64_t quads = stepSize / 4;
  prefetch(place, layout.stepBytes() * quad / quads,
           layout.stepBytes() * (quad + 1) / quads, distance);
}

void Codes::prefetchScales(Value panelStart, Value group, Value distance) {
  prefetch(scalesPlace(panelStart, group), 0,
           panelColumns * bytesOf(format().scale), distance);
}

void Codes::prefetchShare(Value begin, int64_t bytes, Value i, Value count) {
  Value share =
      b.mul(b.ceilDiv(b.index(llvm::divideCeil(bytes, 64)), count), 64);
  Value first = b.add(begin, b.mul(i, share));
  b.loop(first, b.add(first, share), 64,
         [&](Value line) { prefetchLine(line); });
}

void Codes::eachElement(Value panel, Value column,
                        llvm::function_ref<void(Value, Value)> body) {
  Codes one(b, layout, bytes, 1);
  Value start = panelStart(panel);
  auto emitQuad = [&](Value step, Value place, int64_t number, int64_t count,
                      Value scale, Value zero) {
    Value word = one.quad(place, number, column);
    for (int64_t byte = 0; byte < count; ++byte) {
      Value value = b.mulf(scale, b.subf(one.element(word, byte), zero));
      body(b.add(b.mul(step, stepSize), 4 * number + byte),
           vector::ExtractOp::create(b, value, 0));
    }
  };
  /// The first `count` elements of a step.
  auto emitStep = [&](Value step, int64_t count) {
    Value segment = b.div(step, b.index(segmentSteps()));
    Value place = stepPlace(start, step);
    Value scale, zero;
    for (int64_t k = 0; k < count; k += 4) {
      if (k == 0 || (isHalved() && k == 16)) {
        Value group = isHalved() ? b.add(b.mul(step, 2), k / 16) : segment;
        scale = one.scales(start, group, column);
        zero = one.zerosAsFloats(start, group, column);
      }
      emitQuad(step, place, k / 4, std::min<int64_t>(4, count - k), scale,
               zero);
    }
  };
  int64_t whole = layout.K / stepSize, rest = layout.K % stepSize;
  b.loop(b.index(0), b.index(whole), 1,
         [&](Value step) { emitStep(step, stepSize); });
  if (rest)
    emitStep(b.index(whole), rest);
}

void dequantizeStrip(Codes &codes, Value panel, Value column, int64_t vectors,
                     Value firstStep, Value steps, Value target) {
  KernelBuilder &b = codes.b;
  Value panelStart = codes.panelStart(panel);
  b.loop(b.index(0), steps, 1, [&](Value i) {
    Value step = b.add(firstStep, i);
    Value segment = b.div(step, b.index(codes.segmentSteps()));
    Value place = codes.stepPlace(panelStart, step);
    for (int64_t v = 0; v < vectors; ++v) {
      Value at = b.add(column, v * b.lanes);
      Value scale, zero;
      for (int64_t quad = 0; quad < Codes::stepSize / 4; ++quad) {
        if (quad == 0 || (codes.isHalved() && quad == 4)) {
          Value group =
              codes.isHalved()
                  ? b.min(b.add(b.mul(step, 2), quad / 4),
                          b.index(codes.format().groups(codes.layout.K) - 1))
                  : segment;
          scale = codes.scales(panelStart, group, at);
          zero = codes.zerosAsFloats(panelStart, group, at);
        }
        Value word = codes.quad(place, quad, at);
        for (int64_t byte = 0; byte < 4; ++byte) {
          Value value = b.mulf(scale, b.subf(codes.element(word, byte), zero));
          Value row = b.add(b.mul(i, Codes::stepSize), quad * 4 + byte);
          b.store(value, target,
                  b.add(b.mul(row, vectors * b.lanes), v * b.lanes));
        }
      }
    }
  });
}

} // namespace qopt

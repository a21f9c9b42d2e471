//===- StoredFloats.cpp - Numbers as they are stored, and f32 -------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"
#include "passes/Lower/Kernels/KernelBuilder.h"

using namespace mlir;

namespace qopt {

Type withElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return VectorType::get(vector.getShape(), element);
  return element;
}

namespace {

/// Operations on the bits of f32 values, scalars or vectors of one shape.
class Bits {
public:
  Bits(KernelBuilder &b, Type shape)
      : b(b), i32(withElement(shape, b.getI32Type())),
        f32(withElement(shape, b.getF32Type())) {}

  Value all(uint32_t value) {
    APInt number(32, value);
    if (auto vector = dyn_cast<VectorType>(i32))
      return arith::ConstantOp::create(b,
                                       DenseElementsAttr::get(vector, number));
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(int32_t(value)));
  }
  Value of(Value x) { return arith::BitcastOp::create(b, i32, x); }
  Value asFloat(Value bits) { return arith::BitcastOp::create(b, f32, bits); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value both(Value x, uint32_t y) {
    return arith::AndIOp::create(b, x, all(y));
  }
  Value either(Value x, Value y) { return arith::OrIOp::create(b, x, y); }
  Value left(Value x, uint32_t n) {
    return arith::ShLIOp::create(b, x, all(n));
  }
  Value right(Value x, uint32_t n) {
    return arith::ShRUIOp::create(b, x, all(n));
  }
  /// Of numbers below 2^31.
  Value less(Value x, uint32_t y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, all(y));
  }
  /// 16 bits of another type as i32, and back.
  Value fromHalf(Value stored) {
    Type i16 = withElement(i32, b.getI16Type());
    return arith::ExtUIOp::create(b, i32,
                                  arith::BitcastOp::create(b, i16, stored));
  }
  Value toHalf(Value bits, Type element) {
    Type i16 = withElement(i32, b.getI16Type());
    return arith::BitcastOp::create(b, withElement(i32, element),
                                    arith::TruncIOp::create(b, i16, bits));
  }

private:
  KernelBuilder &b;
  Type i32, f32;
};

} // namespace

/// f16 to f32 where no instruction does it: the bits shifted into place are the
/// value times 2^-112, exact also where f16 is denormal; infinities and what is
/// no number get the largest exponent instead.
static Value widenHalf(KernelBuilder &b, Value stored) {
  Bits bits(b, stored.getType());
  Value word = bits.fromHalf(stored);
  Value magnitude = bits.both(word, 0x7fff);
  Value shifted = bits.left(magnitude, 13);
  Value factor = bits.asFloat(bits.all(0x77800000)); // 2^112
  Value finite = bits.of(
      arith::MulFOp::create(b, bits.asFloat(shifted), factor).getResult());
  Value special = bits.either(shifted, bits.all(0x7f800000));
  Value value = b.choose(bits.less(magnitude, 0x7c00), finite, special);
  Value sign = bits.left(bits.both(word, 0x8000), 16);
  return bits.asFloat(bits.either(value, sign));
}

/// f32 to f16 where no instruction does it, as f32ToF16 does it.
static Value narrowHalf(KernelBuilder &b, Value x) {
  Bits bits(b, x.getType());
  Value word = bits.of(x), magnitude = bits.both(word, 0x7fffffff);
  Value shifted = bits.right(magnitude, 13);
  Value rebased = bits.sub(magnitude, bits.all((112u << 23) - 0xfff));
  Value normal = bits.right(bits.add(rebased, bits.both(shifted, 1)), 13);
  Value half = bits.all(0x3f000000); // 0.5
  Value sum =
      arith::AddFOp::create(b, bits.asFloat(magnitude), bits.asFloat(half));
  Value denormal = bits.sub(bits.of(sum), half);
  Value nan = bits.either(bits.both(shifted, 0x1ff), bits.all(0x7e00));
  Value infinity = bits.all(0x7c00);
  Value value =
      b.choose(bits.less(magnitude, 0x38800000), denormal, normal);    // 2^-14
  value = b.choose(bits.less(magnitude, 0x47800000), value, infinity); // 2^16
  value = b.choose(bits.less(magnitude, 0x7f800001), value, nan);
  Value sign = bits.both(bits.right(word, 16), 0x8000);
  return bits.toHalf(bits.either(value, sign), b.getF16Type());
}

/// f32 to bf16 as f32ToBf16 does it: 0x7fff, and one if the last bit stays odd,
/// are added before the lower half is dropped.
static Value narrowBFloat(KernelBuilder &b, Value x) {
  Bits bits(b, x.getType());
  Value word = bits.of(x), high = bits.right(word, 16);
  Value odd = bits.both(high, 1);
  Value sum = bits.add(bits.add(word, bits.all(0x7fff)), odd);
  Value nan = bits.either(high, bits.all(0x40));
  Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
  return bits.toHalf(b.choose(isNaN, nan, bits.right(sum, 16)),
                     b.getBF16Type());
}

Value KernelBuilder::widen(Value stored) {
  Type type = stored.getType(), element = getElementTypeOrSelf(type);
  Type f32 = withElement(type, getF32Type());
  if (element.isF32())
    return stored;
  if (element.isInteger(8))
    return arith::SIToFPOp::create(*this, f32, stored);
  if (element.isF16())
    return isa.f16c ? arith::ExtFOp::create(*this, f32, stored).getResult()
                    : widenHalf(*this, stored);
  Bits bits(*this, type);
  return bits.asFloat(bits.left(bits.fromHalf(stored), 16));
}

Value KernelBuilder::narrow(Value value, Type element) {
  if (element.isF32())
    return value;
  if (element.isBF16())
    return narrowBFloat(*this, value);
  if (isa.f16c)
    return arith::TruncFOp::create(*this, withElement(value.getType(), element),
                                   value);
  return narrowHalf(*this, value);
}

} // namespace qopt

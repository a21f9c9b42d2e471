//===- MathBuilder.h - Formulas on scalars or vectors -----------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_GENERIC_MATHBUILDER_H
#define QOPT_PASSES_LOWER_GENERIC_MATHBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace qopt::generic {

/// Makes arith ops that work elementwise on `shape`'s shape, a scalar or vector
/// type. Numbers are constants of the type of the operand beside them.
struct MathBuilder {
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type shape;

  using V = mlir::Value;

  mlir::Type like(mlir::Type element) const;
  mlir::Type f32() const { return like(builder.getF32Type()); }
  mlir::Type f64() const { return like(builder.getF64Type()); }
  mlir::Type i16() const { return like(builder.getIntegerType(16)); }
  mlir::Type i32() const { return like(builder.getI32Type()); }
  mlir::Type i64() const { return like(builder.getI64Type()); }

  V number(mlir::Type type, double value) const;
  V integer(mlir::Type type, int64_t value) const;
  V f(double value) const { return number(f32(), value); }
  V i(int64_t value) const { return integer(i32(), value); }

  template <typename OpType, typename... Args> V make(Args &&...args) const {
    return OpType::create(builder, loc, std::forward<Args>(args)...);
  }
  V add(V a, V b) const { return make<mlir::arith::AddFOp>(a, b); }
  V sub(V a, V b) const { return make<mlir::arith::SubFOp>(a, b); }
  V mul(V a, V b) const { return make<mlir::arith::MulFOp>(a, b); }
  V div(V a, V b) const { return make<mlir::arith::DivFOp>(a, b); }
  V add(V a, double b) const { return add(a, number(a.getType(), b)); }
  V mul(V a, double b) const { return mul(a, number(a.getType(), b)); }
  /// a * b + c, in one instruction where there is one.
  V mulAdd(V a, V b, V c) const;
  V mulAdd(V a, double b, V c) const {
    return mulAdd(a, number(a.getType(), b), c);
  }
  /// coefficients[0] + coefficients[1] * x + ...
  V polynomial(V x, mlir::ArrayRef<double> coefficients) const;

  V select(V condition, V a, V b) const {
    return make<mlir::arith::SelectOp>(condition, a, b);
  }
  V compare(mlir::arith::CmpFPredicate predicate, V a, V b) const {
    return make<mlir::arith::CmpFOp>(predicate, a, b);
  }
  V less(V a, double b) const {
    return compare(mlir::arith::CmpFPredicate::OLT, a, number(a.getType(), b));
  }
  V greater(V a, double b) const {
    return compare(mlir::arith::CmpFPredicate::OGT, a, number(a.getType(), b));
  }
  V equal(V a, double b) const {
    return compare(mlir::arith::CmpFPredicate::OEQ, a, number(a.getType(), b));
  }
  V both(V a, V b) const { return make<mlir::arith::AndIOp>(a, b); }
  V either(V a, V b) const { return make<mlir::arith::OrIOp>(a, b); }
  V negate(V condition) const;
  /// x within [low, high]; NaN stays.
  V clamp(V x, double low, double high) const;

  V bits(mlir::Type type, V value) const {
    return make<mlir::arith::BitcastOp>(type, value);
  }
  V addInt(V a, int64_t b) const {
    return make<mlir::arith::AddIOp>(a, integer(a.getType(), b));
  }
  V andInt(V a, int64_t b) const {
    return make<mlir::arith::AndIOp>(a, integer(a.getType(), b));
  }
  V shiftLeft(V a, int64_t b) const {
    return make<mlir::arith::ShLIOp>(a, integer(a.getType(), b));
  }
  V shiftRight(V a, int64_t b) const {
    return make<mlir::arith::ShRUIOp>(a, integer(a.getType(), b));
  }
  V abs(V x) const;
  /// Magnitude of a, sign of b.
  V copySign(V a, V b) const;
};

//===-- Functions of f32, on f32 scalars or vectors -----------------------===//

mlir::Value expandExp(const MathBuilder &math, mlir::Value x);
mlir::Value expandLog(const MathBuilder &math, mlir::Value x);
mlir::Value expandErf(const MathBuilder &math, mlir::Value x);
mlir::Value expandTanh(const MathBuilder &math, mlir::Value x);
mlir::Value expandSinCos(const MathBuilder &math, mlir::Value x, bool isCos);
mlir::Value expandPow(const MathBuilder &math, mlir::Value x, mlir::Value y);

enum class Rounding { Even, Down, Up, ToZero, AwayFromZero };
/// Rounds to an integer without an instruction for it.
mlir::Value expandRound(const MathBuilder &math, mlir::Value x,
                        Rounding rounding);

//===-- Halves by integer arithmetic --------------------------------------===//

mlir::Value widenF16(const MathBuilder &math, mlir::Value x);
mlir::Value narrowF16(const MathBuilder &math, mlir::Value x);
mlir::Value widenBF16(const MathBuilder &math, mlir::Value x);
mlir::Value narrowBF16(const MathBuilder &math, mlir::Value x);

} // namespace qopt::generic

#endif // QOPT_PASSES_LOWER_GENERIC_MATHBUILDER_H

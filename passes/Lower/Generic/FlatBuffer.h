//===- FlatBuffer.h - A buffer seen as one line of elements -----*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_GENERIC_FLATBUFFER_H
#define QOPT_PASSES_LOWER_GENERIC_FLATBUFFER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace qopt::generic {

/// Index arithmetic that folds.
struct IndexMath {
  mlir::OpBuilder &builder;
  mlir::Location loc;

  mlir::Value constant(int64_t value) const;
  mlir::Value add(mlir::Value a, mlir::Value b) const;
  mlir::Value sub(mlir::Value a, mlir::Value b) const;
  mlir::Value mul(mlir::Value a, mlir::Value b) const;
  mlir::Value div(mlir::Value a, mlir::Value b) const;
  mlir::Value rem(mlir::Value a, mlir::Value b) const;
  mlir::Value ceilDiv(mlir::Value a, mlir::Value b) const;
  mlir::Value min(mlir::Value a, mlir::Value b) const;
  mlir::Value max(mlir::Value a, mlir::Value b) const;
  mlir::Value product(mlir::ValueRange values) const;
};

/// A buffer of any rank and layout as `memref<?xT>`. T is signless; booleans
/// are bytes that are 0 or 1, as they lie in memory.
struct FlatBuffer {
  mlir::Value line;
  mlir::Value begin;                      ///< first element; null: 0
  mlir::SmallVector<mlir::Value> strides; ///< of each dimension, in elements
  mlir::Type elementType;                 ///< before it became signless
  bool isContiguous = true;

  /// The flat buffer with its strides; ops are made at `math`'s builder.
  static FlatBuffer get(const IndexMath &math, mlir::Value memref);

  bool isBoolean() const { return elementType.isInteger(1); }
  mlir::Type storageType() const;
  /// `lanes` elements from `offset` on, or one where lanes is 0; booleans as
  /// i1.
  mlir::Value load(const IndexMath &math, mlir::Value offset,
                   unsigned lanes) const;
  void store(const IndexMath &math, mlir::Value value,
             mlir::Value offset) const;
};

/// The size of dimension `d` of a memref.
mlir::Value sizeOf(const IndexMath &math, mlir::Value memref, int64_t d);

} // namespace qopt::generic

#endif // QOPT_PASSES_LOWER_GENERIC_FLATBUFFER_H

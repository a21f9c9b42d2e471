//===- NodeLowering.h - One ONNX node on its way to linalg ------*- C++ -*-===//

#ifndef QOPT_PASSES_LOWER_GENERIC_NODELOWERING_H
#define QOPT_PASSES_LOWER_GENERIC_NODELOWERING_H

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <string>

namespace qopt::generic {

using Sizes = llvm::SmallVector<DimExpr>;

/// Computes a scalar from scalars at `builder` of the lowering. Scalars of
/// unsigned tensors are signless inside.
using Body = llvm::function_ref<mlir::Value(mlir::ArrayRef<mlir::Value>)>;

/// A node, the place where its lowering is built, and what comes out. A
/// lowering calls `reject` before it builds anything that refers to what is
/// wrong.
class NodeLowering {
public:
  NodeLowering(onnx::NodeOp node, mlir::OpBuilder &builder)
      : node(node), builder(builder), loc(node.getLoc()),
        results(node.getNumResults()) {}

  onnx::NodeOp node;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  /// One value for each output of the node; null where nobody needs it.
  mlir::SmallVector<mlir::Value> results;
  std::string reason;

  /// Records why the node cannot be lowered.
  mlir::LogicalResult reject(const llvm::Twine &why);

  //===-- What the node says ----------------------------------------------===//

  /// Every tensor has known sizes, and the node at least `inputs` inputs.
  mlir::LogicalResult checkTensors(unsigned inputs);
  /// Input `i` is there and its elements are numbers or, where `allowed` is not
  /// empty, of the kinds that it names: f floats of 32 and 64 bits, s f32
  /// alone, i integers, b booleans.
  mlir::LogicalResult checkElements(unsigned i, llvm::StringRef allowed);
  mlir::Value input(unsigned i) { return node.input(i); }
  unsigned numInputs() { return node.getInputs().size(); }
  bool isWanted(unsigned output);
  mlir::RankedTensorType resultType(unsigned i = 0);
  Sizes resultSizes(unsigned i = 0) { return *getSizes(resultType(i)); }
  /// An axis counted from the front; nothing when it is outside the rank.
  static std::optional<int64_t> axis(int64_t value, int64_t rank);
  /// Elements of a small integer tensor, when they are known expressions.
  static std::optional<Sizes> elements(mlir::Value tensor);
  /// The same when they are constants; nothing when `tensor` is null.
  static std::optional<mlir::SmallVector<int64_t>>
  constants(mlir::Value tensor);

  //===-- Scalars ---------------------------------------------------------===//

  template <typename OpType, typename... Args>
  mlir::Value make(Args &&...args) {
    return OpType::create(builder, loc, std::forward<Args>(args)...);
  }
  mlir::Value index(int64_t value);
  mlir::Value index(const DimExpr &size) {
    return materialize(builder, loc, size);
  }
  /// A number of a signless or float type.
  mlir::Value number(mlir::Type type, double value);
  mlir::Value integer(mlir::Type type, int64_t value);
  mlir::Value toIndex(mlir::Value value, bool isUnsigned = false);
  /// index -> integer or float type.
  mlir::Value fromIndex(mlir::Value value, mlir::Type type);
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value a,
                      mlir::Value b);
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value a,
                      mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  /// a * b + c, one rounding where the machine has it.
  mlir::Value multiplyAdd(mlir::Value a, mlir::Value b, mlir::Value c);
  /// The error "<node>: message" when the condition holds.
  void failIf(mlir::Value condition, llvm::StringRef message);
  /// `value` from 0 to `size` - 1 after negative ones counted from the end; an
  /// error of the call when it was outside. All are index values.
  mlir::Value checkedPosition(mlir::Value value, mlir::Value size);

  //===-- Tensors ---------------------------------------------------------===//

  static mlir::Type elementType(mlir::Value tensor);
  static Sizes sizesOf(mlir::Value tensor);
  mlir::Value empty(mlir::ArrayRef<DimExpr> sizes, mlir::Type type);
  /// A tensor of one number.
  mlir::Value filled(mlir::ArrayRef<DimExpr> sizes, mlir::Type type,
                     mlir::Value number);
  mlir::Value reshape(mlir::Value tensor, mlir::ArrayRef<DimExpr> sizes);
  /// Position of the loop over dimension `d` inside a body.
  mlir::Value position(int64_t d);
  /// Element of any tensor inside a body or outside.
  mlir::Value read(mlir::Value tensor, mlir::ValueRange indices);
  /// The same at positions that `checkedPosition` gave for dimensions of these
  /// `lengths`. Where one of them is 0, there is no such element; then 0.
  mlir::Value readChecked(mlir::Value tensor, mlir::ValueRange indices,
                          mlir::ArrayRef<DimExpr> lengths);

  /// Elementwise with ONNX's broadcasting to `sizes`.
  mlir::Value map(mlir::ValueRange inputs, mlir::ArrayRef<DimExpr> sizes,
                  mlir::Type type, Body body);
  /// Every element computed from its position (and `read`).
  mlir::Value fill(mlir::ArrayRef<DimExpr> sizes, mlir::Type type, Body body) {
    return map({}, sizes, type, body);
  }
  /// A loop over `loops` dimensions; `body` gets the inputs' scalars and the
  /// accumulator last.
  mlir::Value reduce(mlir::ValueRange inputs,
                     mlir::ArrayRef<mlir::AffineMap> maps, mlir::Value init,
                     mlir::AffineMap initMap,
                     mlir::ArrayRef<mlir::utils::IteratorType> iterators,
                     Body body);

private:
  mlir::Value build(mlir::ValueRange inputs,
                    mlir::ArrayRef<mlir::AffineMap> maps, mlir::Value init,
                    mlir::ArrayRef<mlir::utils::IteratorType> iterators,
                    bool withAccumulator, Body body);
};

bool isUnsigned(mlir::Type type);
/// The type without signedness.
mlir::Type signless(mlir::Type type);
inline bool isFloat(mlir::Type type) {
  return mlir::isa<mlir::FloatType>(type);
}

using LowerFunction = mlir::LogicalResult (*)(NodeLowering &);
using LoweringTable = llvm::StringMap<LowerFunction>;

/// Each adds the operators of one group.
void addElementwise(LoweringTable &table);
void addCast(LoweringTable &table);
void addMovement(LoweringTable &table);
void addSlicing(LoweringTable &table);
void addIndexing(LoweringTable &table);
void addReduction(LoweringTable &table);
void addProducts(LoweringTable &table);
void addNormalization(LoweringTable &table);
void addAttention(LoweringTable &table);

//===-- Steps that several operators share --------------------------------===//

/// Kinds of reduction.
enum class Combine { Sum, Product, Max, Min };

/// `tensor` reduced over `axes`, which vanish from the sizes. Floats of 32 bits
/// are summed in f32.
mlir::Value reduceOver(NodeLowering &lowering, mlir::Value tensor,
                       mlir::ArrayRef<int64_t> axes, Combine combine);
/// The sum divided by the number of elements.
mlir::Value meanOver(NodeLowering &lowering, mlir::Value tensor,
                     mlir::ArrayRef<int64_t> axes);
/// The sizes with 1 at `axes`.
Sizes keepAxes(mlir::ArrayRef<DimExpr> sizes, mlir::ArrayRef<int64_t> axes);
/// exp(x - max) / sum along one axis. `emptyIsZero`: where the maximum is -inf
/// the result is 0 instead of NaN.
mlir::Value softmax(NodeLowering &lowering, mlir::Value tensor, int64_t axis,
                    bool emptyIsZero = false);
/// numpy's matmul of tensors of rank 2 or more, batch sizes broadcast.
mlir::Value matmul(NodeLowering &lowering, mlir::Value a, mlir::Value b,
                   bool transposeA = false, bool transposeB = false);
/// Concatenation of tensors along an axis.
mlir::Value concat(NodeLowering &lowering, mlir::ValueRange tensors,
                   int64_t axis);
/// A float or integer scalar in another type, as Cast does it.
mlir::Value castScalar(NodeLowering &lowering, mlir::Value value,
                       mlir::Type from, mlir::Type to);

} // namespace qopt::generic

#endif // QOPT_PASSES_LOWER_GENERIC_NODELOWERING_H

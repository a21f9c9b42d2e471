//===- Node.h - A node as shape functions see it ----------------*- C++ -*-===//

#ifndef QOPT_PASSES_IMPORT_SYMBOLS_NODE_H
#define QOPT_PASSES_IMPORT_SYMBOLS_NODE_H

#include "dialects/ONNX/ONNX.h"
#include "passes/Import/Symbols/Solver.h"
#include "llvm/ADT/StringMap.h"

namespace qopt::symbols {

/// "MatMul node '/layers.0/MatMul'", by the name that the location carries.
std::string describe(mlir::Operation *op);

/// A node, the facts of its operands, and what a function finds out of its
/// results. Everything that is not set stays unknown.
class Node {
public:
  Node(onnx::NodeOp op, const FactTable &facts, Solver &solver);

  onnx::NodeOp op;
  Solver &solver;
  llvm::SmallVector<Facts, 1> results;

  unsigned numInputs() { return op.getInputs().size(); }
  /// Facts of an input; none of an absent one.
  const Facts &input(unsigned i) const;
  bool has(unsigned i) { return bool(op.input(i)); }
  /// Sizes of an input, or null when its rank is not known.
  const Sizes *sizes(unsigned i) const;
  /// Elements of an input, or null.
  const Elements *elements(unsigned i) const;
  /// Elements of an input as integers, when all are constants.
  std::optional<llvm::SmallVector<int64_t>> integers(unsigned i) const;
  /// An INTS attribute or, where that is absent, an input of constants.
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef attribute,
                                                     unsigned i);
  /// Elements of an input as sizes; unknown where an element is no integer.
  std::optional<Sizes> elementSizes(unsigned i) const;
  /// The number of elements of an input of rank 1, when constant.
  std::optional<int64_t> length(unsigned i) const;

  mlir::Type inputElementType(unsigned i);
  /// Null when the result is no tensor.
  mlir::Type resultElementType(unsigned i);

  void setSizes(unsigned i, Sizes sizes);
  /// A result of this rank, sizes unknown.
  void setRank(unsigned i, int64_t rank);

  /// Counts an axis from the front; nothing when it is out of range.
  std::optional<int64_t> axis(int64_t axis, int64_t rank) const;
  /// Likewise for all; nothing either when one stands twice.
  std::optional<llvm::SmallVector<int64_t>> axes(llvm::ArrayRef<int64_t> axes,
                                                 int64_t rank) const;

  /// Demands a == b. The result is the one that says more; failure when they
  /// cannot be equal.
  mlir::FailureOr<Size> same(const Size &a, const Size &b);
  mlir::FailureOr<Size> broadcast(const Size &a, const Size &b);
  mlir::FailureOr<Sizes> broadcast(llvm::ArrayRef<Size> a,
                                   llvm::ArrayRef<Size> b);

  /// Reports what the node expects, and the sizes of the named inputs.
  mlir::LogicalResult fail(const llvm::Twine &expectation,
                           llvm::ArrayRef<unsigned> inputs);

private:
  llvm::SmallVector<Facts, 4> inputs;
};

/// Computes the sizes of a node's results; fails when its operands contradict
/// what the operator demands, after reporting that.
using SizeFunction = mlir::LogicalResult (*)(Node &node);
using SizeFunctions = llvm::StringMap<SizeFunction>;

/// The functions of the standard operators, by family; each is valid for all
/// versions of its operators from opset 7 on.
void addPointwiseSizes(SizeFunctions &functions);
void addProductSizes(SizeFunctions &functions);
void addLayoutSizes(SizeFunctions &functions);
void addIndexSizes(SizeFunctions &functions);
void addSliceSizes(SizeFunctions &functions);
void addReductionSizes(SizeFunctions &functions);
void addWindowSizes(SizeFunctions &functions);
void addGeneratorSizes(SizeFunctions &functions);

/// Computes elements of small results, whose sizes must be known.
using ElementFunction = void (*)(Node &node);
using ElementFunctions = llvm::StringMap<ElementFunction>;

void addElementArithmetic(ElementFunctions &functions);
void addElementLogic(ElementFunctions &functions);
/// Operators that move elements or make them of sizes.
void addElementMoves(ElementFunctions &functions);

/// Computes `ends` of the results of operators that make or move indices.
void findEnds(Node &node);

} // namespace qopt::symbols

#endif // QOPT_PASSES_IMPORT_SYMBOLS_NODE_H

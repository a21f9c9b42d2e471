//===- ElementExpr.h - What an element of a tensor is -----------*- C++ -*-===//

#ifndef QOPT_PASSES_RAISE_ELEMENTEXPR_H
#define QOPT_PASSES_RAISE_ELEMENTEXPR_H

#include "dialects/QOpt/QOpt.h"
#include "mlir/IR/Value.h"
#include <memory>

namespace qopt {

/// An element of a tensor as an expression over its own indices: masks and
/// tables of angles are recognised by what they are, however an exporter spells
/// them. Integers that are sums of sizes and indices are one DimExpr; index i
/// of the tensor under study is the symbol `indexName(i)`.
struct ElementExpr {
  enum class Kind {
    Size,     ///< `size`
    Constant, ///< `number`
    Load,     ///< element `indices` of `tensor`
    Apply,    ///< function `name` of `arguments`; names are those of ONNX
  };
  using Ptr = std::shared_ptr<const ElementExpr>;

  Kind kind;
  DimExpr size;
  double number = 0;
  mlir::Value tensor;
  std::vector<DimExpr> indices;
  std::string name;
  std::vector<Ptr> arguments;

  bool isApply(llvm::StringRef function) const {
    return kind == Kind::Apply && name == function;
  }
  /// The value, when it is a number.
  std::optional<double> constant() const;
};

bool operator==(const ElementExpr &a, const ElementExpr &b);

/// The symbol that stands for index i.
std::string indexName(unsigned i);

/// Evaluates elements of tensors. `ranges` are exclusive upper bounds of the
/// symbols that are indices.
class ElementEvaluator {
public:
  explicit ElementEvaluator(std::map<std::string, DimExpr> ranges)
      : ranges(std::move(ranges)) {}

  /// The element of `tensor` at `indices`; null when it is nothing that can be
  /// said shortly (an unknown op, a data-dependent place).
  ElementExpr::Ptr evaluate(mlir::Value tensor, std::vector<DimExpr> indices);

private:
  ElementExpr::Ptr evaluateNode(mlir::Value tensor,
                                const std::vector<DimExpr> &indices);
  ElementExpr::Ptr concat(mlir::Value tensor, std::vector<DimExpr> indices);
  ElementExpr::Ptr gather(mlir::Value tensor,
                          const std::vector<DimExpr> &indices);
  ElementExpr::Ptr reshape(mlir::Value from, mlir::Value to,
                           const std::vector<DimExpr> &indices);
  ElementExpr::Ptr product(mlir::Value tensor,
                           const std::vector<DimExpr> &indices);
  ElementExpr::Ptr constantElement(mlir::Value tensor,
                                   const std::vector<DimExpr> &indices);
  /// `index` < `bound` and not negative for all values of its symbols.
  bool isBelow(const DimExpr &index, const DimExpr &bound);

  std::map<std::string, DimExpr> ranges;
};

} // namespace qopt

#endif // QOPT_PASSES_RAISE_ELEMENTEXPR_H

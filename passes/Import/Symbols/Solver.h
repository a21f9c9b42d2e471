//===- Solver.h - Equations between sizes -----------------------*- C++ -*-===//

#ifndef QOPT_PASSES_IMPORT_SYMBOLS_SOLVER_H
#define QOPT_PASSES_IMPORT_SYMBOLS_SOLVER_H

#include "mlir/IR/Operation.h"
#include "passes/Import/Symbols/Facts.h"

namespace qopt::symbols {

/// A tensor of the signature.
struct Interface {
  std::string name;
  mlir::Type elementType;
  Sizes sizes;
};

/// `expression` must be at least 0; `op` needs it.
struct Condition {
  DimExpr expression;
  mlir::Operation *op;
};

enum class Verdict { Holds, Fails, Unknown };

/// What the graph demands of its symbols: equations, which replace symbols, and
/// conditions. A replacement acts on the next walk over the graph: the sizes of
/// the inputs are rewritten, and everything is computed again from them.
class Solver {
public:
  explicit Solver(std::vector<Interface> inputs);

  /// The inputs' sizes with all replacements so far.
  const std::vector<Interface> &inputs() const { return current; }
  /// Puts the replacements of the last walk into the inputs' sizes and forgets
  /// its conditions.
  void startWalk();
  /// The walk found that symbols must be replaced.
  bool foundReplacements() const { return steps.size() > walkStart; }
  /// An expression of the original symbols as this walk sees it.
  Size seed(const Size &size) const;

  /// Replaces symbols by others, all at once.
  void rename(const std::map<std::string, std::string> &names);

  /// Demands a == b. Holds: it does, or a replacement or conditions see to it.
  Verdict equate(const DimExpr &a, const DimExpr &b, mlir::Operation *op);
  /// Demands expression >= 0.
  Verdict require(const DimExpr &expression, mlir::Operation *op);
  /// Demands that a dimension of this size has the indices below `end`. A
  /// symbol that is only the length of one integer matrix (a mask) becomes what
  /// it takes.
  Verdict readBelow(const DimExpr &size, const DimExpr &end,
                    mlir::Operation *op);

  /// The conditions of this walk; none follows from another.
  const std::vector<Condition> &getConditions() const { return conditions; }
  /// All symbols of the inputs, in order of appearance.
  std::vector<std::string> symbols() const;

private:
  struct Symbol {
    unsigned order = 0;
    unsigned count = 0;       // dimensions of inputs that it is the size of
    bool isMatrixOnly = true; // these belong to integer matrices
    bool isGenerated = false;
  };

  Size resolve(const DimExpr &expression) const;
  void replace(const std::string &name, const DimExpr &value);
  void countSymbols();

  std::vector<Interface> current;
  std::vector<std::map<std::string, DimExpr>> steps;
  size_t walkStart = 0;
  std::map<std::string, Symbol> table;
  std::vector<std::string> generated;
  std::vector<Condition> conditions;
};

} // namespace qopt::symbols

#endif // QOPT_PASSES_IMPORT_SYMBOLS_SOLVER_H

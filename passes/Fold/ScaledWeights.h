//===- ScaledWeights.h - Weights that get factors ---------------*- C++ -*-===//

#ifndef QOPT_PASSES_FOLD_SCALEDWEIGHTS_H
#define QOPT_PASSES_FOLD_SCALEDWEIGHTS_H

#include "passes/Fold/Scalings.h"

namespace qopt {

/// The weights of a module, and factors that they get.
class ScaledWeights {
public:
  explicit ScaledWeights(mlir::ModuleOp module)
      : module(module), symbols(module) {}

  /// Multiplies a weight where it stands, for all who read it.
  void multiply(mlir::FlatSymbolRefAttr weight, Along along,
                mlir::Attribute factor);

  /// A new weight: `constant`, see constantOf, times the factor.
  mlir::FlatSymbolRefAttr makeProduct(mlir::Attribute constant, Along along,
                                      mlir::Attribute factor);

private:
  WeightOp lookup(mlir::FlatSymbolRefAttr symbol) {
    return symbols.lookup<WeightOp>(symbol.getAttr());
  }
  WeightOp clone(mlir::FlatSymbolRefAttr symbol, llvm::StringRef suffix);
  WeightOp makeWeight(mlir::DenseElementsAttr value, llvm::StringRef name);
  mlir::FlatSymbolRefAttr factorWeight(mlir::Attribute factor,
                                       llvm::StringRef ofWeight);
  mlir::FlatSymbolRefAttr combine(mlir::FlatSymbolRefAttr a,
                                  mlir::FlatSymbolRefAttr b);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  /// What is made already, for all weights that want the same.
  llvm::DenseMap<mlir::Attribute, mlir::FlatSymbolRefAttr> factors;
  llvm::DenseMap<std::pair<mlir::Attribute, mlir::Attribute>,
                 mlir::FlatSymbolRefAttr>
      products;
};

} // namespace qopt

#endif // QOPT_PASSES_FOLD_SCALEDWEIGHTS_H

//===- Activations.h - How inputs of products are held ----------*- C++ -*-===//

#ifndef QOPT_PASSES_QUANTIZE_ACTIVATIONS_H
#define QOPT_PASSES_QUANTIZE_ACTIVATIONS_H

#include "dialects/QOpt/QOpt.h"
#include "lib/Recipes/Recipe.h"

namespace qopt {

/// The attribute of products between the recipe and the pass that obeys it:
/// `activations = "int8-token"`. Products in f32 have none.
constexpr llvm::StringLiteral activationsAttr = "activations";

inline void setActivations(MatmulOp matmul, Activations activations) {
  if (activations == Activations::F32)
    matmul->removeAttr(activationsAttr);
  else
    matmul->setAttr(activationsAttr,
                    mlir::StringAttr::get(matmul.getContext(),
                                          activationsName(activations)));
}

/// Why the input of a product with a K of the weight stays f32, although its
/// recipe wants other activations for this format; empty: it does not.
llvm::StringRef whyInputStaysFloat(mlir::RankedTensorType input,
                                   const Format &format, int64_t K,
                                   llvm::StringRef wanted);

/// The activations that are compiled where a recipe wants these.
inline llvm::StringRef compiledActivations(mlir::RankedTensorType input,
                                           const Format &format, int64_t K,
                                           llvm::StringRef wanted) {
  return whyInputStaysFloat(input, format, K, wanted).empty()
             ? wanted
             : activationsName(Activations::F32);
}

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZE_ACTIVATIONS_H

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

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZE_ACTIVATIONS_H

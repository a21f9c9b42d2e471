//===- Inline.h - Expand model-local functions ------------------*- C++ -*-===//

#ifndef QOPT_LIB_ONNX_INLINE_H
#define QOPT_LIB_ONNX_INLINE_H

#include "lib/Onnx/Opsets.h"
#include "llvm/Support/Error.h"

namespace onnx {
class ModelProto;
} // namespace onnx

namespace qopt::onnxfile {

/// Replaces every call of a function of the model, in subgraphs and functions
/// too, by the function's nodes, and drops the functions. Values inside a
/// function get new names, its nodes are named "call/node". Fills in
/// `opsets.ofNodes`.
llvm::Error inlineFunctions(::onnx::ModelProto &model, Opsets &opsets);

} // namespace qopt::onnxfile

#endif // QOPT_LIB_ONNX_INLINE_H

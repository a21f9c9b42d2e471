//===- Validate.h - Check the names of a graph ------------------*- C++ -*-===//

#ifndef QOPT_LIB_ONNX_VALIDATE_H
#define QOPT_LIB_ONNX_VALIDATE_H

#include "lib/Onnx/Opsets.h"
#include "llvm/Support/Error.h"

namespace onnx {
class GraphProto;
} // namespace onnx

namespace qopt::onnxfile {

/// Checks, subgraphs included, that every value has one definition that stands
/// before its uses and every node's domain an opset. The error names node and
/// value, and the cycle where the graph has one.
llvm::Error validateNames(const ::onnx::GraphProto &graph,
                          const Opsets &opsets);

} // namespace qopt::onnxfile

#endif // QOPT_LIB_ONNX_VALIDATE_H

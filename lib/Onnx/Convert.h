//===- Convert.h - From protobuf messages to structs ------------*- C++ -*-===//

#ifndef QOPT_LIB_ONNX_CONVERT_H
#define QOPT_LIB_ONNX_CONVERT_H

#include "lib/Onnx/Opsets.h"
#include "lib/Onnx/Tensors.h"

namespace onnx {
class GraphProto;
} // namespace onnx

namespace qopt::onnxfile {

/// Constant nodes become initializers, initializers of inputs replace them. The
/// error names node and cause.
llvm::Expected<Graph> convertGraph(const ::onnx::GraphProto &proto,
                                   const Opsets &opsets, TensorReader &tensors);

} // namespace qopt::onnxfile

#endif // QOPT_LIB_ONNX_CONVERT_H

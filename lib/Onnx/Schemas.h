//===- Schemas.h - What the ONNX library knows of operators -----*- C++ -*-===//

#ifndef QOPT_LIB_ONNX_SCHEMAS_H
#define QOPT_LIB_ONNX_SCHEMAS_H

#include "lib/Onnx/Opsets.h"
#include "llvm/Support/Error.h"

namespace onnx {
class GraphProto;
} // namespace onnx

namespace qopt::onnxfile {

/// Checks every node against its operator's schema and infers the types of all
/// values. `value_info` and the types of outputs then hold what the file says,
/// completed and, where the two contradict each other, corrected by inference;
/// the names of dimensions are the file's. Names must have been checked. An
/// error names node and cause: a node that breaks its schema, inputs whose
/// types or shapes do not fit each other. Nodes of unknown operators have the
/// types that the file says.
llvm::Error inferTypes(::onnx::GraphProto &graph, const Opsets &opsets);

} // namespace qopt::onnxfile

#endif // QOPT_LIB_ONNX_SCHEMAS_H

//===- Messages.h - Errors that name a node ---------------------*- C++ -*-===//

#ifndef QOPT_LIB_ONNX_MESSAGES_H
#define QOPT_LIB_ONNX_MESSAGES_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <string>

namespace onnx {
class NodeProto;
} // namespace onnx

namespace qopt::onnxfile {

/// "node 'name' (OpType)"; a node without a name is named by its first output.
std::string describeNode(const ::onnx::NodeProto &node);

/// "node 'name' (OpType): cause".
llvm::Error nodeError(const ::onnx::NodeProto &node, const llvm::Twine &cause);

} // namespace qopt::onnxfile

#endif // QOPT_LIB_ONNX_MESSAGES_H

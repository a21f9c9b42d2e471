//===- Messages.cpp - Errors that name a node -----------------------------===//

#include "lib/Onnx/Messages.h"

#include <onnx/onnx_pb.h>

using namespace llvm;

std::string qopt::onnxfile::describeNode(const ::onnx::NodeProto &node) {
  std::string name = node.name();
  for (const std::string &output : node.output())
    if (name.empty())
      name = output;
  return "node '" + name + "' (" + node.op_type() + ")";
}

Error qopt::onnxfile::nodeError(const ::onnx::NodeProto &node,
                                const Twine &cause) {
  return createStringError(Twine(describeNode(node)) + ": " + cause);
}

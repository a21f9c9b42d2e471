//===- Opsets.h - Which opset a node is written for -------------*- C++ -*-===//

#ifndef QOPT_LIB_ONNX_OPSETS_H
#define QOPT_LIB_ONNX_OPSETS_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

namespace onnx {
class NodeProto;
} // namespace onnx

namespace qopt::onnxfile {

/// Opset by domain; the standard domain is "".
using OpsetMap = std::map<std::string, int64_t>;

/// The opsets of a model whose functions may be written for other ones. Nodes
/// are known by address: it holds while the message is not copied.
struct Opsets {
  OpsetMap model;
  /// Nodes that come from functions whose opsets differ from the model's.
  std::unordered_map<const ::onnx::NodeProto *, std::shared_ptr<const OpsetMap>>
      ofNodes;

  const OpsetMap &get(const ::onnx::NodeProto *node) const {
    auto found = ofNodes.find(node);
    return found == ofNodes.end() ? model : *found->second;
  }
};

} // namespace qopt::onnxfile

#endif // QOPT_LIB_ONNX_OPSETS_H

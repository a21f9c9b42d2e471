//===- Paths.cpp - Module paths as exporters write them -------------------===//

#include "passes/Raise/Paths.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace qopt {

StringAttr rawPath(onnx::NodeOp node, StringRef weight) {
  Builder builder(node.getContext());
  if (auto scope = node.getScopeAttr(); scope && !scope.getValue().empty())
    return scope;
  auto name = node.getLoc()->findInstanceOf<NameLoc>();
  StringRef text = name ? name.getName().getValue() : StringRef();
  if (text.starts_with("/") && text.count('/') > 1) {
    std::string path = text.drop_front().rsplit('/').first.str();
    std::replace(path.begin(), path.end(), '/', '.');
    return builder.getStringAttr(path);
  }
  if (weight.consume_back(".weight"))
    return builder.getStringAttr(weight);
  return nullptr;
}

} // namespace qopt

//===- SignatureRoles.cpp - What the model's tensors are for --------------===//

#include "passes/Raise/SignatureRoles.h"

using namespace mlir;

namespace qopt {

static ArrayAttr withRole(ArrayAttr tensors, Attribute name, StringRef role,
                          std::optional<int64_t> cache) {
  Builder builder(tensors.getContext());
  SmallVector<Attribute> changed;
  for (Attribute tensor : tensors) {
    NamedAttrList list(cast<DictionaryAttr>(tensor));
    if (name && list.get("name") == name) {
      list.set("role", builder.getStringAttr(role));
      if (cache)
        list.set("cache", builder.getI64IntegerAttr(*cache));
    }
    changed.push_back(list.getDictionary(tensors.getContext()));
  }
  return builder.getArrayAttr(changed);
}

void setInputRole(SignatureOp signature, func::FuncOp function,
                  unsigned argument, StringRef role,
                  std::optional<int64_t> cache) {
  signature.setInputsAttr(withRole(signature.getInputs(),
                                   function.getArgAttr(argument, "qopt.name"),
                                   role, cache));
}

void setOutputRole(SignatureOp signature, func::FuncOp function,
                   unsigned result, StringRef role,
                   std::optional<int64_t> cache) {
  signature.setOutputsAttr(withRole(signature.getOutputs(),
                                    function.getResultAttr(result, "qopt.name"),
                                    role, cache));
}

} // namespace qopt

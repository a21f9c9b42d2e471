//===- PackedTypes.cpp - Weights as they lie in the artifact --------------===//

#include "passes/Quantize/PackedTypes.h"

using namespace mlir;

namespace qopt {

int64_t getPackedBytes(Type packed) {
  if (auto codes = dyn_cast<QTensorType>(packed))
    return codes.getPanels().bytes();
  auto type = cast<RankedTensorType>(packed);
  return type.getNumElements() *
         std::max(1u, type.getElementTypeBitWidth() / 8);
}

RankedTensorType getPanelsType(RankedTensorType matrix, Type element) {
  int64_t panels = llvm::divideCeil(matrix.getDimSize(0), panelColumns);
  return RankedTensorType::get({panels, matrix.getDimSize(1), panelColumns},
                               element);
}

} // namespace qopt

//===- Registration.cpp - Makes the passes' declarations a library --------===//

#include "dialects/ONNX/ONNX.h"
#include "dialects/QOpt/QOpt.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "passes/Passes.h"

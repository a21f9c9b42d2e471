//===- QOptFolds.cpp - Ops that are known without running -----------------===//

#include "dialects/QOpt/QOpt.h"

using namespace mlir;
using namespace qopt;

LogicalResult RoundOp::fold(FoldAdaptor,
                            SmallVectorImpl<OpFoldResult> &results) {
  // The buffer form has no result.
  if (!getResult() || getResult().getType() != getInput().getType())
    return failure();
  results.push_back(getInput());
  return success();
}

//===- Normalise.h - One form for all schema versions -----------*- C++ -*-===//

#ifndef QOPT_LIB_ONNX_NORMALISE_H
#define QOPT_LIB_ONNX_NORMALISE_H

#include "lib/Onnx/Model.h"

namespace qopt::onnxfile {

/// Brings the standard operators of a graph and its subgraphs into the form
/// that `Model` describes. New constants become initializers.
void normaliseNodes(Graph &graph);

} // namespace qopt::onnxfile

#endif // QOPT_LIB_ONNX_NORMALISE_H

//===- ModelHeader.h - The generated header of a model ----------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_MODELHEADER_H
#define QOPT_LIB_ARTIFACT_MODELHEADER_H

#include "lib/Artifact/Table.h"
#include <string>

namespace qopt {

/// The text of model.h, C11 and C++: numbers and names of inputs and outputs,
/// for each an inline function that makes its qopt_tensor from a typed pointer
/// and the symbols that its dims have, and an inline function that runs the
/// model with all of them (a decoder: from an empty cache, without its
/// present_*).
std::string modelHeader(const ArtifactTable &table);

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_MODELHEADER_H

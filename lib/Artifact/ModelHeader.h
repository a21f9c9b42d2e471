//===- ModelHeader.h - The generated header of a model ----------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_MODELHEADER_H
#define QOPT_LIB_ARTIFACT_MODELHEADER_H

#include "lib/Artifact/Table.h"
#include <string>

namespace qopt {

/// The text of model.h, C11 and C++11, all inline functions: for each input and
/// output its number of elements and its qopt_tensor, from a typed pointer and
/// the symbols that its dims have; `load`, which refuses artifacts of another
/// signature; `run` with all of them (a decoder: from an empty cache, without
/// its past_* and present_*); of decoders `prefill` and `decode`. Each pointer
/// goes with the number of elements there, which is checked.
std::string modelHeader(const ArtifactTable &table);

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_MODELHEADER_H

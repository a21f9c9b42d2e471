//===- Packing.h - Weights into the order of use ----------------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_PACKING_H
#define QOPT_LIB_ARTIFACT_PACKING_H

#include "lib/Artifact/Weights.h"

namespace qopt {

/// A weight seen as `matrices` matrices of `rows` x `columns`, stored as
/// [matrices][units][columns][width]: a unit is a panel, or one row when dense.
struct PackingShape {
  int64_t matrices = 1;
  int64_t rows = 1;    ///< N
  int64_t columns = 1; ///< K
  int64_t units = 1;
  int64_t width = 1;
};

PackingShape getPackingShape(const PackedWeight &weight);

/// A part of a stored weight: of a matrix, units [beginUnit, endUnit) of these
/// columns [beginColumn, endColumn). It lies in one piece when it has one unit
/// or all columns, else in one piece for each unit.
struct PackingChunk {
  size_t weight = 0; ///< index in the list
  int64_t matrix = 0;
  int64_t beginUnit = 0, endUnit = 0;
  int64_t beginColumn = 0, endColumn = 0;
  int64_t bytes = 0;

  int64_t offset = 0; ///< of its first piece in the stored weight
  int64_t pieceBytes = 0;
  int64_t pieceStride = 0; ///< from one piece to the next
};

/// Appends the chunks of a weight, in order, each of at most `maxBytes` bytes
/// (or one column of one unit).
void appendChunks(size_t index, const PackedWeight &weight, int64_t maxBytes,
                  std::vector<PackingChunk> &chunks);

/// Multiplies floats that follow each other in the source, from element (row,
/// column) of a matrix on, by the factors of the weight.
void applyFactors(const PackedWeight &weight, int64_t row, int64_t column,
                  llvm::MutableArrayRef<float> values);

/// Writes a chunk to `target`, its pieces one after the other; `source` holds
/// the weight's bytes as in its file.
void packChunk(const PackedWeight &weight, const PackingChunk &chunk,
               const char *source, char *target);

/// The same for weights of codes (QuantizeWeights.cpp): units are panels,
/// whole. A matrix whose solver has to see all rows is one chunk, for which the
/// solver may use `threads`.
llvm::Error appendCodeChunks(size_t index, const PackedWeight &weight,
                             std::vector<PackingChunk> &chunks);
llvm::Error quantizeChunk(const PackedWeight &weight, const PackingChunk &chunk,
                          const char *source, unsigned threads, char *target);

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_PACKING_H

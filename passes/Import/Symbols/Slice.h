//===- Slice.h - The ranges that a slice takes ------------------*- C++ -*-===//

#ifndef QOPT_PASSES_IMPORT_SYMBOLS_SLICE_H
#define QOPT_PASSES_IMPORT_SYMBOLS_SLICE_H

#include "passes/Import/Symbols/Node.h"

namespace qopt::symbols {

/// What a Slice takes of one axis, as the node says it.
struct SliceRange {
  int64_t axis;
  Size start, end;
  int64_t step;
};

/// The ranges of a Slice node, from attributes or inputs; nothing when its axes
/// or steps are not known.
std::optional<llvm::SmallVector<SliceRange>> getSlices(Node &node);

/// First index and number of elements of a range of constants in a dimension.
std::optional<std::pair<int64_t, int64_t>> clampRange(const SliceRange &range,
                                                      int64_t size);

} // namespace qopt::symbols

#endif // QOPT_PASSES_IMPORT_SYMBOLS_SLICE_H

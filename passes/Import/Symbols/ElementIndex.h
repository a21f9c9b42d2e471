//===- ElementIndex.h - Elements of small tensors by index ------*- C++ -*-===//

#ifndef QOPT_PASSES_IMPORT_SYMBOLS_ELEMENTINDEX_H
#define QOPT_PASSES_IMPORT_SYMBOLS_ELEMENTINDEX_H

#include "passes/Import/Symbols/Node.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace qopt::symbols {

using Index = llvm::SmallVector<int64_t, 4>;

/// The shape, when it is constant and of few elements.
std::optional<Index> smallShape(const std::optional<Sizes> &sizes);
/// The place of an index in row-major order, and the reverse.
int64_t linearize(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape);
Index delinearize(int64_t place, llvm::ArrayRef<int64_t> shape);
/// The place in a tensor that is broadcast to a larger shape.
int64_t broadcastPlace(llvm::ArrayRef<int64_t> index,
                       llvm::ArrayRef<int64_t> shape);

/// Elements of result 0 from those of all inputs at the same broadcast index.
/// Nothing where an input's are not known.
void mapElements(Node &node,
                 llvm::function_ref<Element(llvm::ArrayRef<Element>)> function);

/// Elements of result `result`, each read where `source` says: an input and its
/// place there; unknown where it says nothing.
void moveElements(
    Node &node, unsigned result,
    llvm::function_ref<
        std::optional<std::pair<unsigned, int64_t>>(const Index &)>
        source);

} // namespace qopt::symbols

#endif // QOPT_PASSES_IMPORT_SYMBOLS_ELEMENTINDEX_H

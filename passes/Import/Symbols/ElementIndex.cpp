//===- ElementIndex.cpp - Elements of small tensors by index --------------===//

#include "passes/Import/Symbols/ElementIndex.h"

using namespace mlir;

namespace qopt::symbols {

std::optional<Index> smallShape(const std::optional<Sizes> &sizes) {
  auto shape = sizes ? constants(*sizes) : std::nullopt;
  if (!shape)
    return std::nullopt;
  int64_t count = 1;
  for (int64_t size : *shape) {
    if (size < 0 || size > maxElements)
      return std::nullopt;
    count *= size;
    if (count > maxElements)
      return std::nullopt;
  }
  return Index(shape->begin(), shape->end());
}

int64_t linearize(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t place = 0;
  for (size_t i = 0; i < shape.size(); ++i)
    place = place * shape[i] + index[i];
  return place;
}

Index delinearize(int64_t place, ArrayRef<int64_t> shape) {
  Index index(shape.size());
  for (size_t i = shape.size(); i-- > 0;) {
    index[i] = place % shape[i];
    place /= shape[i];
  }
  return index;
}

int64_t broadcastPlace(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  ArrayRef<int64_t> own = index.take_back(shape.size());
  int64_t place = 0;
  for (size_t i = 0; i < shape.size(); ++i)
    place = place * shape[i] + (shape[i] == 1 ? 0 : own[i]);
  return place;
}

static int64_t countOf(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

void mapElements(Node &node,
                 llvm::function_ref<Element(ArrayRef<Element>)> function) {
  auto shape = smallShape(node.results[0].sizes);
  if (!shape || node.numInputs() == 0)
    return;
  SmallVector<Index> shapes;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    auto own = smallShape(node.input(i).sizes);
    if (!own || own->size() > shape->size() || !node.elements(i) ||
        countOf(*own) != int64_t(node.elements(i)->size()))
      return;
    shapes.push_back(*own);
  }
  Elements result;
  for (int64_t place = 0, count = countOf(*shape); place < count; ++place) {
    Index index = delinearize(place, *shape);
    SmallVector<Element> operands;
    for (unsigned i = 0; i < node.numInputs(); ++i)
      operands.push_back((*node.elements(i))[broadcastPlace(index, shapes[i])]);
    result.push_back(function(operands));
  }
  node.results[0].elements = result;
}

void moveElements(
    Node &node, unsigned number,
    llvm::function_ref<
        std::optional<std::pair<unsigned, int64_t>>(const Index &)>
        source) {
  auto shape = smallShape(node.results[number].sizes);
  if (!shape)
    return;
  Elements result;
  for (int64_t place = 0, count = countOf(*shape); place < count; ++place) {
    auto from = source(delinearize(place, *shape));
    const Elements *elements = from ? node.elements(from->first) : nullptr;
    bool isInside = elements && from->second >= 0 &&
                    from->second < int64_t(elements->size());
    result.push_back(isInside ? (*elements)[from->second] : Element());
  }
  node.results[number].elements = result;
}

} // namespace qopt::symbols

//===- ElementMoves.cpp - Operators that move elements --------------------===//

#include "passes/Import/Symbols/ElementIndex.h"
#include "passes/Import/Symbols/Slice.h"

using namespace mlir;

namespace qopt::symbols {
namespace {

using Source = std::optional<std::pair<unsigned, int64_t>>;

/// The same elements in the same order with other sizes.
void keep(Node &node) {
  auto shape = smallShape(node.results[0].sizes);
  const Elements *elements = node.elements(0);
  if (!shape || !elements)
    return;
  int64_t count = 1;
  for (int64_t size : *shape)
    count *= size;
  if (count == int64_t(elements->size()))
    node.results[0].elements = *elements;
}

void shape(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return;
  int64_t rank = input->size();
  auto bound = [&](StringRef name, int64_t otherwise) {
    int64_t index = node.op.intAttribute(name, otherwise);
    return std::clamp<int64_t>(index < 0 ? index + rank : index, 0, rank);
  };
  Elements elements;
  for (int64_t i = bound("start", 0), end = bound("end", rank); i < end; ++i)
    elements.push_back(elementOf((*input)[i]));
  node.results[0].elements = elements;
}

void size(Node &node) {
  if (const Sizes *input = node.sizes(0))
    node.results[0].elements = Elements{elementOf(product(*input))};
}

void constantOfShape(Node &node) {
  auto shape = smallShape(node.results[0].sizes);
  if (!shape)
    return;
  Element value;
  if (!node.op.attribute("value"))
    value = Element::real(0);
  else if (auto given = readElements(node.op.attribute("value"));
           given && given->size() == 1)
    value = given->front();
  if (value.real() && !isa_and_nonnull<FloatType>(node.resultElementType(0)))
    value = Element();
  int64_t count = 1;
  for (int64_t size : *shape)
    count *= size;
  node.results[0].elements = Elements(count, value);
}

void range(Node &node) {
  auto shape = smallShape(node.results[0].sizes);
  const Elements *start = node.elements(0), *delta = node.elements(2);
  if (!shape || shape->size() != 1 || !start || !delta)
    return;
  Elements elements;
  for (int64_t i = 0; i < shape->front(); ++i) {
    const Element &first = start->front(), &step = delta->front();
    Size number;
    if (first.expression() && step.expression())
      number = add(*first.expression(),
                   multiply(*step.expression(), Size(DimExpr(i))));
    elements.push_back(elementOf(number));
  }
  node.results[0].elements = elements;
}

void gather(Node &node) {
  auto data = smallShape(node.input(0).sizes),
       at = smallShape(node.input(1).sizes);
  auto indices = node.integers(1);
  if (!data || !at || !indices || !node.elements(0))
    return;
  auto axis = node.axis(node.op.intAttribute("axis", 0), data->size());
  if (!axis)
    return;
  moveElements(node, 0, [&](const Index &index) -> Source {
    ArrayRef<int64_t> where = ArrayRef(index).slice(*axis, at->size());
    int64_t row = (*indices)[linearize(where, *at)], size = (*data)[*axis];
    if (row < -size || row >= size)
      return std::nullopt;
    Index from(index.begin(), index.begin() + *axis);
    from.push_back(row < 0 ? row + size : row);
    from.append(index.begin() + *axis + at->size(), index.end());
    return std::pair(0u, linearize(from, *data));
  });
}

void slice(Node &node) {
  auto data = smallShape(node.input(0).sizes);
  auto ranges = getSlices(node);
  if (!data || !ranges || !node.elements(0))
    return;
  Index first(data->size(), 0), step(data->size(), 1);
  for (const SliceRange &range : *ranges) {
    auto clamped = clampRange(range, (*data)[range.axis]);
    if (!clamped)
      return;
    first[range.axis] = clamped->first;
    step[range.axis] = clamped->second > 1 ? range.step : 1;
  }
  moveElements(node, 0, [&](const Index &index) -> Source {
    Index from = index;
    for (size_t i = 0; i < from.size(); ++i)
      from[i] = first[i] + index[i] * step[i];
    return std::pair(0u, linearize(from, *data));
  });
}

void concat(Node &node) {
  auto result = smallShape(node.results[0].sizes);
  auto axis = result
                  ? node.axis(node.op.intAttribute("axis", 1), result->size())
                  : std::nullopt;
  SmallVector<Index> shapes;
  for (unsigned i = 0; axis && i < node.numInputs(); ++i) {
    auto shape = smallShape(node.input(i).sizes);
    if (!shape)
      return;
    shapes.push_back(*shape);
  }
  if (!axis)
    return;
  moveElements(node, 0, [&](const Index &index) -> Source {
    Index from = index;
    for (auto [i, shape] : llvm::enumerate(shapes)) {
      if (from[*axis] < shape[*axis])
        return std::pair(unsigned(i), linearize(from, shape));
      from[*axis] -= shape[*axis];
    }
    return std::nullopt;
  });
}

void split(Node &node) {
  auto data = smallShape(node.input(0).sizes);
  auto axis = data ? node.axis(node.op.intAttribute("axis", 0), data->size())
                   : std::nullopt;
  if (!axis || !node.elements(0))
    return;
  int64_t offset = 0;
  for (unsigned i = 0; i < node.results.size(); ++i) {
    auto shape = smallShape(node.results[i].sizes);
    if (!shape)
      return;
    moveElements(node, i, [&](const Index &index) -> Source {
      Index from = index;
      from[*axis] += offset;
      return std::pair(0u, linearize(from, *data));
    });
    offset += (*shape)[*axis];
  }
}

void expand(Node &node) {
  auto data = smallShape(node.input(0).sizes);
  if (!data || !node.elements(0))
    return;
  moveElements(node, 0, [&](const Index &index) -> Source {
    return std::pair(0u, broadcastPlace(index, *data));
  });
}

void tile(Node &node) {
  auto data = smallShape(node.input(0).sizes);
  if (!data || !node.elements(0))
    return;
  moveElements(node, 0, [&](const Index &index) -> Source {
    Index from = index;
    for (size_t i = 0; i < from.size(); ++i)
      from[i] %= (*data)[i];
    return std::pair(0u, linearize(from, *data));
  });
}

void transpose(Node &node) {
  auto data = smallShape(node.input(0).sizes);
  if (!data || !node.elements(0))
    return;
  int64_t rank = data->size();
  auto given = node.op.intsAttribute("perm");
  moveElements(node, 0, [&](const Index &index) -> Source {
    Index from(rank);
    for (int64_t i = 0; i < rank; ++i)
      from[given ? (*given)[i] : rank - 1 - i] = index[i];
    return std::pair(0u, linearize(from, *data));
  });
}

/// Sum or product of all elements of an integer tensor of rank 1.
template <bool isSum> void reduce(Node &node) {
  const Elements *elements = node.elements(0);
  auto result = smallShape(node.results[0].sizes);
  if (!elements || !node.sizes(0) || node.sizes(0)->size() != 1 || !result ||
      (elements->size() > 1 && node.results[0].sizes == node.input(0).sizes))
    return;
  Size total = DimExpr(isSum ? 0 : 1);
  for (const Element &element : *elements) {
    Size next =
        element.expression() ? Size(*element.expression()) : std::nullopt;
    total = isSum ? add(total, next) : multiply(total, next);
  }
  if (total)
    node.results[0].elements = Elements{Element(*total)};
}

} // namespace

void addElementMoves(ElementFunctions &functions) {
  for (StringRef name :
       {"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})
    functions[name] = keep;
  functions["Shape"] = shape;
  functions["Size"] = size;
  functions["ConstantOfShape"] = constantOfShape;
  functions["Range"] = range;
  functions["Gather"] = gather;
  functions["Slice"] = slice;
  functions["Concat"] = concat;
  functions["Split"] = split;
  functions["Expand"] = expand;
  functions["Tile"] = tile;
  functions["Transpose"] = transpose;
  functions["ReduceSum"] = reduce<true>;
  functions["ReduceProd"] = reduce<false>;
}

} // namespace qopt::symbols

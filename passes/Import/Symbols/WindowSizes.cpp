//===- WindowSizes.cpp - Sizes of convolutions, pools, pads, resizes ------===//

#include "passes/Import/Symbols/Node.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;

namespace qopt::symbols {
namespace {

/// The window of a convolution or pool, for one spatial dimension.
struct Window {
  Size kernel;
  int64_t stride = 1, dilation = 1, before = 0, after = 0;
};

/// Reads the attributes of all spatial dimensions; nothing when they do not
/// fit.
std::optional<SmallVector<Window>> getWindows(Node &node,
                                              ArrayRef<Size> kernel) {
  SmallVector<Window> windows;
  for (const Size &size : kernel)
    windows.push_back({size});
  size_t rank = windows.size();
  auto strides = node.op.intsAttribute("strides");
  auto dilations = node.op.intsAttribute("dilations");
  auto pads = node.op.intsAttribute("pads");
  if ((strides && strides->size() != rank) ||
      (dilations && dilations->size() != rank) ||
      (pads && pads->size() != 2 * rank))
    return std::nullopt;
  for (size_t i = 0; i < rank; ++i) {
    Window &window = windows[i];
    window.stride = strides ? (*strides)[i] : 1;
    window.dilation = dilations ? (*dilations)[i] : 1;
    if (pads) {
      window.before = (*pads)[i];
      window.after = (*pads)[rank + i];
    }
    for (int64_t value : {window.stride, window.dilation})
      if (value < 1 || value > INT32_MAX)
        return std::nullopt;
    for (int64_t value : {window.before, window.after})
      if (value < -INT32_MAX || value > INT32_MAX)
        return std::nullopt;
  }
  return windows;
}

/// floor or ceil of size / divisor, where it can be said.
Size quotient(const Size &size, int64_t divisor, bool up) {
  if (!size)
    return std::nullopt;
  if (auto constant = size->constant(); constant && *constant >= 0)
    return DimExpr(*constant / divisor + (up && *constant % divisor != 0));
  return size->dividedBy(DimExpr(divisor));
}

/// Positions of a window along a dimension.
Size countPositions(Node &node, const Window &window, const Size &size) {
  StringRef pad = node.op.stringAttribute("auto_pad", "NOTSET");
  if (pad == "SAME_UPPER" || pad == "SAME_LOWER")
    return quotient(size, window.stride, /*up=*/true);
  int64_t padding = pad == "VALID" ? 0 : window.before + window.after;
  Size extent =
      multiply(subtract(window.kernel, DimExpr(1)), DimExpr(window.dilation));
  Size room = subtract(add(size, DimExpr(padding)), add(extent, DimExpr(1)));
  if (!room)
    return std::nullopt;
  if (!room->isKnownNonNegative() &&
      node.solver.require(*room, node.op) != Verdict::Holds)
    return std::nullopt;
  bool up = node.op.intAttribute("ceil_mode", 0) != 0;
  Size count = quotient(room, window.stride, up);
  // With ceil_mode, a window may not start in the padding behind the input.
  if (up && count && size->constant() && count->constant() &&
      __int128(*count->constant()) * window.stride >=
          __int128(*size->constant()) + window.before)
    return count;
  return add(count, DimExpr(1));
}

LogicalResult windowed(Node &node, ArrayRef<Size> kernel, const Size &channels,
                       unsigned results) {
  const Sizes &input = *node.sizes(0);
  if (input.size() != kernel.size() + 2)
    return node.fail("an input of the window's rank", {0});
  auto windows = getWindows(node, kernel);
  if (!windows)
    return node.fail("strides, dilations and pads that fit its window", {0});
  Sizes result = {input[0], channels};
  for (auto [window, size] :
       llvm::zip(*windows, ArrayRef<Size>(input).drop_front(2)))
    result.push_back(countPositions(node, window, size));
  for (unsigned i = 0; i < results; ++i)
    node.setSizes(i, result);
  return success();
}

LogicalResult convolution(Node &node, unsigned weightIndex) {
  const Sizes *input = node.sizes(0), *weight = node.sizes(weightIndex);
  if (!input || !weight)
    return success();
  if (weight->size() < 3 || weight->size() != input->size())
    return node.fail("input and weight of the same rank", {0, weightIndex});
  Size channels =
      multiply((*weight)[1], DimExpr(node.op.intAttribute("group", 1)));
  if (failed(node.same((*input)[1], channels)))
    return node.fail("channels that fit its weight", {0, weightIndex});
  return windowed(node, ArrayRef<Size>(*weight).drop_front(2), (*weight)[0], 1);
}

LogicalResult conv(Node &node) { return convolution(node, 1); }
LogicalResult quantizedConv(Node &node) { return convolution(node, 3); }

LogicalResult pool(Node &node) {
  const Sizes *input = node.sizes(0);
  auto shape = node.op.intsAttribute("kernel_shape");
  if (!input || !shape || input->size() < 2)
    return success();
  Sizes kernel;
  for (int64_t size : *shape)
    kernel.push_back(DimExpr(size));
  return windowed(node, kernel, (*input)[1], 2);
}

LogicalResult convTranspose(Node &node) {
  const Sizes *input = node.sizes(0), *weight = node.sizes(1);
  if (!input || !weight || weight->size() < 3 ||
      weight->size() != input->size())
    return success();
  auto windows = getWindows(node, ArrayRef<Size>(*weight).drop_front(2));
  if (!windows)
    return node.fail("strides, dilations and pads that fit its window", {0, 1});
  size_t rank = windows->size();
  auto extra = node.op.intsAttribute("output_padding");
  auto shape = node.op.intsAttribute("output_shape");
  bool isSame =
      node.op.stringAttribute("auto_pad", "NOTSET").starts_with("SAME");
  Sizes result = {
      (*input)[0],
      multiply((*weight)[1], DimExpr(node.op.intAttribute("group", 1)))};
  for (auto [i, window] : llvm::enumerate(*windows)) {
    Size steps = multiply((*input)[2 + i], DimExpr(window.stride));
    Size size = subtract(steps, DimExpr(window.stride));
    size = add(size, multiply(subtract(window.kernel, DimExpr(1)),
                              DimExpr(window.dilation)));
    size = add(size, DimExpr(1 - window.before - window.after));
    if (extra && extra->size() == rank)
      size = add(size, DimExpr((*extra)[i]));
    if (shape && shape->size() >= rank)
      size = DimExpr((*shape)[shape->size() - rank + i]);
    result.push_back(isSame && !shape ? steps : size);
  }
  node.setSizes(0, result);
  return success();
}

LogicalResult pad(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  std::optional<Sizes> pads = node.elementSizes(1);
  if (auto given = node.op.intsAttribute("pads")) {
    pads = Sizes();
    for (int64_t size : *given)
      pads->push_back(DimExpr(size));
  }
  SmallVector<int64_t> axes;
  for (size_t i = 0; i < input->size(); ++i)
    axes.push_back(i);
  auto given = node.has(3) ? node.integers(3) : axes;
  auto counted = given ? node.axes(*given, input->size()) : std::nullopt;
  if (!pads || !given) {
    node.setRank(0, input->size());
    return success();
  }
  if (!counted || pads->size() != 2 * counted->size())
    return node.fail("two pads for each of its axes", {0});
  Sizes result = *input;
  for (auto [i, axis] : llvm::enumerate(*counted))
    result[axis] =
        add(add(result[axis], (*pads)[i]), (*pads)[counted->size() + i]);
  node.setSizes(0, result);
  return success();
}

/// Resize and Upsample, from sizes or scales.
LogicalResult resize(Node &node) {
  const Sizes *input = node.sizes(0);
  if (!input)
    return success();
  bool isOld = node.op.is("Upsample") || node.op.getOpset() < 11;
  node.setRank(0, input->size());
  if (node.op.attribute("axes") ||
      node.op.stringAttribute("keep_aspect_ratio_policy", "stretch") !=
          "stretch")
    return success();
  if (auto sizes = node.elementSizes(3);
      node.has(3) && sizes && sizes->size() == input->size()) {
    node.setSizes(0, *sizes);
    return success();
  }
  const Elements *scales = node.elements(isOld ? 1 : 2);
  if (!scales || scales->size() != input->size())
    return success();
  Sizes result(input->size());
  for (auto [i, size] : llvm::enumerate(*input)) {
    const double *scale = (*scales)[i].real();
    if (!size || !scale || !std::isfinite(*scale) || *scale < 0 || *scale > 1e6)
      continue;
    auto constant = size->constant();
    if (*scale == std::floor(*scale))
      result[i] = size->times(DimExpr(int64_t(*scale)));
    else if (constant && *constant >= 0 && *constant < INT32_MAX)
      result[i] =
          DimExpr(int64_t(std::floor(float(*constant) * float(*scale))));
  }
  node.setSizes(0, result);
  return success();
}

} // namespace

void addWindowSizes(SizeFunctions &functions) {
  functions["Conv"] = conv;
  functions["ConvInteger"] = conv;
  functions["QLinearConv"] = quantizedConv;
  functions["ConvTranspose"] = convTranspose;
  for (StringRef name : {"AveragePool", "LpPool", "MaxPool"})
    functions[name] = pool;
  functions["Pad"] = pad;
  functions["Resize"] = resize;
  functions["Upsample"] = resize;
}

} // namespace qopt::symbols

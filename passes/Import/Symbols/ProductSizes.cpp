//===- ProductSizes.cpp - Sizes of matrix products and attention ----------===//

#include "passes/Import/Symbols/Node.h"

#include "llvm/ADT/StringExtras.h"
#include <map>

using namespace mlir;

namespace qopt::symbols {
namespace {

/// Product of the inputs `a` and `b` as numpy's matmul.
LogicalResult matrixProduct(Node &node, unsigned a, unsigned b) {
  if (!node.sizes(a) || !node.sizes(b))
    return success();
  Sizes left = *node.sizes(a), right = *node.sizes(b);
  if (left.empty() || right.empty())
    return node.fail("operands of rank 1 or more", {a, b});
  bool isRow = left.size() == 1, isColumn = right.size() == 1;
  if (isRow)
    left.insert(left.begin(), DimExpr(1));
  if (isColumn)
    right.push_back(DimExpr(1));
  if (failed(node.same(left.back(), right[right.size() - 2])))
    return node.fail("operands that agree in the summed size", {a, b});
  auto result = node.broadcast(ArrayRef<Size>(left).drop_back(2),
                               ArrayRef<Size>(right).drop_back(2));
  if (failed(result))
    return node.fail("operands whose leading sizes broadcast", {a, b});
  if (!isRow)
    result->push_back(left[left.size() - 2]);
  if (!isColumn)
    result->push_back(right.back());
  node.setSizes(0, *result);
  return success();
}

LogicalResult matMul(Node &node) { return matrixProduct(node, 0, 1); }
LogicalResult quantizedMatMul(Node &node) { return matrixProduct(node, 0, 3); }

LogicalResult gemm(Node &node) {
  const Sizes *a = node.sizes(0), *b = node.sizes(1), *c = node.sizes(2);
  if (!a || !b)
    return success();
  if (a->size() != 2 || b->size() != 2)
    return node.fail("matrices", {0, 1});
  bool transA = node.op.intAttribute("transA", 0) != 0;
  bool transB = node.op.intAttribute("transB", 0) != 0;
  if (failed(node.same((*a)[transA ? 0 : 1], (*b)[transB ? 1 : 0])))
    return node.fail("operands that agree in the summed size", {0, 1});
  Sizes result = {(*a)[transA ? 1 : 0], (*b)[transB ? 0 : 1]};
  if (c) {
    auto both = node.broadcast(result, *c);
    if (failed(both) || both->size() != 2)
      return node.fail("a bias that broadcasts to the product", {0, 1, 2});
  }
  node.setSizes(0, result);
  return success();
}

/// Opset 23's Attention: [batch, heads, steps, size] or [batch, steps, heads *
/// size].
LogicalResult attention(Node &node) {
  const Sizes *query = node.sizes(0), *key = node.sizes(1),
              *value = node.sizes(2);
  if (!query || !key || !value)
    return success();
  auto heads = [&](StringRef name) -> Size {
    int64_t count = node.op.intAttribute(name, 0);
    return count > 0 ? Size(DimExpr(count)) : std::nullopt;
  };
  // All as [batch, heads, steps, size].
  auto split = [&](const Sizes &sizes,
                   const Size &heads) -> std::optional<Sizes> {
    if (sizes.size() == 4)
      return sizes;
    if (sizes.size() != 3)
      return std::nullopt;
    return Sizes{sizes[0], heads, sizes[1], divide(sizes[2], heads)};
  };
  auto q = split(*query, heads("q_num_heads"));
  auto k = split(*key, heads("kv_num_heads"));
  auto v = split(*value, heads("kv_num_heads"));
  if (!q || !k || !v)
    return node.fail("query, key and value of rank 3 or 4", {0, 1, 2});
  if (failed(node.same((*q)[0], (*k)[0])) ||
      failed(node.same((*q)[0], (*v)[0])) ||
      failed(node.same((*q)[3], (*k)[3])) ||
      failed(node.same((*k)[1], (*v)[1])) ||
      failed(node.same((*k)[2], (*v)[2])))
    return node.fail("query, key and value that fit each other", {0, 1, 2});

  Size total = (*k)[2];
  const Sizes *pastKey = node.sizes(4), *pastValue = node.sizes(5);
  if (node.has(4)) {
    if (!pastKey || pastKey->size() != 4)
      total = std::nullopt;
    else if (failed(node.same((*pastKey)[0], (*k)[0])) ||
             failed(node.same((*pastKey)[1], (*k)[1])) ||
             failed(node.same((*pastKey)[3], (*k)[3])))
      return node.fail("a past that fits the key", {4, 1});
    else
      total = add((*pastKey)[2], total);
  }
  if (pastKey && pastValue && pastKey->size() == 4 && pastValue->size() == 4 &&
      failed(node.same((*pastKey)[2], (*pastValue)[2])))
    return node.fail("past keys and values of the same length", {4, 5});

  Sizes scores = {(*q)[0], (*q)[1], (*q)[2], total};
  if (const Sizes *mask = node.sizes(3)) {
    // From opset 24 on, a shorter mask is padded.
    ArrayRef<Size> wanted(scores), given(*mask);
    if (node.op.getOpset() >= 24 && !given.empty()) {
      wanted = wanted.drop_back();
      given = given.drop_back();
    }
    if (failed(node.broadcast(wanted, given)))
      return node.fail("a mask that broadcasts to the scores", {0, 1, 3});
  }
  Sizes result = {(*q)[0], (*q)[1], (*q)[2], (*v)[3]};
  if (query->size() == 3)
    result = {(*q)[0], (*q)[2], multiply((*q)[1], (*v)[3])};
  node.setSizes(0, result);
  node.setSizes(1, {(*k)[0], (*k)[1], total, (*k)[3]});
  node.setSizes(2, {(*v)[0], (*v)[1], total, (*v)[3]});
  node.setSizes(3, scores);
  return success();
}

/// Letters name dimensions; "..." stands for those that are broadcast.
LogicalResult einsum(Node &node) {
  std::string equation;
  for (char c : node.op.stringAttribute("equation", ""))
    if (c != ' ')
      equation += c;
  auto [left, right] = StringRef(equation).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != node.numInputs())
    return node.fail("one term of its equation for each operand", {});
  std::map<char, Size> letters;
  std::map<char, unsigned> count;
  Sizes ellipsis;
  SmallVector<unsigned> seen;
  for (auto [i, term] : llvm::enumerate(terms)) {
    const Sizes *sizes = node.sizes(i);
    if (!sizes)
      return success();
    seen.push_back(i);
    size_t dots = term.find("...");
    bool hasDots = dots != StringRef::npos;
    size_t named = term.size() - (hasDots ? 3 : 0);
    if (sizes->size() < named || (!hasDots && sizes->size() != named))
      return node.fail("operands of the ranks of its equation", seen);
    size_t skipped = sizes->size() - named, position = 0;
    for (size_t j = 0; j < term.size(); ++j) {
      if (hasDots && j == dots) {
        auto both = node.broadcast(
            ellipsis, ArrayRef<Size>(*sizes).slice(position, skipped));
        if (failed(both))
          return node.fail("operands that broadcast", seen);
        ellipsis = *both;
        position += skipped;
        j += 2;
        continue;
      }
      auto [found, isNew] = letters.try_emplace(term[j], (*sizes)[position]);
      if (!isNew) {
        auto both = node.broadcast(found->second, (*sizes)[position]);
        if (failed(both))
          return node.fail("operands that agree in '" + Twine(term[j]) + "'",
                           seen);
        found->second = *both;
      }
      ++count[term[j]];
      ++position;
    }
  }
  std::string target = right.str();
  if (StringRef(equation).find("->") == StringRef::npos) {
    target = "...";
    for (const auto &[letter, uses] : count)
      if (uses == 1)
        target += letter;
  }
  Sizes result;
  for (size_t j = 0; j < target.size(); ++j) {
    if (StringRef(target).substr(j).starts_with("...")) {
      result.append(ellipsis);
      j += 2;
    } else if (auto found = letters.find(target[j]); found != letters.end()) {
      result.push_back(found->second);
    } else {
      return node.fail("a result whose letters its operands have", {});
    }
  }
  node.setSizes(0, result);
  return success();
}

} // namespace

void addProductSizes(SizeFunctions &functions) {
  functions["MatMul"] = matMul;
  functions["MatMulInteger"] = matMul;
  functions["QLinearMatMul"] = quantizedMatMul;
  functions["Gemm"] = gemm;
  functions["Attention"] = attention;
  functions["Einsum"] = einsum;
}

} // namespace qopt::symbols

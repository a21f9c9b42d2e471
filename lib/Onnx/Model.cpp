//===- Model.cpp - ONNX files as plain structs ----------------------------===//

#include "lib/Onnx/Model.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace qopt::onnxfile;

namespace {
struct ElementTypeInfo {
  const char *name;
  unsigned bits;
};
} // namespace

static const ElementTypeInfo *find(ElementType type) {
  static const ElementTypeInfo table[] = {
      {"undefined", 0},      {"float", 32},     {"uint8", 8},
      {"int8", 8},           {"uint16", 16},    {"int16", 16},
      {"int32", 32},         {"int64", 64},     {"string", 0},
      {"bool", 8},           {"float16", 16},   {"double", 64},
      {"uint32", 32},        {"uint64", 64},    {"complex64", 64},
      {"complex128", 128},   {"bfloat16", 16},  {"float8e4m3fn", 8},
      {"float8e4m3fnuz", 8}, {"float8e5m2", 8}, {"float8e5m2fnuz", 8},
      {"uint4", 4},          {"int4", 4},       {"float4e2m1", 4},
      {"float8e8m0", 8},     {"uint2", 2},      {"int2", 2}};
  auto index = static_cast<uint32_t>(type);
  return index < std::size(table) ? &table[index] : nullptr;
}

std::string qopt::onnxfile::getName(ElementType type) {
  if (const ElementTypeInfo *info = find(type))
    return info->name;
  return "type " + std::to_string(static_cast<int32_t>(type));
}

unsigned qopt::onnxfile::getBitWidth(ElementType type) {
  const ElementTypeInfo *info = find(type);
  return info ? info->bits : 0;
}

std::optional<uint64_t>
qopt::onnxfile::getByteSize(ElementType type,
                            const std::vector<int64_t> &dims) {
  uint64_t bits = getBitWidth(type);
  if (bits == 0 || llvm::any_of(dims, [](int64_t dim) { return dim < 0; }))
    return std::nullopt;
  if (llvm::is_contained(dims, 0))
    return 0;
  for (int64_t dim : dims) {
    bool overflowed = false;
    bits = llvm::SaturatingMultiply<uint64_t>(bits, dim, &overflowed);
    if (overflowed || bits > uint64_t(INT64_MAX))
      return std::nullopt;
  }
  return llvm::divideCeil(bits, 8);
}

int64_t Tensor::numElements() const {
  int64_t elements = 1;
  for (int64_t dim : dims)
    elements *= dim;
  return elements;
}

const Attribute *Node::find(llvm::StringRef attribute) const {
  for (const Attribute &candidate : attributes)
    if (candidate.name == attribute)
      return &candidate;
  return nullptr;
}

std::optional<std::string> qopt::onnxfile::unknownOperator(const Node &node) {
  return unknownOperator(node.opType, node.domain, node.opset);
}

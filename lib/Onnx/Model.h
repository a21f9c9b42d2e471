//===- Model.h - ONNX files as plain structs --------------------*- C++ -*-===//

#ifndef QOPT_LIB_ONNX_MODEL_H
#define QOPT_LIB_ONNX_MODEL_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace qopt::onnxfile {

/// Standard-domain opsets and IR versions that are read.
constexpr int64_t minOpset = 7, maxOpset = 28;
constexpr int64_t minIRVersion = 3, maxIRVersion = 14;

/// Tensors of at most this many elements are read into memory; of larger ones
/// only the place in the file is kept.
constexpr int64_t maxSmallElements = 64;

/// Element types, numbered as in the file format.
enum class ElementType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  UInt4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  UInt2 = 25,
  Int2 = 26,
};

/// "float", "uint4", ...; "type 77" for one that is not known.
std::string getName(ElementType type);
/// Bits that an element occupies in the file (a bool 8); 0 for strings and
/// types that are not known.
unsigned getBitWidth(ElementType type);
/// Bytes of a dense tensor; nothing when the number of elements or bytes does
/// not fit 63 bits, a dimension is negative or the type has no fixed width.
std::optional<uint64_t> getByteSize(ElementType type,
                                    const std::vector<int64_t> &dims);

/// A dimension of a type: a number, a name or text of the file, or neither.
struct Dim {
  std::optional<int64_t> value;
  std::string text;
};

/// What is known of a value.
struct TypeInfo {
  /// Empty for a tensor or when nothing is known, else "sequence", "optional",
  /// "map", "sparse tensor" or "opaque".
  std::string notTensor;
  ElementType element = ElementType::Undefined;
  bool isRanked = false;
  std::vector<Dim> dims;
};

/// Bytes [offset, offset + length) of a file.
struct FileRange {
  std::string file;
  uint64_t offset = 0, length = 0;
};

/// A constant: dense, little-endian, row-major, elements of less than a byte
/// packed from the low bits. Either a place in a file or the bytes themselves.
/// The number of bytes always fits type and dims.
struct Tensor {
  std::string name;
  ElementType type = ElementType::Undefined;
  std::vector<int64_t> dims;
  std::variant<FileRange, std::string> data;
  /// The Constant node that it comes from, if any.
  std::string node;

  int64_t numElements() const;
};

struct Graph;

/// An attribute of a node.
struct Attribute {
  std::string name;
  std::variant<int64_t, float, std::string, std::vector<int64_t>,
               std::vector<float>, std::vector<std::string>, Tensor,
               std::shared_ptr<Graph>>
      value;
};

struct Node {
  std::string name;
  std::string opType;
  /// Empty for the standard domain.
  std::string domain;
  /// Of the domain, as the file (or the function that the node comes from)
  /// says.
  int64_t opset = 0;
  /// Names; empty: absent.
  std::vector<std::string> inputs, outputs;
  std::vector<Attribute> attributes;
  /// Path of the module that the exporter's metadata names, or empty.
  std::string scope;

  const Attribute *find(llvm::StringRef attribute) const;
  /// The value of an attribute of this name and type, or null.
  template <typename T> const T *get(llvm::StringRef attribute) const {
    const Attribute *found = find(attribute);
    return found ? std::get_if<T>(&found->value) : nullptr;
  }
};

/// A value of a graph's interface.
struct Value {
  std::string name;
  TypeInfo type;
};

/// Nodes stand in order of execution. Every name has one definition; subgraphs
/// see the names that the graphs around them have defined so far.
struct Graph {
  std::string name;
  /// Without those that have an initializer.
  std::vector<Value> inputs;
  std::vector<Value> outputs;
  /// Initializers and what Constant nodes hold.
  std::vector<Tensor> initializers;
  std::vector<Node> nodes;
  /// Types of all values that are no inputs or initializers and of which
  /// anything is known: those of the file, completed by ONNX's inference.
  std::map<std::string, TypeInfo> types;
};

/// A model in normal form: model-local functions are expanded, Constant nodes
/// are initializers, and nodes have the form of their newest schema as far as
/// that renames things. For standard operators this means:
///  - attributes that became inputs are inputs: axes of Squeeze, Unsqueeze,
///    Reduce*; starts, ends, axes of Slice; min, max of Clip; pads, value of
///    Pad; split of Split; k of TopK; ratio of Dropout; scales of Upsample;
///  - Split without sizes has `num_outputs`;
///  - Upsample is Resize (asymmetric, nearest_mode floor); Resize of opset 10
///  has
///    the inputs of opset 11 and is asymmetric; its rule for nearest stays that
///    of opset 10 (floor when a size grows, ceil when it shrinks);
///  - the default of `axis` of Softmax, LogSoftmax and Hardmax before 13 is
///    written out; before 13 all dimensions from `axis` on are normalised
///    together;
///  - modes of GridSample have the names of opset 20; RoiAlign before 16 names
///  its
///    coordinate transformation.
/// What changed otherwise is told by the node's opset, which stays the file's.
struct Model {
  int64_t irVersion = 0;
  std::map<std::string, int64_t> opsets;
  std::string producer;
  /// Files beside the model that hold data of its tensors, sorted.
  std::vector<std::string> externalFiles;
  Graph graph;
};

/// Reads an ONNX file. Weights stay where they are: the result refers to `path`
/// as given, or to external data files beside it. An error names file, node and
/// cause. Operators that are not known are no error, see `unknownOperator`.
llvm::Expected<Model> readModel(llvm::StringRef path);

/// Says what is not known of an operator ("unknown operator 'X' in domain 'D'
/// at opset N", "unknown domain 'D'"); nothing when ONNX has a schema for it.
std::optional<std::string>
unknownOperator(llvm::StringRef opType, llvm::StringRef domain, int64_t opset);
std::optional<std::string> unknownOperator(const Node &node);

} // namespace qopt::onnxfile

#endif // QOPT_LIB_ONNX_MODEL_H

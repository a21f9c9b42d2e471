//===- WireScan.cpp - Find weights in a protobuf file ---------------------===//

#include "lib/Onnx/WireScan.h"

#include "lib/Onnx/Model.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace qopt::onnxfile;

namespace {

enum class Message {
  Model,
  Graph,
  Node,
  Attribute,
  Tensor,
  SparseTensor,
  Function
};

/// Fields of TensorProto.
enum TensorField : uint32_t {
  Dims = 1,
  DataType = 2,
  Segment = 3,
  FloatData = 4,
  RawData = 9,
  DoubleData = 10,
};

enum WireType : uint32_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

/// Messages of a file are not nested more deeply than protobuf reads them.
constexpr unsigned maxDepth = 96;

constexpr uint32_t trainingInfo = 20;

struct Field {
  uint32_t number, wireType;
  size_t start;       // of the key
  size_t begin, end;  // of the value, without the length before it
  uint64_t value = 0; // of a varint
};

class Scanner {
public:
  explicit Scanner(StringRef bytes) : bytes(bytes) {}

  Error scan(Message kind, size_t begin, size_t end, unsigned depth,
             std::string &out);

private:
  Error scanTensor(size_t begin, size_t end, std::string &out);
  Expected<Field> next(size_t &position, size_t end) const;
  Expected<uint64_t> varint(size_t &position, size_t end) const;
  Error damaged(size_t position) const;
  Error overrun(size_t position, uint64_t need, size_t end) const;

  StringRef bytes;
  bool sawVersion = false;
};

} // namespace

/// The message that a field of a message holds, as far as tensors can be in it.
static std::optional<Message> getChild(Message kind, uint32_t field) {
  switch (kind) {
  case Message::Model:
    return field == 7    ? std::optional(Message::Graph)
           : field == 25 ? std::optional(Message::Function)
                         : std::nullopt;
  case Message::Graph:
    return field == 1    ? std::optional(Message::Node)
           : field == 5  ? std::optional(Message::Tensor)
           : field == 15 ? std::optional(Message::SparseTensor)
                         : std::nullopt;
  case Message::Node:
    return field == 5 ? std::optional(Message::Attribute) : std::nullopt;
  case Message::Attribute:
    return field == 5 || field == 10    ? std::optional(Message::Tensor)
           : field == 6 || field == 11  ? std::optional(Message::Graph)
           : field == 22 || field == 23 ? std::optional(Message::SparseTensor)
                                        : std::nullopt;
  case Message::SparseTensor:
    return field == 1 || field == 2 ? std::optional(Message::Tensor)
                                    : std::nullopt;
  case Message::Function:
    return field == 7    ? std::optional(Message::Node)
           : field == 11 ? std::optional(Message::Attribute)
                         : std::nullopt;
  case Message::Tensor:
    return std::nullopt;
  }
  llvm_unreachable("unknown message");
}

static void appendVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(char(value | 0x80));
  out.push_back(char(value));
}

static void appendMessage(std::string &out, uint32_t field, StringRef content) {
  appendVarint(out, uint64_t(field) << 3 | Bytes);
  appendVarint(out, content.size());
  out.append(content.data(), content.size());
}

/// A file that does not even start with the version is none of ours.
Error Scanner::damaged(size_t position) const {
  if (!sawVersion)
    return createStringError("is not an ONNX file");
  return createStringError("is damaged at byte " + Twine(position));
}

Error Scanner::overrun(size_t position, uint64_t need, size_t end) const {
  if (!sawVersion || end < bytes.size())
    return damaged(position);
  return createStringError(
      "is truncated: the field at byte " + Twine(position) + " needs " +
      Twine(need) + " bytes, but " + Twine(end - position) + " are left");
}

Expected<uint64_t> Scanner::varint(size_t &position, size_t end) const {
  uint64_t value = 0;
  size_t start = position;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (position == end)
      return overrun(start, position - start + 1, end);
    auto byte = uint8_t(bytes[position++]);
    value |= uint64_t(byte & 0x7f) << shift;
    if (byte < 0x80)
      return value;
  }
  return damaged(start);
}

Expected<Field> Scanner::next(size_t &position, size_t end) const {
  Field field;
  field.start = position;
  Expected<uint64_t> key = varint(position, end);
  if (!key)
    return key.takeError();
  field.number = uint32_t(*key >> 3);
  field.wireType = uint32_t(*key & 7);
  if (*key >> 3 == 0 || *key >> 3 > 0x1fffffff)
    return damaged(field.start);
  uint64_t length = 0;
  field.begin = position;
  if (field.wireType == Varint) {
    Expected<uint64_t> value = varint(position, end);
    if (!value)
      return value.takeError();
    field.value = *value;
    field.end = position;
    return field;
  }
  if (field.wireType == Fixed64)
    length = 8;
  else if (field.wireType == Fixed32)
    length = 4;
  else if (field.wireType == Bytes) {
    Expected<uint64_t> size = varint(position, end);
    if (!size)
      return size.takeError();
    length = *size;
    field.begin = position;
  } else {
    return damaged(field.start);
  }
  if (length > end - position)
    return overrun(position, length, end);
  position += length;
  field.end = position;
  return field;
}

Error Scanner::scan(Message kind, size_t begin, size_t end, unsigned depth,
                    std::string &out) {
  if (depth > maxDepth)
    return createStringError("nests its messages too deeply");
  for (size_t position = begin; position < end;) {
    Expected<Field> field = next(position, end);
    if (!field)
      return field.takeError();
    if (kind == Message::Model) {
      sawVersion |= field->number == 1 && field->wireType == Varint;
      if (field->number == trainingInfo)
        continue;
    }
    std::optional<Message> child = getChild(kind, field->number);
    if (!child || field->wireType != Bytes) {
      out.append(bytes.data() + field->start, field->end - field->start);
      continue;
    }
    std::string content;
    if (Error error =
            *child == Message::Tensor
                ? scanTensor(field->begin, field->end, content)
                : scan(*child, field->begin, field->end, depth + 1, content))
      return error;
    appendMessage(out, field->number, content);
  }
  return Error::success();
}

namespace {

/// What decides whether the data of a tensor can stay in the file.
struct TensorSummary {
  std::vector<int64_t> dims;
  ElementType type = ElementType::Undefined;
  /// Of each field of data, the last occurrence and their number.
  std::map<uint32_t, Field> data;
  std::map<uint32_t, unsigned> count;

  /// The field that holds the data in the order of memory.
  std::optional<Field> place() const;
};

} // namespace

std::optional<Field> TensorSummary::place() const {
  std::optional<uint64_t> size = getByteSize(type, dims);
  uint64_t elements = getByteSize(ElementType::UInt8, dims).value_or(0);
  if (!size || elements <= uint64_t(maxSmallElements))
    return std::nullopt;
  // Fields other than the one that ONNX asks for are left to be found and
  // refused later.
  uint32_t number = count.count(RawData)          ? RawData
                    : type == ElementType::Float  ? FloatData
                    : type == ElementType::Double ? DoubleData
                                                  : 0;
  auto found = data.find(number);
  if (found == data.end() || count.at(number) != 1 ||
      found->second.wireType != Bytes ||
      found->second.end - found->second.begin != *size)
    return std::nullopt;
  return found->second;
}

Error Scanner::scanTensor(size_t begin, size_t end, std::string &out) {
  TensorSummary tensor;
  for (size_t position = begin; position < end;) {
    Expected<Field> field = next(position, end);
    if (!field)
      return field.takeError();
    switch (field->number) {
    case Dims:
      if (field->wireType == Varint)
        tensor.dims.push_back(int64_t(field->value));
      for (size_t dim = field->begin;
           field->wireType == Bytes && dim < field->end;) {
        Expected<uint64_t> value = varint(dim, field->end);
        if (!value)
          return value.takeError();
        tensor.dims.push_back(int64_t(*value));
      }
      break;
    case DataType:
      tensor.type = ElementType(int32_t(field->value));
      break;
    case Segment:
      return createStringError(
          "has a tensor in segments, which is not supported");
    case FloatData:
    case DoubleData:
    case RawData:
      tensor.data.insert_or_assign(field->number, *field);
      ++tensor.count[field->number];
      break;
    default:
      break;
    }
  }
  std::optional<Field> place = tensor.place();
  if (!place) {
    out.append(bytes.data() + begin, end - begin);
    return Error::success();
  }
  out.append(bytes.data() + begin, place->start - begin);
  out.append(bytes.data() + place->end, end - place->end);
  std::string segment;
  appendVarint(segment, 1 << 3 | Varint);
  appendVarint(segment, place->begin);
  appendVarint(segment, 2 << 3 | Varint);
  appendVarint(segment, place->end);
  appendMessage(out, Segment, segment);
  return Error::success();
}

Expected<std::string> qopt::onnxfile::removeWeights(StringRef bytes) {
  std::string out;
  if (Error error =
          Scanner(bytes).scan(Message::Model, 0, bytes.size(), 0, out))
    return error;
  return out;
}

//===- NpyHeader.cpp - Description of an array in an npy file -------------===//

#include "lib/Files/NpyHeader.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

using namespace llvm;

namespace qopt {

namespace {

struct TypeInfo {
  NpyType type;
  const char *name;
  const char *code; ///< without the byte order
  size_t bytes;
};

/// In the order of the enum.
constexpr TypeInfo types[] = {
    {NpyType::Bool, "bool", "b1", 1},
    {NpyType::I8, "int8", "i1", 1},
    {NpyType::I16, "int16", "i2", 2},
    {NpyType::I32, "int32", "i4", 4},
    {NpyType::I64, "int64", "i8", 8},
    {NpyType::U8, "uint8", "u1", 1},
    {NpyType::U16, "uint16", "u2", 2},
    {NpyType::U32, "uint32", "u4", 4},
    {NpyType::U64, "uint64", "u8", 8},
    {NpyType::F16, "float16", "f2", 2},
    {NpyType::BF16, "bfloat16", "V2", 2},
    {NpyType::F32, "float32", "f4", 4},
    {NpyType::F64, "float64", "f8", 8},
    {NpyType::C64, "complex64", "c8", 8},
    {NpyType::C128, "complex128", "c16", 16},
};

Error invalid(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

/// Reads the one Python expression that numpy writes there: a dictionary of a
/// string, a boolean and a tuple of integers.
class DictionaryParser {
public:
  DictionaryParser(StringRef text, NpyHeader &header)
      : text(text), header(header) {}

  Error parse() {
    bool hasType = false, hasOrder = false, hasShape = false;
    if (!consume("{"))
      return invalid("expects a dictionary in the npy header");
    while (!consume("}")) {
      StringRef key;
      if (!parseString(key) || !consume(":"))
        return invalid("expects 'key': value in the npy header");
      bool *seen = key == "descr"           ? &hasType
                   : key == "fortran_order" ? &hasOrder
                   : key == "shape"         ? &hasShape
                                            : nullptr;
      if (!seen)
        return invalid("unknown key '" + key + "' in the npy header");
      if (std::exchange(*seen, true))
        return invalid("repeated key '" + key + "' in the npy header");
      if (Error error = key == "descr"   ? parseType()
                        : key == "shape" ? parseShape()
                                         : parseOrder())
        return error;
      if (!consume(",") && !text.ltrim().starts_with("}"))
        return invalid("expects ',' or '}' in the npy header");
    }
    if (!hasType || !hasOrder || !hasShape)
      return invalid(
          "expects descr, fortran_order and shape in the npy header");
    if (!text.trim(StringRef(" \n\0", 3)).empty())
      return invalid("unexpected text after the npy header's dictionary");
    return Error::success();
  }

private:
  bool consume(StringRef token) {
    text = text.ltrim();
    return text.consume_front(token);
  }

  bool parseString(StringRef &value) {
    text = text.ltrim();
    if (text.empty() || (text[0] != '\'' && text[0] != '"'))
      return false;
    size_t end = text.find(text[0], 1);
    if (end == StringRef::npos)
      return false;
    value = text.slice(1, end);
    text = text.drop_front(end + 1);
    return true;
  }

  Error parseType() {
    StringRef code;
    if (!parseString(code))
      return invalid("structured arrays are not supported");
    StringRef whole = code;
    if (!code.empty() && StringRef("<>|=").contains(code[0])) {
      header.bigEndian = code[0] == '>';
      code = code.drop_front();
    }
    for (const TypeInfo &info : types)
      if (code == info.code) {
        header.type = info.type;
        return Error::success();
      }
    return invalid("unsupported element type '" + whole + "'");
  }

  Error parseOrder() {
    header.fortranOrder = consume("True");
    if (!header.fortranOrder && !consume("False"))
      return invalid("expects True or False for fortran_order");
    return Error::success();
  }

  Error parseShape() {
    if (!consume("("))
      return invalid("expects a tuple for shape in the npy header");
    while (!consume(")")) {
      text = text.ltrim();
      int64_t size;
      // Python 2 wrote long integers as 3L.
      if (text.consumeInteger(10, size) || size < 0)
        return invalid("expects a size of at least 0 in the shape");
      consume("L");
      header.shape.push_back(size);
      if (!consume(",") && !text.ltrim().starts_with(")"))
        return invalid("expects ',' or ')' in the shape");
    }
    // numpy's own limit.
    if (header.shape.size() > 64)
      return invalid("expects at most 64 dimensions, but got " +
                     Twine(header.shape.size()));
    return Error::success();
  }

  StringRef text;
  NpyHeader &header;
};

} // namespace

StringRef getName(NpyType type) { return types[size_t(type)].name; }

size_t getElementBytes(NpyType type) { return types[size_t(type)].bytes; }

std::optional<int64_t> getArrayBytes(NpyType type, ArrayRef<int64_t> shape) {
  int64_t bytes = getElementBytes(type);
  bool overflow = false, empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return std::nullopt;
    empty |= size == 0;
    overflow |= __builtin_mul_overflow(bytes, size, &bytes);
  }
  if (empty)
    return 0;
  if (overflow)
    return std::nullopt;
  return bytes;
}

Expected<NpyHeader> parseNpyHeader(StringRef bytes) {
  if (!bytes.starts_with(StringRef("\x93NUMPY", 6)) || bytes.size() < 10)
    return invalid("not an npy file");
  unsigned version = uint8_t(bytes[6]);
  if (version < 1 || version > 3)
    return invalid("unknown npy version " + Twine(version));
  size_t start = version == 1 ? 10 : 12;
  if (bytes.size() < start)
    return invalid("the npy header is cut off");
  size_t length = version == 1 ? support::endian::read16le(bytes.data() + 8)
                               : support::endian::read32le(bytes.data() + 8);
  if (length > bytes.size() - start)
    return invalid("the npy header is cut off");
  NpyHeader header;
  if (Error error =
          DictionaryParser(bytes.substr(start, length), header).parse())
    return error;
  std::optional<int64_t> dataBytes = getArrayBytes(header.type, header.shape);
  if (!dataBytes)
    return invalid("the shape in the npy header is too large");
  header.dataOffset = start + length;
  header.dataBytes = *dataBytes;
  return header;
}

std::string makeNpyHeader(NpyType type, ArrayRef<int64_t> shape) {
  const TypeInfo &info = types[size_t(type)];
  std::string sizes;
  for (int64_t size : shape)
    sizes += std::to_string(size) + (shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1)
    sizes.resize(sizes.size() - 2);
  // One-byte types have no byte order in numpy's spelling.
  std::string text = std::string("{'descr': '") +
                     (info.bytes == 1 ? "|" : "<") + info.code +
                     "', 'fortran_order': False, 'shape': (" + sizes + "), }";
  size_t total = (10 + text.size() + 1 + 63) / 64 * 64;
  text.append(total - 10 - text.size() - 1, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += char(text.size() & 0xff);
  header += char(text.size() >> 8);
  return header + text;
}

} // namespace qopt

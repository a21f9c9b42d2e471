//===- Format.cpp - Formats as text and in bytes --------------------------===//

#include "lib/Formats/Format.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include <algorithm>
#include <optional>

namespace qopt {

static llvm::Error makeError(const llvm::Twine &text) {
  return llvm::createStringError(text);
}

static bool isParameterType(DataType type) {
  return type == DataType::F32 || type == DataType::F16 ||
         type == DataType::BF16;
}

static const char *spell(DataType type) {
  return type == DataType::F32 ? "f32" : type == DataType::F16 ? "f16" : "bf16";
}

std::optional<DataType> readFloatType(llvm::StringRef text) {
  for (DataType type : {DataType::F32, DataType::F16, DataType::BF16})
    if (text == spell(type))
      return type;
  return std::nullopt;
}

namespace {

/// u4, s8, ...
struct IntegerType {
  bool isSigned;
  unsigned bits;
};

} // namespace

static std::optional<IntegerType> readIntegerType(llvm::StringRef text) {
  IntegerType type;
  type.isSigned = text.consume_front("s");
  if (!type.isSigned && !text.consume_front("u"))
    return std::nullopt;
  if (text.getAsInteger(10, type.bits) || type.bits > 64)
    return std::nullopt;
  return type;
}

static llvm::Error readCodes(llvm::StringRef text, Format &format) {
  std::optional<IntegerType> type = readIntegerType(text);
  if (!type)
    return makeError("expects codes to be s2..s8 or u2..u8, but got '" + text +
                     "'");
  format.bits = type->bits;
  format.isSigned = type->isSigned;
  return llvm::Error::success();
}

static llvm::Error readBlock(llvm::StringRef text, Format &format) {
  if (text == "channel")
    format.block = Format::channel;
  else if (text == "tensor")
    format.block = Format::tensor;
  else if (text.getAsInteger(10, format.block) || format.block <= 0)
    return makeError("expects block to be a number of elements, channel or "
                     "tensor, but got '" +
                     text + "'");
  return llvm::Error::success();
}

static llvm::Error readScale(llvm::StringRef text, Format &format) {
  std::optional<DataType> type = readFloatType(text);
  if (!type)
    return makeError("expects scale to be f32, f16 or bf16, but got '" + text +
                     "'");
  format.scale = *type;
  return llvm::Error::success();
}

/// Codes are known by now.
static llvm::Error readZero(llvm::StringRef text, Format &format) {
  if (text == "none") {
    format.zero = Format::Zero::None;
  } else if (text == "midpoint") {
    format.zero = Format::Zero::Midpoint;
  } else if (std::optional<DataType> type = readFloatType(text)) {
    format.zero = Format::Zero::Float;
    format.zeroType = *type;
  } else if (std::optional<IntegerType> integer = readIntegerType(text)) {
    if (integer->isSigned != format.isSigned)
      return makeError(llvm::Twine("expects an integer zero to be ") +
                       (format.isSigned ? "signed" : "unsigned") +
                       " as the codes are, but got '" + text + "'");
    format.zero = Format::Zero::Integer;
    format.zeroBits = integer->bits;
  } else {
    return makeError("expects zero to be none, midpoint, an integer such as " +
                     llvm::Twine(format.isSigned ? "s4" : "u4") +
                     ", f32, f16 or bf16, but got '" + text + "'");
  }
  return llvm::Error::success();
}

static llvm::Error parsePart(llvm::StringRef key, llvm::StringRef value,
                             Format &format) {
  if (key == "codes")
    return readCodes(value, format);
  if (key == "block")
    return readBlock(value, format);
  if (key == "scale")
    return readScale(value, format);
  return readZero(value, format);
}

static llvm::Expected<Format> parsePreset(llvm::StringRef name) {
  const FormatPreset *nearest = nullptr;
  unsigned least = 4;
  for (const FormatPreset &preset : getFormatPresets()) {
    if (name == preset.name)
      return Format::parse(preset.format);
    unsigned distance = name.edit_distance(preset.name);
    if (distance < least) {
      nearest = &preset;
      least = distance;
    }
  }
  std::string hint;
  if (nearest)
    hint = std::string(", did you mean '") + nearest->name + "'?";
  return makeError("unknown format '" + name + "'" + hint +
                   "; expects a name such as int4-g64, int4-g64-sym, "
                   "int8-channel, or 'codes = u4, block = 64, scale = f16, "
                   "zero = u4'");
}

llvm::Expected<Format> Format::parse(llvm::StringRef text) {
  text = text.trim();
  if (!text.contains('='))
    return parsePreset(text);

  // In this order, whatever the order of the text: a zero depends on the codes.
  const llvm::StringRef keys[] = {"codes", "block", "scale", "zero"};
  std::optional<llvm::StringRef> values[4];
  llvm::SmallVector<llvm::StringRef, 4> parts;
  text.split(parts, ',');
  for (llvm::StringRef part : parts) {
    auto [left, right] = part.split('=');
    llvm::StringRef key = left.trim(), value = right.trim();
    if (part.count('=') != 1)
      return makeError("expects 'key = value' in a format, but got '" +
                       part.trim() + "'");
    auto *found = std::find(std::begin(keys), std::end(keys), key);
    if (found == std::end(keys))
      return makeError("unknown key '" + key +
                       "' in a format: expects codes, block, scale, zero");
    std::optional<llvm::StringRef> &slot = values[found - keys];
    if (slot)
      return makeError("'" + key + "' is given twice in a format");
    slot = value;
  }

  Format format;
  for (int i = 0; i < 4; ++i) {
    if (!values[i] && keys[i] != "zero")
      return makeError("expects '" + keys[i] + "' in a format");
    if (values[i])
      if (llvm::Error error = parsePart(keys[i], *values[i], format))
        return error;
  }
  if (llvm::Error error = format.verify())
    return error;
  return format;
}

std::string Format::str() const {
  std::string sign = isSigned ? "s" : "u";
  std::string text = "codes = " + sign + std::to_string(bits) + ", block = ";
  text += block == channel  ? "channel"
          : block == tensor ? "tensor"
                            : std::to_string(block);
  text += std::string(", scale = ") + spell(scale);
  if (zero == Zero::Midpoint)
    text += ", zero = midpoint";
  else if (zero == Zero::Integer)
    text += ", zero = " + sign + std::to_string(zeroBits);
  else if (zero == Zero::Float)
    text += std::string(", zero = ") + spell(zeroType);
  return text;
}

llvm::Error Format::verify() const {
  if (bits < 2 || bits > 8)
    return makeError("expects codes of 2 to 8 bits, but got " +
                     llvm::Twine(bits));
  bool isElements = block == 16 || (block > 0 && block % 32 == 0);
  if (block != channel && block != tensor && (!isElements || block > 256))
    return makeError("expects a block of 16 elements, of a multiple of 32 up "
                     "to 256, channel or tensor, but got " +
                     llvm::Twine(block));
  if (!isParameterType(scale))
    return makeError(llvm::Twine("expects a scale of f32, f16 or bf16, but "
                                 "got ") +
                     safetensorsName(scale));
  if (zero == Zero::Midpoint && isSigned)
    return makeError("signed codes have their midpoint at 0: expects zero = "
                     "none, or unsigned codes");
  if (zero == Zero::Integer && (zeroBits < 2 || zeroBits > 8))
    return makeError("expects an integer zero of 2 to 8 bits, but got " +
                     llvm::Twine(zeroBits));
  if (zero == Zero::Float && !isParameterType(zeroType))
    return makeError(llvm::Twine("expects a float zero of f32, f16 or bf16, "
                                 "but got ") +
                     safetensorsName(zeroType));
  return llvm::Error::success();
}

bool Format::operator==(const Format &other) const {
  return bits == other.bits && isSigned == other.isSigned &&
         block == other.block && scale == other.scale && zero == other.zero &&
         (zero != Zero::Integer || zeroBits == other.zeroBits) &&
         (zero != Zero::Float || zeroType == other.zeroType);
}

int64_t Format::bytes(int64_t N, int64_t K) const {
  auto inBytes = [](int64_t bits) { return (bits + 7) / 8; };
  int64_t count = block == tensor ? 1 : N * groups(K);
  int64_t zeros = zero == Zero::Integer ? inBytes(count * zeroBits)
                  : zero == Zero::Float ? count * bytesOf(zeroType)
                                        : 0;
  return inBytes(N * K * bits) + count * bytesOf(scale) + zeros;
}

double Format::bitsPerWeight(int64_t N, int64_t K) const {
  return 8.0 * double(bytes(N, K)) / (double(N) * double(K));
}

} // namespace qopt

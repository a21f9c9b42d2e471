//===- Safetensors.cpp - Header of a safetensors file ---------------------===//

#include "lib/Files/Safetensors.h"

#include "lib/Files/Json.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace qopt {

static Error invalid(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

/// Bytes of an element; 0 for a type that is not known.
static uint64_t getElementBytes(StringRef type) {
  return StringSwitch<uint64_t>(type)
      .Cases({"BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"}, 1)
      .Cases({"U16", "I16", "F16", "BF16"}, 2)
      .Cases({"U32", "I32", "F32"}, 4)
      .Cases({"U64", "I64", "F64", "C64"}, 8)
      .Default(0);
}

static Error readTensor(const json::Object &object, uint64_t dataBytes,
                        SafetensorsEntry &entry) {
  std::optional<StringRef> type = object.getString("dtype");
  const json::Array *shape = object.getArray("shape");
  const json::Array *offsets = object.getArray("data_offsets");
  if (!type || !shape || !offsets || offsets->size() != 2)
    return invalid("expects dtype, shape and data_offsets");
  entry.type = type->str();

  std::optional<uint64_t> begin = (*offsets)[0].getAsUINT64(),
                          end = (*offsets)[1].getAsUINT64();
  if (!begin || !end || *begin > *end || *end > dataBytes)
    return invalid("the data offsets lie outside the file's " +
                   Twine(dataBytes) + " bytes of data");
  entry.begin = *begin;
  entry.end = *end;

  uint64_t bytes = getElementBytes(*type);
  bool isKnown = bytes != 0, overflow = false;
  for (const json::Value &value : *shape) {
    std::optional<int64_t> size = value.getAsInteger();
    if (!size || *size < 0)
      return invalid("expects sizes of at least 0 in the shape");
    entry.shape.push_back(*size);
    overflow |= __builtin_mul_overflow(bytes, uint64_t(*size), &bytes);
  }
  if (isKnown && (overflow || bytes != entry.end - entry.begin))
    return invalid("the shape asks for other than the " +
                   Twine(entry.end - entry.begin) + " bytes that are there");
  return Error::success();
}

Expected<SafetensorsHeader> parseSafetensorsHeader(StringRef bytes,
                                                   uint64_t fileBytes) {
  if (bytes.size() < 8)
    return invalid("not a safetensors file: it has less than 8 bytes");
  uint64_t length = support::endian::read64le(bytes.data());
  if (length > bytes.size() - 8)
    return invalid("not a safetensors file, or cut off in its header");
  Expected<json::Object> object = parseJsonObject(bytes.substr(8, length));
  if (!object)
    return object.takeError();

  SafetensorsHeader header;
  header.fileBytes = fileBytes;
  header.dataOffset = 8 + length;
  for (const auto &[key, value] : *object) {
    const json::Object *fields = value.getAsObject();
    if (!fields)
      return invalid("expects an object for '" + key.str() + "'");
    if (key == "__metadata__") {
      for (const auto &[name, text] : *fields)
        if (std::optional<StringRef> string = text.getAsString())
          header.metadata.emplace_back(name.str(), string->str());
      continue;
    }
    SafetensorsEntry entry;
    entry.name = key.str();
    if (Error error = readTensor(*fields, fileBytes - header.dataOffset, entry))
      return invalid("tensor '" + entry.name +
                     "': " + toString(std::move(error)));
    header.tensors.push_back(std::move(entry));
  }

  llvm::sort(header.tensors, [](const auto &a, const auto &b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  llvm::sort(header.metadata);
  for (size_t i = 1; i < header.tensors.size(); ++i)
    if (header.tensors[i].begin < header.tensors[i - 1].end)
      return invalid("tensors '" + header.tensors[i - 1].name + "' and '" +
                     header.tensors[i].name + "' overlap");
  return header;
}

Expected<SafetensorsHeader> readSafetensorsHeader(StringRef path) {
  uint64_t fileBytes;
  if (std::error_code code = sys::fs::file_size(path, fileBytes))
    return createFileError(path, code);
  auto lengthBytes = MemoryBuffer::getFileSlice(
      path, std::min<uint64_t>(fileBytes, 8), /*Offset=*/0);
  if (!lengthBytes)
    return createFileError(path, lengthBytes.getError());
  uint64_t headerBytes = fileBytes;
  if (fileBytes >= 8) {
    uint64_t length =
        support::endian::read64le((*lengthBytes)->getBufferStart());
    // The limit of the format's own library.
    if (length > 100'000'000 || length > fileBytes - 8)
      return createFileError(
          path, invalid("not a safetensors file, or cut off in its header"));
    headerBytes = 8 + length;
  }
  auto bytes = MemoryBuffer::getFileSlice(path, headerBytes, /*Offset=*/0);
  if (!bytes)
    return createFileError(path, bytes.getError());
  Expected<SafetensorsHeader> header =
      parseSafetensorsHeader((*bytes)->getBuffer(), fileBytes);
  if (!header)
    return createFileError(path, header.takeError());
  return header;
}

} // namespace qopt

//===- Npy.cpp - Arrays in numpy's format ---------------------------------===//

#include "lib/Files/Npy.h"

#include "lib/Files/NpyHeader.h"
#include "lib/Files/Output.h"
#include "llvm/Support/Endian.h"
#include <algorithm>

using namespace llvm;

namespace qopt {

Expected<NpyArray> NpyArray::create(NpyType type, ArrayRef<int64_t> shape) {
  NpyArray array;
  array.type = type;
  array.shape.assign(shape.begin(), shape.end());
  std::optional<int64_t> bytes = getArrayBytes(type, shape);
  if (bytes)
    array.storage =
        WritableMemoryBuffer::getNewUninitMemBuffer(*bytes, "", Align(64));
  if (!array.storage)
    return createStringError(std::errc::not_enough_memory,
                             "not enough memory for an array");
  return array;
}

int64_t NpyArray::getNumElements() const {
  // Not the product of the sizes: it may overflow where one of them is 0.
  return getNumBytes() / getElementBytes(type);
}

/// Swaps the bytes of each number; a complex element is two numbers.
static void swapBytes(NpyArray &array) {
  size_t width = getElementBytes(array.getType());
  if (array.getType() == NpyType::C64 || array.getType() == NpyType::C128)
    width /= 2;
  char *end = array.data() + array.getNumBytes();
  for (char *number = array.data(); number != end; number += width)
    std::reverse(number, number + width);
}

/// Row-major copy of `source`, whose first index runs fastest.
static void copyFortran(NpyArray &array, const char *source) {
  ArrayRef<int64_t> shape = array.getShape();
  size_t width = getElementBytes(array.getType());
  SmallVector<int64_t> strides, index(shape.size(), 0);
  int64_t stride = 1;
  for (int64_t size : shape) {
    strides.push_back(stride);
    stride *= size;
  }
  int64_t offset = 0;
  for (char *to = array.data(), *end = to + array.getNumBytes(); to != end;
       to += width) {
    memcpy(to, source + offset * width, width);
    for (size_t d = shape.size(); d-- > 0;) {
      offset += strides[d];
      if (++index[d] < shape[d])
        break;
      offset -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

Expected<NpyArray> parseNpy(StringRef bytes) {
  Expected<NpyHeader> header = parseNpyHeader(bytes);
  if (!header)
    return header.takeError();
  StringRef data = bytes.drop_front(header->dataOffset);
  if (data.size() != header->dataBytes)
    return createStringError(
        inconvertibleErrorCode(),
        "expects %zu bytes of data after the npy header, but got %zu",
        header->dataBytes, data.size());
  Expected<NpyArray> array = NpyArray::create(header->type, header->shape);
  if (!array)
    return array.takeError();
  if (data.empty())
    return array;
  if (header->fortranOrder && header->shape.size() > 1)
    copyFortran(*array, data.data());
  else
    memcpy(array->data(), data.data(), data.size());
  if (header->bigEndian)
    swapBytes(*array);
  return array;
}

Expected<NpyArray> readNpy(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createFileError(path, buffer.getError());
  Expected<NpyArray> array = parseNpy((*buffer)->getBuffer());
  if (!array)
    return createFileError(path, array.takeError());
  return array;
}

Error writeNpy(StringRef path, const NpyView &array) {
  return writeFile(path, [&](raw_ostream &os) {
    os << makeNpyHeader(array.type, array.shape);
    os.write(array.data, *getArrayBytes(array.type, array.shape));
    return Error::success();
  });
}

template <typename T> static std::vector<int64_t> widen(const NpyArray &array) {
  const T *begin = reinterpret_cast<const T *>(array.data());
  return std::vector<int64_t>(begin, begin + array.getNumElements());
}

Expected<std::vector<int64_t>> getIntegers(const NpyArray &array) {
  switch (array.getType()) {
  case NpyType::I8:
    return widen<int8_t>(array);
  case NpyType::I16:
    return widen<int16_t>(array);
  case NpyType::I32:
    return widen<int32_t>(array);
  case NpyType::U8:
    return widen<uint8_t>(array);
  case NpyType::U16:
    return widen<uint16_t>(array);
  case NpyType::U32:
    return widen<uint32_t>(array);
  case NpyType::I64:
    return widen<int64_t>(array);
  case NpyType::U64: {
    std::vector<int64_t> values = widen<uint64_t>(array);
    if (any_of(values, [](int64_t value) { return value < 0; }))
      return createStringError("a value does not fit a signed 64-bit integer");
    return values;
  }
  default:
    return createStringError("expects integers, but got " +
                             getName(array.getType()));
  }
}

} // namespace qopt

//===- Tensors.cpp - Where the data of a tensor is ------------------------===//

#include "lib/Onnx/Tensors.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <onnx/onnx_pb.h>

using namespace llvm;
using namespace qopt::onnxfile;
using ::onnx::TensorProto;
namespace fs = llvm::sys::fs;

static_assert(sys::IsLittleEndianHost, "data is copied as it stands in files");

/// Appends the low bytes of every element.
template <typename Range>
static void appendElements(const Range &values, unsigned width,
                           std::string &out) {
  for (auto value : values)
    out.append(reinterpret_cast<const char *>(&value), width);
}

/// The bytes of a tensor whose elements stand in a typed field. Elements of
/// less than a byte stand there packed already, one byte in each int32.
static std::string getTypedData(const TensorProto &proto, ElementType type) {
  std::string out;
  unsigned width = std::max(1u, getBitWidth(type) / 8);
  switch (type) {
  case ElementType::Float:
  case ElementType::Complex64:
    appendElements(proto.float_data(), 4, out);
    break;
  case ElementType::Double:
  case ElementType::Complex128:
    appendElements(proto.double_data(), 8, out);
    break;
  case ElementType::Int64:
    appendElements(proto.int64_data(), 8, out);
    break;
  case ElementType::UInt32:
  case ElementType::UInt64:
    appendElements(proto.uint64_data(), width, out);
    break;
  default:
    appendElements(proto.int32_data(), width, out);
    break;
  }
  return out;
}

Error TensorReader::readInline(const TensorProto &proto, uint64_t size,
                               Tensor &tensor) {
  auto expectSize = [&](uint64_t found) -> Error {
    if (found == size)
      return Error::success();
    return createStringError("expects " + Twine(size) +
                             " bytes of data, but got " + Twine(found));
  };
  if (proto.has_segment()) {
    uint64_t begin = proto.segment().begin(), end = proto.segment().end();
    // A message that repeats a field is merged from several.
    if (begin > end || end > bytes.size() || proto.has_raw_data())
      return createStringError("has its data twice");
    tensor.data = FileRange{path, begin, end - begin};
    return expectSize(end - begin);
  }
  std::string data = proto.has_raw_data() ? proto.raw_data()
                                          : getTypedData(proto, tensor.type);
  if (Error error = expectSize(data.size()))
    return error;
  tensor.data = std::move(data);
  return Error::success();
}

Expected<uint64_t> TensorReader::getFileSize(const std::string &file) {
  auto [entry, isNew] = fileSizes.try_emplace(file, 0);
  if (isNew) {
    fs::file_status status;
    std::error_code code = fs::status(file, status);
    if (!code && fs::is_directory(status))
      code = std::make_error_code(std::errc::is_a_directory);
    // Opening a pipe would wait for one who writes to it.
    if (code || !fs::is_regular_file(status)) {
      fileSizes.erase(entry);
      return createStringError("cannot open external data '" + file + "': " +
                               (code ? code.message() : "not a regular file"));
    }
    entry->second = status.getSize();
  }
  return entry->second;
}

std::vector<std::string> TensorReader::getExternalFiles() const {
  std::vector<std::string> files;
  for (const auto &entry : fileSizes)
    files.push_back(entry.getKey().str());
  llvm::sort(files);
  return files;
}

/// The path of external data; refuses to leave the model's folder. Links on
/// disk are followed: hub caches are made of them.
static Expected<std::string> resolve(StringRef model, StringRef location) {
  if (location.empty())
    return createStringError("has external data without a location");
  SmallString<128> clean = location;
  sys::path::remove_dots(clean, /*remove_dot_dot=*/true);
  if (sys::path::is_absolute(location) || location.contains('\0') ||
      *sys::path::begin(clean) == "..")
    return createStringError("external data location '" + location +
                             "' leaves the model's folder");
  SmallString<128> file = sys::path::parent_path(model);
  sys::path::append(file, clean);
  return std::string(file);
}

static Expected<std::string> readRange(const FileRange &range) {
  Expected<fs::file_t> file = fs::openNativeFileForRead(range.file);
  if (!file)
    return file.takeError();
  std::string data(range.length, '\0');
  Expected<size_t> count = fs::readNativeFileSlice(
      *file, MutableArrayRef<char>(data.data(), data.size()), range.offset);
  fs::closeFile(*file);
  if (!count)
    return count.takeError();
  if (*count != range.length)
    return createStringError("cannot read '" + range.file + "'");
  return data;
}

Error TensorReader::readExternal(const TensorProto &proto, uint64_t size,
                                 Tensor &tensor) {
  StringRef location;
  uint64_t offset = 0, length = size;
  for (const auto &entry : proto.external_data()) {
    StringRef value = entry.value();
    if (entry.key() == "location")
      location = value;
    else if ((entry.key() == "offset" && value.getAsInteger(10, offset)) ||
             (entry.key() == "length" && value.getAsInteger(10, length)))
      return createStringError("has external data with the " + entry.key() +
                               " '" + value + "', which is no number");
  }
  Expected<std::string> file = resolve(path, location);
  if (!file)
    return file.takeError();
  if (length != size)
    return createStringError("expects " + Twine(size) +
                             " bytes of data, but got external data of " +
                             Twine(length));
  Expected<uint64_t> available = getFileSize(*file);
  if (!available)
    return available.takeError();
  if (offset > *available || length > *available - offset)
    return createStringError("external data '" + *file +
                             "' is too short: it has " + Twine(*available) +
                             " bytes, but " + Twine(length) + " from byte " +
                             Twine(offset) + " on are needed");
  FileRange range{*file, offset, length};
  if (tensor.numElements() > maxSmallElements) {
    tensor.data = std::move(range);
    return Error::success();
  }
  Expected<std::string> data = readRange(range);
  if (!data)
    return data.takeError();
  tensor.data = std::move(*data);
  return Error::success();
}

Expected<Tensor> TensorReader::read(const TensorProto &proto, StringRef name) {
  Tensor tensor;
  tensor.name = proto.name().empty() ? name.str() : proto.name();
  tensor.type = ElementType(proto.data_type());
  tensor.dims.assign(proto.dims().begin(), proto.dims().end());
  auto error = [&](const Twine &cause) {
    return createStringError("tensor '" + tensor.name + "' " + cause);
  };
  if (getBitWidth(tensor.type) == 0)
    return error("has the element type " + getName(tensor.type) +
                 ", which is not supported");
  std::optional<uint64_t> size = getByteSize(tensor.type, tensor.dims);
  // The number of elements of low-bit types is larger than that of their bytes.
  if (!size || !getByteSize(ElementType::UInt8, tensor.dims))
    return error("has a shape with a negative size, or one that is too large");
  if (Error cause = proto.data_location() == TensorProto::EXTERNAL
                        ? readExternal(proto, *size, tensor)
                        : readInline(proto, *size, tensor))
    return error(toString(std::move(cause)));
  return tensor;
}

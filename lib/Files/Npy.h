//===- Npy.h - Arrays in numpy's format -------------------------*- C++ -*-===//

#ifndef QOPT_LIB_FILES_NPY_H
#define QOPT_LIB_FILES_NPY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstdint>
#include <memory>
#include <optional>

namespace qopt {

/// Element types that numpy's files and ONNX have in common. numpy has no
/// bfloat16: it is written as the two-byte void type, as ml_dtypes does.
enum class NpyType : uint8_t {
  Bool,
  I8,
  I16,
  I32,
  I64,
  U8,
  U16,
  U32,
  U64,
  F16,
  BF16,
  F32,
  F64,
  C64,
  C128
};

/// "int64", "float16", ...: numpy's names.
llvm::StringRef getName(NpyType type);
size_t getElementBytes(NpyType type);

/// Product of the dimensions times the bytes of an element; nothing when a
/// dimension is negative or the product does not fit int64.
std::optional<int64_t> getArrayBytes(NpyType type,
                                     llvm::ArrayRef<int64_t> shape);

/// A dense row-major array that somebody else owns.
struct NpyView {
  NpyType type;
  llvm::ArrayRef<int64_t> shape;
  const char *data;
};

/// A dense row-major array in little-endian order.
class NpyArray {
public:
  /// An array with undefined contents. Fails when it is larger than memory.
  static llvm::Expected<NpyArray> create(NpyType type,
                                         llvm::ArrayRef<int64_t> shape);

  NpyType getType() const { return type; }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getNumElements() const;
  size_t getNumBytes() const { return storage->getBufferSize(); }
  char *data() { return storage->getBufferStart(); }
  const char *data() const { return storage->getBufferStart(); }
  operator NpyView() const { return {type, shape, data()}; }

private:
  NpyType type = NpyType::U8;
  llvm::SmallVector<int64_t> shape;
  std::unique_ptr<llvm::WritableMemoryBuffer> storage;
};

/// Reads the bytes of an npy file of version 1 to 3, of either byte order;
/// Fortran order is transposed. Structured types, strings and objects are
/// refused, and so are bytes missing or left over.
llvm::Expected<NpyArray> parseNpy(llvm::StringRef bytes);

llvm::Expected<NpyArray> readNpy(llvm::StringRef path);

/// What numpy writes before the data: magic, version, description; a multiple
/// of 64 bytes.
std::string makeNpyHeader(NpyType type, llvm::ArrayRef<int64_t> shape);

llvm::Error writeNpy(llvm::StringRef path, const NpyView &array);

/// All values of an array of integers. Fails for other types and for values
/// that int64 does not hold.
llvm::Expected<std::vector<int64_t>> getIntegers(const NpyArray &array);

} // namespace qopt

#endif // QOPT_LIB_FILES_NPY_H

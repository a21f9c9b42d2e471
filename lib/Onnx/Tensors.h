//===- Tensors.h - Where the data of a tensor is ----------------*- C++ -*-===//

#ifndef QOPT_LIB_ONNX_TENSORS_H
#define QOPT_LIB_ONNX_TENSORS_H

#include "lib/Onnx/Model.h"
#include "llvm/ADT/StringMap.h"

namespace onnx {
class TensorProto;
} // namespace onnx

namespace qopt::onnxfile {

/// Turns tensors of a message that went through `removeWeights` into structs.
class TensorReader {
public:
  /// `path` is the model's file as the user named it, `bytes` its content.
  TensorReader(llvm::StringRef path, llvm::StringRef bytes)
      : path(path), bytes(bytes) {}

  /// Checks that the data is there and as long as type and dims say. The error
  /// names the tensor; `name` is used when it has none itself.
  llvm::Expected<Tensor> read(const ::onnx::TensorProto &proto,
                              llvm::StringRef name);

  /// The external data that was read so far, sorted.
  std::vector<std::string> getExternalFiles() const;

private:
  llvm::Error readInline(const ::onnx::TensorProto &proto, uint64_t size,
                         Tensor &tensor);
  llvm::Error readExternal(const ::onnx::TensorProto &proto, uint64_t size,
                           Tensor &tensor);
  llvm::Expected<uint64_t> getFileSize(const std::string &file);

  std::string path;
  llvm::StringRef bytes;
  llvm::StringMap<uint64_t> fileSizes;
};

} // namespace qopt::onnxfile

#endif // QOPT_LIB_ONNX_TENSORS_H

//===- HeaderWriter.h - Writes the header of a model ------------*- C++ -*-===//

#ifndef QOPT_LIB_ARTIFACT_HEADERWRITER_H
#define QOPT_LIB_ARTIFACT_HEADERWRITER_H

#include "lib/Artifact/CText.h"
#include "lib/Artifact/Table.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace qopt {

/// The text of one model.h while it is written.
class HeaderWriter {
public:
  explicit HeaderWriter(const ArtifactTable &table);

  std::string write();

private:
  /// A tensor of the signature, by its names in C.
  struct Names {
    std::string tensor; ///< of its data
    std::string count;  ///< of the number of elements there
    std::string macro;  ///< of its name in the ONNX file
  };

  const TensorInfo &info(bool isInput, size_t index) const {
    return (isInput ? table.inputs : table.outputs)[index];
  }
  const Names &names(bool isInput, size_t index) const {
    return (isInput ? inputs : outputs)[index];
  }
  bool isDecoder() const { return !table.caches.empty(); }
  std::string sizeText(const LinearSize &size) const;
  std::string shapeText(const TensorInfo &tensor) const;
  bool uses(const TensorInfo &tensor, size_t symbol) const;
  /// `<prefix>_input_<name>` for the kind "input".
  std::string function(llvm::StringRef kind, bool isInput, size_t index) const;

  void writeNumbers();
  void writeCount(bool isInput, size_t index);
  void writeTensor(bool isInput, size_t index);

  // HeaderEntries.cpp
  void writeSpecs(bool isInput);
  void writeLoad();
  void writeParameter(bool isInput, size_t index);
  /// A call of the function that writeTensor wrote; a decoder's past is empty.
  std::string tensorCall(bool isInput, size_t index,
                         llvm::StringRef arguments) const;
  void writeRun();
  /// The last dimension of the logits of a decoder that runs by
  /// qopt_session_prefill; 0: it does not.
  int64_t logitsPerToken() const;
  void writePrefillAndDecode();

  const ArtifactTable &table;
  std::string prefix, upper; ///< of functions, of macros
  std::vector<std::string> symbols;
  std::vector<Names> inputs, outputs;
  std::string text;
  llvm::raw_string_ostream os{text};
};

/// Sixteen-bit floats are their bits.
llvm::StringRef cElementType(int32_t dtype);

} // namespace qopt

#endif // QOPT_LIB_ARTIFACT_HEADERWRITER_H

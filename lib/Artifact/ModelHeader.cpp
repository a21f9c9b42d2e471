//===- ModelHeader.cpp - The generated header of a model ------------------===//

#include "lib/Artifact/ModelHeader.h"

#include "lib/Artifact/HeaderWriter.h"
#include "qopt/artifact.h"
#include "qopt/runtime.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace qopt {

StringRef cElementType(int32_t dtype) {
  switch (dtype) {
  case QOPT_FLOAT:
    return "float";
  case QOPT_DOUBLE:
    return "double";
  case QOPT_UINT8:
  case QOPT_BOOL:
    return "uint8_t";
  case QOPT_INT8:
    return "int8_t";
  case QOPT_UINT16:
  case QOPT_FLOAT16:
  case QOPT_BFLOAT16:
    return "uint16_t";
  case QOPT_INT16:
    return "int16_t";
  case QOPT_INT32:
    return "int32_t";
  case QOPT_INT64:
    return "int64_t";
  case QOPT_UINT32:
    return "uint32_t";
  case QOPT_UINT64:
    return "uint64_t";
  }
  return "void";
}

HeaderWriter::HeaderWriter(const ArtifactTable &table)
    : table(table), prefix(cIdentifier(table.modelName)),
      upper(StringRef(prefix).upper()) {
  // What the generated functions name.
  CScope scope({"session",
                "data",
                "count",
                "dims",
                "tensor",
                "inputs",
                "outputs",
                "num_outputs",
                "nothing",
                "memset",
                "size_t",
                "int8_t",
                "int16_t",
                "int32_t",
                "int64_t",
                "uint8_t",
                "uint16_t",
                "uint32_t",
                "uint64_t",
                "qopt_tensor",
                "qopt_count_elements",
                "qopt_dtype_bytes"});
  // Names that differ in case only are different tensors.
  CScope macros({});
  for (const std::string &symbol : table.symbols)
    symbols.push_back(scope.unique(symbol));
  for (bool isInput : {true, false})
    for (const TensorInfo &tensor : isInput ? table.inputs : table.outputs) {
      Names names;
      names.tensor = scope.unique(tensor.name);
      names.count = scope.unique(names.tensor + "_count");
      names.macro = macros.unique(
          StringRef(upper + (isInput ? "_INPUT_" : "_OUTPUT_") + names.tensor)
              .upper());
      (isInput ? inputs : outputs).push_back(names);
    }
}

std::string HeaderWriter::sizeText(const LinearSize &size) const {
  std::string sum;
  auto add = [&](int64_t factor, StringRef name) {
    if (factor == 0)
      return;
    sum += sum.empty() ? (factor < 0 ? "-" : "") : (factor < 0 ? " - " : " + ");
    uint64_t magnitude = factor < 0 ? 0 - uint64_t(factor) : uint64_t(factor);
    if (name.empty())
      sum += std::to_string(magnitude);
    else
      sum += (magnitude == 1 ? "" : std::to_string(magnitude) + " * ") +
             name.str();
  };
  for (size_t i = 0; i < size.coefficients.size(); ++i)
    add(size.coefficients[i], symbols[i]);
  add(size.constant, "");
  return sum.empty() ? "0" : sum;
}

/// "float32 [batch, 3]", as it may stand in a comment.
std::string HeaderWriter::shapeText(const TensorInfo &tensor) const {
  std::string sizes;
  for (const LinearSize &size : tensor.dims)
    sizes += (sizes.empty() ? "" : ", ") + sizeText(size);
  bool isBits = tensor.dtype == QOPT_FLOAT16 || tensor.dtype == QOPT_BFLOAT16;
  const char *name = tensor.dtype == QOPT_FLOAT16    ? "float16"
                     : tensor.dtype == QOPT_BFLOAT16 ? "bfloat16"
                     : tensor.dtype == QOPT_BOOL     ? "bool"
                                                     : nullptr;
  return (name ? name : cElementType(tensor.dtype).str()) +
         (isBits ? " bits" : "") + " [" + cComment(sizes) + "]";
}

bool HeaderWriter::uses(const TensorInfo &tensor, size_t symbol) const {
  return any_of(tensor.dims, [&](const LinearSize &size) {
    return symbol < size.coefficients.size() && size.coefficients[symbol] != 0;
  });
}

std::string HeaderWriter::function(StringRef kind, bool isInput,
                                   size_t index) const {
  return prefix + kind.str() + (isInput ? "_input_" : "_output_") +
         names(isInput, index).tensor;
}

void HeaderWriter::writeNumbers() {
  os << "#define " << upper << "_NUM_INPUTS " << inputs.size() << "\n#define "
     << upper << "_NUM_OUTPUTS " << outputs.size() << "\n";
  if (isDecoder())
    os << "#define " << upper << "_NUM_CACHES " << table.caches.size()
       << "\n#define " << upper << "_MAX_CONTEXT " << table.maxContext << "\n";
  if (table.vocabulary)
    os << "/** Token ids are below it. */\n#define " << upper << "_VOCABULARY "
       << table.vocabulary << "\n";
  if (int64_t logits = logitsPerToken())
    os << "/** Logits of one token. */\n#define " << upper << "_NUM_LOGITS "
       << logits << "\n";
  if (table.hasCandidates)
    os << "/** Of a row at most; see qopt_candidates. */\n#define " << upper
       << "_MAX_CANDIDATES QOPT_MAX_CANDIDATES\n";
  os << "\n/* Names in the ONNX file. */\n";
  for (bool isInput : {true, false})
    for (size_t i = 0; i < (isInput ? inputs : outputs).size(); ++i)
      os << "#define " << names(isInput, i).macro << " "
         << cString(info(isInput, i).name) << "\n";
  os << "\n";
}

void HeaderWriter::writeCount(bool isInput, size_t index) {
  const TensorInfo &tensor = info(isInput, index);
  os << "/** Elements of " << (isInput ? "input " : "output ")
     << cComment(tensor.name) << ": " << shapeText(tensor)
     << "; SIZE_MAX when there is no such shape. */\n"
     << "static inline size_t " << function("_count", isInput, index) << "(";
  const char *comma = "";
  for (size_t i = 0; i < symbols.size(); ++i)
    if (uses(tensor, i)) {
      os << comma << "int64_t " << symbols[i];
      comma = ", ";
    }
  os << (*comma ? "" : "void") << ") {\n";
  if (tensor.dims.empty()) {
    os << "  return 1;\n}\n\n";
    return;
  }
  os << "  const int64_t dims[] = {";
  for (size_t i = 0; i < tensor.dims.size(); ++i)
    os << (i ? ", " : "") << sizeText(tensor.dims[i]);
  os << "};\n  return qopt_count_elements(" << tensor.dims.size()
     << ", dims);\n}\n\n";
}

void HeaderWriter::writeTensor(bool isInput, size_t index) {
  const TensorInfo &tensor = info(isInput, index);
  os << "/** " << (isInput ? "Input " : "Output ") << cComment(tensor.name)
     << " for qopt_session_run, " << shapeText(tensor)
     << ": `count` elements at `data`."
     << (isInput ? "" : " Null: in the session's memory.") << " */\n"
     << "static inline qopt_tensor " << function("", isInput, index) << "("
     << (isInput ? "const " : "") << cElementType(tensor.dtype)
     << " *data, size_t count";
  for (size_t i = 0; i < symbols.size(); ++i)
    if (uses(tensor, i))
      os << ", int64_t " << symbols[i];
  os << ") {\n  qopt_tensor tensor;\n  memset(&tensor, 0, sizeof(tensor));\n"
     << "  tensor.name = " << names(isInput, index).macro
     << ";\n  tensor.dtype = " << tensor.dtype
     << ";\n  tensor.rank = " << tensor.dims.size() << ";\n";
  for (size_t i = 0; i < tensor.dims.size(); ++i)
    os << "  tensor.dims[" << i << "] = " << sizeText(tensor.dims[i]) << ";\n";
  os << "  tensor.data = (void *)data;\n"
     << "  tensor.bytes = count * qopt_dtype_bytes(" << tensor.dtype
     << ");\n  return tensor;\n}\n\n";
}

std::string HeaderWriter::write() {
  std::string guard = "QOPT_MODEL_" + upper + "_H";
  os << "/* Typed entry points of " << cComment(table.modelName)
     << ". Generated by qopt " << cComment(table.version) << ". */\n\n#ifndef "
     << guard << "\n#define " << guard
     << "\n\n#include <qopt/runtime.h>\n#include <string.h>\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  writeNumbers();
  for (bool isInput : {true, false})
    for (size_t i = 0; i < (isInput ? inputs : outputs).size(); ++i) {
      writeCount(isInput, i);
      writeTensor(isInput, i);
    }
  writeLoad();
  writeRun();
  writePrefillAndDecode();
  os << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
  os.flush();
  return text;
}

std::string modelHeader(const ArtifactTable &table) {
  return HeaderWriter(table).write();
}

} // namespace qopt

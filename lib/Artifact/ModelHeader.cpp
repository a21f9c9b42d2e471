//===- ModelHeader.cpp - The generated header of a model ------------------===//

#include "lib/Artifact/ModelHeader.h"

#include "lib/Artifact/CText.h"
#include "qopt/artifact.h"
#include "qopt/runtime.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace qopt {
namespace {

/// Sixteen-bit floats are their bits.
StringRef cType(int32_t dtype) {
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

class HeaderWriter {
public:
  explicit HeaderWriter(const ArtifactTable &table)
      : table(table), prefix(cIdentifier(table.modelName)),
        scope({"session", "data", "tensor", "inputs", "outputs", "nothing"}) {
    for (const std::string &symbol : table.symbols)
      symbols.push_back(scope.unique(symbol));
    for (const TensorInfo &input : table.inputs)
      inputs.push_back(scope.unique(input.name));
    for (const TensorInfo &output : table.outputs)
      outputs.push_back(scope.unique(output.name));
  }

  std::string write();

private:
  std::string sizeText(const LinearSize &size) const;
  bool uses(const TensorInfo &tensor, size_t symbol) const;
  std::string function(bool isInput, size_t index) const;
  void writeNumbers();
  void writeTensor(bool isInput, size_t index);
  /// A call of the function that writeTensor wrote.
  std::string tensorCall(bool isInput, size_t index, StringRef data,
                         bool isDecoder) const;
  void writeRun();

  const ArtifactTable &table;
  std::string prefix;
  CScope scope;
  std::vector<std::string> symbols, inputs, outputs; ///< as identifiers
  std::string text;
  raw_string_ostream os{text};
};

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

bool HeaderWriter::uses(const TensorInfo &tensor, size_t symbol) const {
  return any_of(tensor.dims, [&](const LinearSize &size) {
    return symbol < size.coefficients.size() && size.coefficients[symbol] != 0;
  });
}

std::string HeaderWriter::function(bool isInput, size_t index) const {
  return prefix +
         (isInput ? "_input_" + inputs[index] : "_output_" + outputs[index]);
}

void HeaderWriter::writeNumbers() {
  std::string upper = StringRef(prefix).upper();
  os << "#define " << upper << "_NUM_INPUTS " << inputs.size() << "\n#define "
     << upper << "_NUM_OUTPUTS " << outputs.size() << "\n";
  if (!table.caches.empty())
    os << "#define " << upper << "_NUM_CACHES " << table.caches.size()
       << "\n#define " << upper << "_MAX_CONTEXT " << table.maxContext << "\n";
  if (table.vocabulary)
    os << "#define " << upper << "_VOCABULARY " << table.vocabulary << "\n";
  os << "\n/* Names in the ONNX file. */\n";
  for (bool isInput : {true, false})
    for (size_t i = 0; i < (isInput ? inputs : outputs).size(); ++i)
      os << "#define " << StringRef(function(isInput, i)).upper() << " "
         << cString((isInput ? table.inputs : table.outputs)[i].name) << "\n";
  os << "\n";
}

void HeaderWriter::writeTensor(bool isInput, size_t index) {
  const TensorInfo &tensor = (isInput ? table.inputs : table.outputs)[index];
  std::string sizes;
  for (const LinearSize &size : tensor.dims)
    sizes += (sizes.empty() ? "" : ", ") + sizeText(size);
  os << "/** " << (isInput ? "Input " : "Output ") << cComment(tensor.name)
     << ": [" << cComment(sizes) << "]."
     << (isInput ? "" : " Null: in the session's memory.") << " */\n"
     << "static inline qopt_tensor " << function(isInput, index) << "("
     << (isInput ? "const " : "") << cType(tensor.dtype) << " *data";
  for (size_t i = 0; i < symbols.size(); ++i)
    if (uses(tensor, i))
      os << ", int64_t " << symbols[i];
  os << ") {\n  qopt_tensor tensor;\n  memset(&tensor, 0, sizeof(tensor));\n"
     << "  tensor.name = " << StringRef(function(isInput, index)).upper()
     << ";\n"
     << "  tensor.dtype = " << tensor.dtype
     << ";\n  tensor.rank = " << tensor.dims.size() << ";\n";
  for (size_t i = 0; i < tensor.dims.size(); ++i)
    os << "  tensor.dims[" << i << "] = " << sizeText(tensor.dims[i]) << ";\n";
  os << "  tensor.data = (void *)data;\n  tensor.bytes = qopt_dtype_bytes("
     << tensor.dtype << ")";
  for (size_t i = 0; i < tensor.dims.size(); ++i)
    os << " * (size_t)tensor.dims[" << i << "]";
  os << ";\n  return tensor;\n}\n\n";
}

std::string HeaderWriter::tensorCall(bool isInput, size_t index, StringRef data,
                                     bool isDecoder) const {
  const TensorInfo &tensor = (isInput ? table.inputs : table.outputs)[index];
  std::string call = function(isInput, index) + "(" + data.str();
  for (size_t i = 0; i < symbols.size(); ++i)
    if (uses(tensor, i))
      call +=
          ", " + (isDecoder && int32_t(i) == table.pastSymbol ? std::string("0")
                                                              : symbols[i]);
  return call + ")";
}

void HeaderWriter::writeRun() {
  bool isDecoder = !table.caches.empty();
  auto isPast = [](const TensorInfo &tensor) {
    return tensor.role == QOPT_ROLE_PAST_KEY ||
           tensor.role == QOPT_ROLE_PAST_VALUE;
  };
  auto isPresent = [](const TensorInfo &tensor) {
    return tensor.role == QOPT_ROLE_PRESENT_KEY ||
           tensor.role == QOPT_ROLE_PRESENT_VALUE;
  };
  std::vector<std::string> parameters = {"qopt_session *session"};
  for (size_t i = 0; i < symbols.size(); ++i)
    if (!isDecoder || int32_t(i) != table.pastSymbol)
      parameters.push_back("int64_t " + symbols[i]);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!isPast(table.inputs[i]))
      parameters.push_back("const " + cType(table.inputs[i].dtype).str() +
                           " *" + inputs[i]);
  size_t numOutputs = 0;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!isPresent(table.outputs[i])) {
      ++numOutputs;
      parameters.push_back(cType(table.outputs[i].dtype).str() + " *" +
                           outputs[i]);
    }

  os << "/** Runs the model" << (isDecoder ? " from an empty cache" : "")
     << "; see qopt_session_run. Outputs are the caller's memory."
     << (isDecoder ? " To go on: qopt_session_decode." : "") << " */\n"
     << "static inline qopt_status " << prefix << "_run("
     << join(parameters, ", ") << ") {\n";
  if (any_of(table.inputs, isPast))
    os << "  static const int64_t nothing = 0;\n";
  os << "  qopt_tensor inputs[" << std::max<size_t>(inputs.size(), 1)
     << "];\n  qopt_tensor outputs[" << std::max<size_t>(numOutputs, 1)
     << "];\n";
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::string data = inputs[i];
    if (isPast(table.inputs[i]))
      data = "(const " + cType(table.inputs[i].dtype).str() + " *)&nothing";
    os << "  inputs[" << i << "] = " << tensorCall(true, i, data, isDecoder)
       << ";\n";
  }
  size_t number = 0;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!isPresent(table.outputs[i]))
      os << "  outputs[" << number++
         << "] = " << tensorCall(false, i, outputs[i], isDecoder) << ";\n";
  // A symbol that no tensor of the call has.
  for (size_t i = 0; i < symbols.size(); ++i)
    if (!isDecoder || int32_t(i) != table.pastSymbol)
      os << "  (void)" << symbols[i] << ";\n";
  os << "  return qopt_session_run(session, inputs, " << inputs.size()
     << ", outputs, " << numOutputs << ");\n}\n\n";
}

std::string HeaderWriter::write() {
  std::string guard = "QOPT_MODEL_" + StringRef(prefix).upper() + "_H";
  os << "/* Typed entry points of " << cComment(table.modelName)
     << ". Generated by qopt " << cComment(table.version) << ". */\n\n#ifndef "
     << guard << "\n#define " << guard
     << "\n\n#include <qopt/runtime.h>\n#include <string.h>\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  writeNumbers();
  for (size_t i = 0; i < inputs.size(); ++i)
    writeTensor(true, i);
  for (size_t i = 0; i < outputs.size(); ++i)
    writeTensor(false, i);
  writeRun();
  os << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
  os.flush();
  return text;
}

} // namespace

std::string modelHeader(const ArtifactTable &table) {
  return HeaderWriter(table).write();
}

} // namespace qopt

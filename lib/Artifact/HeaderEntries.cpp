//===- HeaderEntries.cpp - Functions that load and run a model ------------===//

#include "lib/Artifact/HeaderWriter.h"
#include "qopt/artifact.h"
#include "qopt/runtime.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace qopt {
namespace {

bool isPast(const TensorInfo &tensor) {
  return tensor.role == QOPT_ROLE_PAST_KEY ||
         tensor.role == QOPT_ROLE_PAST_VALUE;
}

bool isPresent(const TensorInfo &tensor) {
  return tensor.role == QOPT_ROLE_PRESENT_KEY ||
         tensor.role == QOPT_ROLE_PRESENT_VALUE;
}

bool isConstant(const LinearSize &size) {
  return all_of(size.coefficients, [](int64_t factor) { return factor == 0; });
}

} // namespace

void HeaderWriter::writeSpecs(bool isInput) {
  const auto &tensors = isInput ? table.inputs : table.outputs;
  if (tensors.empty())
    return;
  os << "  static const qopt_tensor_spec " << (isInput ? "inputs" : "outputs")
     << "[] = {\n";
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorInfo &tensor = tensors[i];
    os << "      {" << names(isInput, i).macro << ", " << tensor.dtype << ", "
       << tensor.dims.size() << ", " << tensor.role << ", " << tensor.cache
       << ", {";
    for (const LinearSize &size : tensor.dims)
      os << (&size == &tensor.dims[0] ? "" : ", ")
         << (isConstant(size) ? size.constant : -1);
    os << (tensor.dims.empty() ? "0" : "") << "}, {0}},\n";
  }
  os << "  };\n";
}

void HeaderWriter::writeLoad() {
  auto array = [](size_t size, const char *name) {
    return (size ? name : "0") + (", " + std::to_string(size));
  };
  os << "/** Opens the artifact as qopt_model_load does; one whose signature "
        "is "
        "not that of\n * this header is refused with QOPT_ERROR_SIGNATURE. "
        "*/\n"
     << "static inline qopt_status " << prefix
     << "_load(const char *path, qopt_model **model) {\n";
  writeSpecs(true);
  writeSpecs(false);
  os << "  qopt_status status = qopt_model_load(path, model);\n"
     << "  if (status != QOPT_OK)\n    return status;\n"
     << "  status = qopt_model_check(*model, " << array(inputs.size(), "inputs")
     << ", " << array(outputs.size(), "outputs") << ");\n"
     << "  if (status == QOPT_OK)\n    return status;\n"
     << "  qopt_model_free(*model);\n  *model = 0;\n  return status;\n}\n\n";
}

void HeaderWriter::writeParameter(bool isInput, size_t index) {
  os << ", " << (isInput ? "const " : "")
     << cElementType(info(isInput, index).dtype) << " *"
     << names(isInput, index).tensor << ", size_t "
     << names(isInput, index).count;
}

std::string HeaderWriter::tensorCall(bool isInput, size_t index,
                                     StringRef arguments) const {
  std::string call = function("", isInput, index) + "(" + arguments.str();
  for (size_t i = 0; i < symbols.size(); ++i)
    if (uses(info(isInput, index), i)) {
      bool isEmpty = isDecoder() && int32_t(i) == table.pastSymbol;
      call += ", " + (isEmpty ? std::string("0") : symbols[i]);
    }
  return call + ")";
}

void HeaderWriter::writeRun() {
  auto isSymbolGiven = [&](size_t symbol) {
    return !isDecoder() || int32_t(symbol) != table.pastSymbol;
  };
  os << "/** Runs the model as its ONNX file describes it"
     << (isDecoder() ? ", from an empty cache" : "")
     << "; see qopt_session_run.\n * After each pointer stands the number of "
        "elements there, which must be what the\n * sizes say (outputs: at "
        "least that); else QOPT_ERROR_SIGNATURE. Outputs are\n * the caller's "
        "memory; one that is null is not wanted.\n";
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!isPast(table.inputs[i]))
      os << " *   " << inputs[i].tensor << ": " << shapeText(table.inputs[i])
         << "\n";
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!isPresent(table.outputs[i]))
      os << " *   " << outputs[i].tensor << ": " << shapeText(table.outputs[i])
         << "\n";
  os << " */\nstatic inline qopt_status " << prefix
     << "_run(qopt_session *session";
  for (size_t i = 0; i < symbols.size(); ++i)
    if (isSymbolGiven(i))
      os << ", int64_t " << symbols[i];
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!isPast(table.inputs[i]))
      writeParameter(true, i);
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!isPresent(table.outputs[i]))
      writeParameter(false, i);
  os << ") {\n";

  if (any_of(table.inputs, isPast))
    os << "  static const int64_t nothing = 0;\n";
  os << "  qopt_tensor inputs[" << std::max<size_t>(inputs.size(), 1)
     << "];\n  qopt_tensor outputs[" << std::max<size_t>(outputs.size(), 1)
     << "];\n  size_t num_outputs = 0;\n";
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::string arguments = inputs[i].tensor + ", " + inputs[i].count;
    if (isPast(table.inputs[i]))
      arguments = "(const " + cElementType(table.inputs[i].dtype).str() +
                  " *)&nothing, 0";
    os << "  inputs[" << i << "] = " << tensorCall(true, i, arguments) << ";\n";
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!isPresent(table.outputs[i]))
      os << "  if (" << outputs[i].tensor << ")\n    outputs[num_outputs++] = "
         << tensorCall(false, i, outputs[i].tensor + ", " + outputs[i].count)
         << ";\n";
  // A symbol that no tensor of the call has.
  for (size_t i = 0; i < symbols.size(); ++i)
    if (isSymbolGiven(i))
      os << "  (void)" << symbols[i] << ";\n";
  os << "  return qopt_session_run(session, inputs, " << inputs.size()
     << ", outputs, num_outputs);\n}\n\n";
}

int64_t HeaderWriter::logitsPerToken() const {
  bool hasOthers = any_of(table.inputs, [](const TensorInfo &input) {
    return input.role == QOPT_ROLE_PLAIN;
  });
  for (const TensorInfo &output : table.outputs)
    if (output.role == QOPT_ROLE_LOGITS && isDecoder() && !hasOthers &&
        output.dims.size() == 3 && isConstant(output.dims[2]))
      return output.dims[2].constant;
  return 0;
}

void HeaderWriter::writePrefillAndDecode() {
  int64_t logits = logitsPerToken();
  if (logits == 0)
    return;
  os << "/** Appends `length` tokens to each of `batch` rows of the session's "
        "cache; see\n * qopt_session_prefill. A number of elements that does "
        "not fit is refused with\n * QOPT_ERROR_SIGNATURE, as is a session of "
        "another model.\n"
        " *   tokens: int64_t [batch, length]\n"
        " *   mask: uint8_t [batch, length], 0 where a token is padding; null: "
        "none is\n"
        " *   logits: float, with QOPT_LOGITS_LAST [batch, "
     << logits << "], with QOPT_LOGITS_ALL\n *     [batch, length, " << logits
     << "], at least; null with QOPT_LOGITS_NONE\n */\n"
     << "static inline qopt_status " << prefix
     << "_prefill(qopt_session *session, int64_t batch, int64_t length, const "
        "int64_t *tokens, size_t tokens_count, const uint8_t *mask, size_t "
        "mask_count, qopt_logits which, float *logits, size_t logits_count) "
        "{\n"
        "  const qopt_prompt prompt = {tokens, batch, length, mask, 0};\n"
        "  const qopt_prompt_counts counts = {tokens_count, mask_count, "
        "logits_count};\n"
        "  qopt_status status = qopt_session_check_counts(session, "
     << upper
     << "_NUM_LOGITS, &prompt, which, &counts);\n"
        "  if (status != QOPT_OK)\n    return status;\n"
        "  return qopt_session_prefill(session, &prompt, which, logits);\n"
        "}\n\n";
  os << "/** Appends one token to each of `batch` rows; see "
        "qopt_session_decode. Refuses as\n * "
     << prefix
     << "_prefill does.\n"
        " *   tokens: int64_t [batch]\n"
        " *   logits: float [batch, "
     << logits << "], at least; null: not wanted\n */\n"
     << "static inline qopt_status " << prefix
     << "_decode(qopt_session *session, int64_t batch, const int64_t *tokens, "
        "size_t tokens_count, float *logits, size_t logits_count) {\n"
        "  return "
     << prefix
     << "_prefill(session, batch, 1, tokens, tokens_count, 0, 0, logits ? "
        "QOPT_LOGITS_ALL : QOPT_LOGITS_NONE, logits, logits_count);\n}\n\n";
}

} // namespace qopt
